"""Proving who one is, and what an administrator or operator does to an account."""

from __future__ import annotations

import re

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.directory import User
from app.policy.facts import Leg
from app.runtime import settings
from app.services import audit
from app.services import directory
from app.services import facts
from app.services import gate
from app.services import logins
from app.services.audit import Actor
from app.services.contact import Contact
from app.services.logins import PASSWORD
from app.services.passwords import MOST_CHARACTERS
from app.services.passwords import passwords
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Problem
from app.services.throttle import throttle
from app.services.tokens import Token
from app.services.unit import write

LEAST_PASSWORD_CHARACTERS = 12
SHORT_NAME = re.compile(r"[a-zA-Z0-9_\-.@]{1,100}", re.ASCII)


class LoginFailed(Problem):
    """One answer and one cost for every cause (security rule 41); the cause is in the audit row."""


def verify_password(domain_id: int, name: str, password: str, contact: Contact) -> User:
    """The user whose password this is. Raises ``LoginFailed``, ``Throttled``. Writes only a refusal."""
    limit, account = settings().throttle_login_failures, f"{domain_id}/{name}"
    throttle().check("login", limit, account, contact.address)
    user = user_named(name, domain_id)
    right = passwords().verify(user.password_hash if user is not None else None, password)
    why = _why_not(user, right=right)
    if why is None and user is not None:
        throttle().succeeded("login", limit, account, contact.address)
        return user
    throttle().failed("login", limit, account, contact.address)
    who = (user.id, user.short_name) if user is not None else None
    write(
        lambda: audit.record(
            "login",
            Actor(contact=contact),
            outcome="refused",
            user=who,
            reasons=[why or ""],
            number=gate.new_number(),
        )
    )
    raise LoginFailed


def log_in(
    user_id: int,
    password: str,
    contact: Contact,
    *,
    reopen: bytes | None = None,
    previous: bytes | None = None,
) -> Token:
    """Begin a login for a user just verified, or re-open ``reopen``; ends ``previous``, another user's.

    To be run inside a unit of work. Nothing of the proof is trusted across a change in between: the epoch
    stored is the one of the row read here, and the password is still the verified one.
    """
    user = directory.user_by_id(user_id)
    token = logins.reopen(reopen, user, PASSWORD, contact) if reopen is not None else None
    if token is None:
        token = logins.begin(user, PASSWORD, contact)
    if previous is not None:
        logins.end(previous, "another user logged in", Actor(user.id, user.short_name, contact=contact))
    if user.password_hash and passwords().outdated(user.password_hash):
        user.password_hash = passwords().hash(password)
    audit.record("login", Actor(user.id, user.short_name, token.session_id.hex(), contact))
    return token


def create(
    name: str, full_name: str, customer_id: int, email: str | None, password: str, actor: Actor
) -> User:
    """A new user with a password, made by the operator. Raises ``Invalid``."""
    customer = directory.customer_by_id(customer_id)
    if not SHORT_NAME.fullmatch(name):
        raise Invalid(FieldProblem("shortName", "Use letters, digits and _ - . @ only.", "INVALID_PATTERN"))
    if directory.find_subject(name, customer.domain_id) is not None:
        raise Invalid(FieldProblem("shortName", "This short name is taken. Choose another.", "TAKEN"))
    now = clock.now()
    user = User(
        domain_id=customer.domain_id,
        customer_id=customer.id,
        short_name=name,
        name=full_name,
        email=email,
        password_hash=passwords().hash(password),
        created_at=now,
        created_by_id=actor.id,
        updated_at=now,
    )
    db.session.add(user)
    db.session.flush()
    audit.record("user-add", actor, user=(user.id, name))
    return user


def set_password(user: User, password: str, actor: Actor) -> None:
    """Give a user a new password; ends everything open, as any password change does. Raises ``Invalid``."""
    check_password(password, user)
    user.password_hash = passwords().hash(password)
    user.force_password_change = False
    db.session.flush()
    logins.end_all(user, "password changed", actor)
    audit.record("password-set", actor, user=(user.id, user.short_name))


def check_password(password: str, user: User) -> None:
    """Length and distance from the name; raises ``Invalid`` naming ``newPassword``."""
    if not LEAST_PASSWORD_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        message = f"Choose a password of {LEAST_PASSWORD_CHARACTERS} to {MOST_CHARACTERS} characters."
        raise Invalid(FieldProblem("newPassword", message, "TOO_SHORT"))
    if user.short_name.lower() in password.lower() and len(user.short_name) > 3:
        raise Invalid(
            FieldProblem("newPassword", "Choose a password without your user name in it.", "TOO_SIMPLE")
        )


def block(user: User, actor: Actor) -> None:
    """Refuse everything of this user from the next request on; ends all logins for good."""
    if user.blocked_at is None:
        user.blocked_at = clock.now()
        db.session.flush()
        logins.end_all(user, "blocked", actor)
        audit.record("user-block", actor, user=(user.id, user.short_name))


def unblock(user: User, actor: Actor) -> None:
    """Let the user log in again; nothing that was ended comes back."""
    if user.blocked_at is not None:
        user.blocked_at = None
        db.session.flush()
        audit.record("user-unblock", actor, user=(user.id, user.short_name))


def user_named(name: str, domain_id: int) -> User | None:
    """A living user by short name alone, never by number: what a login form means by a name."""
    return db.session.execute(
        select(User).where(User.domain_id == domain_id, User.short_name == name, User.deleted_at.is_(None))
    ).scalar_one_or_none()


def _why_not(user: User | None, *, right: bool) -> str | None:
    """The true reason of a failed login, for the audit row only; ``None`` when nothing is wrong."""
    if user is None:
        return "login_unknown_user"
    if not right:
        return "login_wrong_password"
    row = facts.user_row(user.id)
    decision = gate.ask(facts.question(row, Leg.LIST)) if row is not None else None
    if not decision:
        return decision.denials[0].reason if decision is not None else "user_deleted"
    return "login_daemon_account" if user.daemon_account else None
