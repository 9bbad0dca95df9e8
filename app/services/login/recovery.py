"""Links by mail, requested by the user or sent by an administrator: to a new password, or to a known device.

Neither the answer nor its time reveals anything: finding the user, checking, making the link and sending it
all happen after the answer, in the background. A link is a token (``stepup_tokens``): valid once, for a short
time, only to choose a new password, or to be no stranger in this browser. Neither is a login: password and
second factor are still required.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.directory import User
from app.policy import names
from app.policy.mailboxes import is_mailbox
from app.runtime import settings
from app.services.access import directory
from app.services.access import gate
from app.services.access.throttle import Guesser
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.background import background
from app.services.contact import Contact
from app.services.login import addresses
from app.services.login import password_login
from app.services.login import stepup_tokens
from app.services.login.login_sessions import PASSWORD
from app.services.login.stepup_operations import KNOW_DEVICE
from app.services.login.stepup_operations import SET_PASSWORD
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_operations import Operation
from app.services.login.stepup_tokens import NotProven
from app.services.mail import notices
from app.services.mail.notices import Kind
from app.services.mail.notices import Notice
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.tokens import device_text
from app.services.unit_of_work import run_in_transaction

# The number of users with the same mail address who each get a mail.
MOST_USERS = 5
# Links for one user within the lifetime of a link: after that, a valid one is already in the mailbox.
MOST_LINKS = 5


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for, the letter that carries it, and its page: the token follows."""

    operation: Operation
    action: str
    kind: Kind
    page: str


NEW_PASSWORD = Link(SET_PASSWORD, "recovery", Kind.RECOVERY, "/recover/")
KNOWN_DEVICE = Link(KNOW_DEVICE, "device-link", Kind.DEVICE_LINK, "/login/link/")


def request_link(domain_id: int, named: str, contact: Contact, link: Link = NEW_PASSWORD) -> None:
    """Send a link to the user with this name or mail address; the answer does not tell whether one exists.

    Raises ``Throttled``, ``Unavailable``, alike for every name.
    """
    named = named.strip()
    # Every request counts, and is never given back: here nobody can tell them apart.
    device = next((one.label for one in device_text.read_devices(contact.device)), None)
    account = f"{link.action}/{domain_id}/{names.fold_name(named)}"
    throttle().admit("mail", Guesser(account, contact.address, device))
    background().run_later("recovery", lambda: _send_links(domain_id, named, contact, link))


def send_link(user: User, actor: Actor) -> None:
    """Send a link to set the first password, or a new one that the user must now choose.

    It is valid for a day, and sent when the current unit of work is committed. The caller checks who may do
    this: whoever may reset the password answers for the address. Raises ``Invalid`` if the user has none.
    """
    if not notices.is_reachable(user):
        raise Invalid(FieldProblem("email", "This user has no address that a mail can go to.", "MISSING"))
    kind = Kind.NEW_PASSWORD if user.password_hash is not None else Kind.FIRST_PASSWORD
    issued = password_login.reset_password(user, actor)
    url = _build_page_url(NEW_PASSWORD, issued)
    notices.send_when_committed(notices.address_notice(user, kind, url, stepup_tokens.RESET_LIFETIME))


def know_device(token: str, contact: Contact) -> User:
    """Use up a link to a known device; the caller then marks the browser. Raises ``NotProven``."""
    user = stepup_tokens.find_reset_user(token, KNOW_DEVICE)
    actor = Actor(user.id, user.short_name, contact=contact) if user is not None else Actor(contact=contact)

    def work() -> None:
        if user is None:
            raise NotProven("step_up_unknown")
        why = password_login.find_login_obstacle(directory.get_user(user.id), None)
        if why is not None:
            raise NotProven(why)
        stepup_tokens.consume_token(Evidence(KNOW_DEVICE, authorization=token), user.id, None)
        trail.record("device-known", actor)

    try:
        run_in_transaction(work)
    except NotProven as problem:
        stepup_tokens.record_refusal(actor, KNOW_DEVICE, problem)
        raise
    return directory.get_user(actor.id or 0)


def find_link_owner(token: str, link: Link = NEW_PASSWORD) -> User | None:
    """Find the user of a link while it is valid; this does not use it up."""
    user = stepup_tokens.find_reset_user(token, link.operation)
    if user is None or password_login.find_login_obstacle(user, None) is not None:
        return None
    try:
        stepup_tokens.require_valid(token, link.operation)
    except NotProven:
        return None
    return user


def _send_links(domain_id: int, named: str, contact: Contact, link: Link) -> None:
    meant = _find_meant_users(domain_id, named)
    if not meant:
        run_in_transaction(lambda: _record_refusal(None, "login_unknown_user", contact, link))
    for user_id in meant:
        letter = run_in_transaction(lambda one=user_id: _make_link(one, contact, link))  # type: ignore[misc]
        if letter is not None:
            notices.send_notice(letter)


def _find_meant_users(domain_id: int, named: str) -> list[int]:
    """Find the live users with this short name or mail address, up to a small limit."""
    if not named.isprintable():
        return []
    user = password_login.find_user_by_name(named, domain_id)
    found = {user.id: None} if user is not None else {}
    if is_mailbox(named):
        of_address = select(User.id).where(
            User.domain_id == domain_id, User.deleted_at.is_(None), func.lower(User.email) == named.lower()
        )
        found |= dict.fromkeys(db.session.execute(of_address.order_by(User.id).limit(MOST_USERS)).scalars())
    return list(found)


def _make_link(user_id: int, contact: Contact, link: Link) -> Notice | None:
    """Make a link for a user who may have one;
    else return ``None`` and record the reason in the audit log.
    """
    # Of two simultaneous requests only one link remains valid.
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    user = directory.get_user(user_id)
    why = _find_obstacle(user, link)
    if why is not None:
        _record_refusal(user, why, contact, link)
        return None
    actor, lifetime = Actor(contact=contact), timedelta(seconds=settings().recovery_seconds)
    issued = stepup_tokens.issue_mailed(user, link.operation, actor, lifetime)
    trail.record(link.action, actor, user=(user.id, user.short_name), counted=True)
    return notices.address_notice(user, link.kind, _build_page_url(link, issued), lifetime)


def _find_obstacle(user: User, link: Link) -> str | None:
    """Return why this user gets no link, for the audit row only."""
    why = password_login.find_login_obstacle(user, PASSWORD)
    if why is not None:
        return why
    if not notices.is_reachable(user):
        return "recovery_no_address"
    if not addresses.counts(user):
        return "recovery_unconfirmed"
    lately = clock.now() - timedelta(seconds=settings().recovery_seconds)
    many = stepup_tokens.count_mailed_since(user, link.operation, lately) >= MOST_LINKS
    return "recovery_too_often" if many else None


def _record_refusal(user: User | None, why: str, contact: Contact, link: Link) -> None:
    who = (user.id, user.short_name) if user is not None else None
    trail.record(
        link.action,
        Actor(contact=contact),
        outcome="refused",
        user=who,
        reasons=[why],
        number=gate.make_decision_number(),
        counted=True,
    )


def _build_page_url(link: Link, issued: stepup_tokens.IssuedToken) -> str:
    return settings().base_url + link.page + issued.text
