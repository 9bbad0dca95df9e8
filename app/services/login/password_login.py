"""Proving who one is, and what an administrator or operator does to an account."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.directory import User
from app.policy.facts import Leg
from app.runtime import settings
from app.services.access import credential_rows
from app.services.access import directory
from app.services.access import facts
from app.services.access import gate
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.login import login_sessions
from app.services.login import stepup_tokens
from app.services.login.common_passwords import is_common
from app.services.login.login_sessions import PASSWORD
from app.services.login.login_sessions import Proof
from app.services.login.passwords import MOST_CHARACTERS
from app.services.login.passwords import passwords
from app.services.login.stepup_operations import SET_PASSWORD
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Unauthenticated
from app.services.tokens.token_text import Token
from app.services.unit_of_work import write

LEAST_PASSWORD_CHARACTERS = 12
SHORT_NAME = re.compile(r"[a-zA-Z0-9_\-.@]{1,100}", re.ASCII)


class LoginFailed(Unauthenticated):
    """One answer and one cost for every cause (security rule 41); the cause is in the audit row."""


def verify_password(
    domain_id: int,
    name: str,
    password: str,
    contact: Contact,
    *,
    proof: Proof | Callable[[User], Proof] | None = PASSWORD,
) -> User:
    """The user whose password this is. Raises ``LoginFailed``, ``Throttled``. Writes only a refusal.

    ``proof`` is the login this is a part of, or tells it of the user once the password is right; ``None``
    where somebody logged in already proves presence.
    """
    limit, account = settings().throttle_login_failures, f"{domain_id}/{name}"
    throttle().check("login", limit, account, contact.address)
    user = user_named(name, domain_id)
    right = passwords().verify(user.password_hash if user is not None else None, password)
    if callable(proof):
        # Not looked up before: a wrong password costs the same whatever the account has.
        proof = proof(user) if user is not None and right else PASSWORD
    why = "login_wrong_password" if user is not None and not right else why_not(user, proof)
    if why is None and user is not None:
        throttle().succeeded("login", limit, account, contact.address)
        return user
    throttle().failed("login", limit, account, contact.address)
    note_refusal(user, why or "", contact, proof or PASSWORD, "login" if proof is not None else "step-up")
    raise LoginFailed


def note_refusal(user: User | None, why: str, contact: Contact, proof: Proof, action: str = "login") -> None:
    """Write the true reason of a failed proof down, in a unit of its own; nobody is told."""
    who = (user.id, user.short_name) if user is not None else None
    write(
        lambda: trail.record(
            action,
            Actor(contact=contact),
            outcome="refused",
            user=who,
            reasons=[why],
            number=gate.new_number(),
            detail={"method": proof.method},
        )
    )


def log_in(
    user_id: int,
    password: str | None,
    contact: Contact,
    *,
    proof: Proof = PASSWORD,
    epoch: int,
    reopen: bytes | None = None,
    previous: bytes | None = None,
) -> Token:
    """Begin a login for a user just verified, or re-open ``reopen``; ends ``previous``, another user's.

    To be run inside a unit of work. ``epoch`` is the user's as it was read for the proof: what changed the
    password or ended everything since then voids the proof (``LoginFailed``).
    """
    user = directory.user_by_id(user_id)
    if epoch != (user.session_epoch or 0):
        raise LoginFailed
    token = login_sessions.reopen(reopen, user, proof, contact) if reopen is not None else None
    if token is None:
        token = login_sessions.begin(user, proof, contact)
    if previous is not None:
        endings.end(Event.ANOTHER_USER, previous, Actor(user.id, user.short_name, contact=contact))
    if password is not None:
        renew_hash(user, password)
    actor = Actor(user.id, user.short_name, token.session_id.hex(), contact)
    trail.record("login", actor, detail={"method": proof.method})
    return token


def renew_hash(user: User, password: str) -> None:
    """Hash a password just verified once more when the cost was raised since. Inside a unit of work."""
    if user.password_hash and passwords().outdated(user.password_hash):
        user.password_hash = passwords().hash(password)


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
    trail.record("user-add", actor, user=(user.id, name))
    return user


def set_password(user: User, password: str, actor: Actor) -> None:
    """Give a user a new password; ends everything open, as any password change does. Raises ``Invalid``."""
    store_password(user, new_hash(password, user), actor)


def new_hash(password: str, user: User) -> str:
    """The hash of a password that is good enough for this user; slow, so not under a lock.

    Raises ``Invalid``.
    """
    check_password(password, user)
    return passwords().hash(password)


def store_password(user: User, hashed: str, actor: Actor) -> None:
    """Store what ``new_hash`` made; everything open ends, step-up tokens too. Inside a unit of work."""
    user.password_hash = hashed
    user.force_password_change = False
    db.session.flush()
    endings.end(Event.PASSWORD_CHANGED, user, actor)
    trail.record("password-set", actor, user=(user.id, user.short_name))


def reset_password(user: User, actor: Actor) -> stepup_tokens.Issued:
    """Let the user choose a new password without the old one, once; until then nothing else goes on."""
    user.force_password_change = True
    db.session.flush()
    endings.end(Event.PASSWORD_RESET, user, actor)
    trail.record("password-reset", actor, user=(user.id, user.short_name))
    return stepup_tokens.issue(user, SET_PASSWORD, {}, actor, login_id=None)


def check_password(password: str, user: User) -> None:
    """Length, distance from the name and from what everybody tries; ``Invalid`` names ``newPassword``."""
    if not LEAST_PASSWORD_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        message = f"Choose a password of {LEAST_PASSWORD_CHARACTERS} to {MOST_CHARACTERS} characters."
        raise Invalid(FieldProblem("newPassword", message, "TOO_SHORT"))
    if user.short_name.lower() in password.lower() and len(user.short_name) > 3:
        raise Invalid(
            FieldProblem("newPassword", "Choose a password without your user name in it.", "TOO_SIMPLE")
        )
    if is_common(password):
        message = "This is a password that everybody tries first. Choose another."
        raise Invalid(FieldProblem("newPassword", message, "PWNED_PASSWORD"))


def user_named(name: str, domain_id: int) -> User | None:
    """A living user by short name alone, never by number: what a login form means by a name."""
    return db.session.execute(
        select(User).where(User.domain_id == domain_id, User.short_name == name, User.deleted_at.is_(None))
    ).scalar_one_or_none()


def why_not(user: User | None, proof: Proof | None) -> str | None:
    """Why this user may not log in so, for the audit row only; ``None`` when nothing is wrong."""
    if user is None:
        return "login_unknown_user"
    row = credential_rows.user_row(user.id)
    decision = gate.ask(facts.question(row, Leg.LIST)) if row is not None else None
    if not decision:
        return decision.denials[0].reason if decision is not None else "user_deleted"
    if user.daemon_account:
        return "login_daemon_account"
    disabled = proof is not None and proof.method in (user.disabled_methods or ())
    return "login_method_disabled" if disabled else None
