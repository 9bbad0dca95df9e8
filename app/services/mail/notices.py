"""Notices by mail: chosen here, worded by the web layer, which provides the words."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from typing import cast

import structlog

from app.extensions import db
from app.models.directory import User
from app.policy.mailboxes import is_mailbox
from app.runtime import get_provided
from app.services import unit_of_work
from app.services.background import background
from app.services.mail import mailer
from app.services.mail.mailer import Mail
from app.services.mail.mailer import MailNotSent
from app.services.problems import Unavailable

# The name under which the words are provided (``runtime.provide``).
WORDS = "words_of_letters"
log = structlog.get_logger("argus.mail")


class Kind(StrEnum):
    """The subject of a letter."""

    RECOVERY = "recovery"
    ADDRESS = "address"
    FIRST_PASSWORD = "first_password"  # noqa: S105 - a name
    NEW_PASSWORD = "new_password"  # noqa: S105 - a name
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    KEY_MADE = "key_made"
    ADDRESS_CHANGED = "address_changed"
    CODES_GUESSED = "codes_guessed"
    DEVICE_LINK = "device_link"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one user. ``link``, if present, is as powerful as a password for ``lifetime``;
    that to an address which is to be confirmed also needs its user's login.
    """

    kind: Kind
    to: str
    user_name: str
    language: str | None
    link: str | None = field(default=None, repr=False)
    lifetime: timedelta | None = None


# For each audit action that changes an account or threatens it: the notice to its owner.
NOTICES: Mapping[str, Kind] = {
    "apikey-add": Kind.KEY_MADE,
    "codes-guessed": Kind.CODES_GUESSED,
    "password-set": Kind.PASSWORD_CHANGED,
    "totp-enrol": Kind.FACTOR_ADDED,
    "totp-remove": Kind.FACTOR_REMOVED,
    "webauthn-enrol": Kind.FACTOR_ADDED,
    "webauthn-revoke": Kind.FACTOR_REMOVED,
}


def is_reachable(user: User) -> bool:
    """Tell whether the user has a mail address."""
    return is_mailbox(user.email or "")


def address_notice(
    user: User, kind: Kind, link: str | None = None, lifetime: timedelta | None = None
) -> Notice:
    """Build a letter to a user who has a mail address."""
    return Notice(kind, user.email or "", user.short_name, user.language, link, lifetime)


def send_notice(letter: Notice) -> None:
    """Word a letter and send it now; a failure is logged. For background work."""
    words = cast("Callable[[Notice], Mail]", get_provided(WORDS))
    try:
        mailer.send_mail(words(letter))
    except MailNotSent as problem:
        _log_lost(letter, str(problem))


def send_when_committed(letter: Notice) -> None:
    """Send a letter in the background, after the current unit of work is committed."""
    unit_of_work.run_after_commit(lambda: _send_later(letter))


def notify_owner(action: str, user_id: int | None) -> None:
    """Notify the owner of an account of a change, after the current unit is committed.

    ``action`` is the name of an audit row; most of them cause no mail.
    """
    kind = NOTICES.get(action)
    user = db.session.get(User, user_id) if kind is not None and user_id is not None else None
    if kind is not None and user is not None and is_reachable(user):
        send_when_committed(address_notice(user, kind))


def _send_later(letter: Notice) -> None:
    try:
        background().run_later("mail", lambda: send_notice(letter))
    except Unavailable:
        _log_lost(letter, "too much is waiting")


def _log_lost(letter: Notice, problem: str) -> None:
    log.error("mail", kind=str(letter.kind), user=letter.user_name, problem=problem)
