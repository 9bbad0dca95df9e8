"""E-mail addresses that count (design decision 23): links to a new password go only to an address that its
owner confirmed while logged in, or that somebody set who may reset that user's password.
"""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from app import clock
from app.models.directory import User
from app.policy.ways_in import ACCOUNT
from app.runtime import settings
from app.services.access import directory
from app.services.access import reloading
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.access.throttle import Guesser
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.guards import Guard
from app.services.mail import notices
from app.services.mail.notices import Kind
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction

# The page of the link; the text of the link follows.
PAGE = "/account/address/"
LIFETIME = timedelta(hours=1)
NOT_VALID = "This link is not valid, or no longer valid. Send another one."


def counts(user: User) -> bool:
    """Tell whether links to a new password may go to the user's address."""
    return user.email_confirmed_at is not None and notices.is_reachable(user)


def find_confirmed_at(email: str | None, user_id: int | None, at: int, caller: Caller) -> datetime | None:
    """Return since when an address counts that the caller sets now: at once for another user whose password
    the caller may reset at the customer ``at``; ``None`` if its owner has to confirm it.
    """
    if not email or user_id == caller.user_id:
        return None
    return clock.now() if caller.allows(RequiredRight(Guard.RESET_USER_PASSWORD, at)) else None


def send_letter(caller: Caller) -> None:
    """Send the caller a link to confirm the own address. Opens its own units of work.

    Raises ``Denied``, ``NotPersonal``, ``Invalid`` without an address, ``Throttled``.
    """
    if not notices.is_reachable(_get_owner(caller)):
        raise Invalid(FieldProblem("email", "You have no address that a mail can go to.", "MISSING"))
    throttle().admit("mail", Guesser(f"address/{caller.user_id}", caller.contact.address))

    def work() -> None:
        user = _get_owner(reloading.reload_caller(caller))
        ends = int((clock.now() + LIFETIME).timestamp())
        text = str(_create_serializer().dumps([user.id, user.email, ends]))
        link = settings().base_url + PAGE + text
        notices.send_when_committed(notices.address_notice(user, Kind.ADDRESS, link, LIFETIME))

    run_in_transaction(work)


def read_link(caller: Caller, text: str) -> User:
    """Return the caller, if this is a valid link to the caller's present address. Raises ``Invalid``."""
    user = _get_owner(caller)
    try:
        user_id, email, ends = _create_serializer().loads(text)
    except BadSignature:
        raise Invalid(FieldProblem("email", NOT_VALID, "NOT_VALID")) from None
    if (user_id, email) != (user.id, user.email) or ends <= clock.now().timestamp():
        raise Invalid(FieldProblem("email", NOT_VALID, "NOT_VALID"))
    return user


def confirm(caller: Caller, text: str) -> None:
    """Record that the caller confirmed the own address by this link. Inside a unit of work.
    Raises as ``read_link``.
    """
    user = read_link(caller, text)
    user.email_confirmed_at = clock.now()
    trail.record("address-confirm", caller.actor)


def _get_owner(caller: Caller) -> User:
    user = directory.get_user(caller.user_id)
    ways_in.require(caller, ACCOUNT, user)
    return user


def _create_serializer() -> URLSafeTimedSerializer:
    return keyring().build_serializer("address", "confirm")
