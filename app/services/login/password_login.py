"""Password logins, and changes of an account by an administrator or operator."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

from app import clock
from app.extensions import db
from app.models.directory import MOST_NAME_CHARACTERS
from app.models.directory import SUBJECT_NAME
from app.models.directory import User
from app.policy import names
from app.policy.facts import Leg
from app.services.access import credential_rows
from app.services.access import directory
from app.services.access import facts
from app.services.access import gate
from app.services.access.throttle import Guesser
from app.services.access.throttle import throttle
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.login import login_methods
from app.services.login import login_sessions
from app.services.login import stepup_tokens
from app.services.login.common_passwords import is_common
from app.services.login.hashing import Busy
from app.services.login.login_sessions import PASSWORD
from app.services.login.login_sessions import Proof
from app.services.login.passwords import MOST_CHARACTERS
from app.services.login.passwords import passwords
from app.services.login.stepup_operations import SET_PASSWORD
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Unauthenticated
from app.services.tokens import device_text
from app.services.tokens.token_text import Token
from app.services.unit_of_work import run_in_transaction

LEAST_PASSWORD_CHARACTERS = 12


class LoginFailed(Unauthenticated):
    """Every cause has the same answer and the same cost (security rule 41);
    the audit row records the cause.
    """


def verify_password(
    domain_id: int,
    name: str,
    password: str,
    contact: Contact,
    *,
    proof: Proof | Callable[[User], Proof] = PASSWORD,
    session: str | None = None,
) -> User:
    """Return the user with this password. Raises ``LoginFailed``, ``Throttled``. Writes only refusals.

    ``proof`` is the login this is a part of, or a function of the user that returns it: the password alone
    is not enough beside a second factor (decision 17). ``session`` names the login of a logged-in user who
    proves presence; then there is no such login.
    """
    guess = throttle().admit(
        "password" if session is None else "proof", identify_guesser(domain_id, name, contact, session)
    )
    user = find_user_by_name(name, domain_id)
    epoch = user.session_epoch if user is not None else None
    with guess.judging():
        right = passwords().verify(user.password_hash if user is not None else None, password)
    if callable(proof):
        # Not checked earlier: a wrong password must cost the same for every account.
        proof = proof(user) if user is not None and right else PASSWORD
    method = proof if session is None else None
    why = "login_wrong_password" if user is not None and not right else find_login_obstacle(user, method)
    if user is not None and why is None and method is PASSWORD and not login_methods.is_password_enough(user):
        why = "login_needs_factor"
    if why is None and user is not None:
        guess.succeed()
        # Noting that opened units of work, and the row is read anew after one: a password changed meanwhile
        # is not the one that was right.
        if user.session_epoch != epoch:
            raise LoginFailed
        return user
    note_refusal(user, why or "", contact, proof, "login" if session is None else "step-up")
    raise LoginFailed


def identify_guesser(domain_id: int, name: str, contact: Contact, session: str | None = None) -> Guesser:
    """Identify who tries to log in as this user, alike for every name; finds a known device of the user."""
    user = find_user_by_name(name, domain_id)
    device = (
        device_text.find_device(contact.device, user.id, user.session_epoch or 0)
        if user is not None
        else None
    )
    account = f"{domain_id}/{names.fold_name(name)}"
    return Guesser(account, contact.address, device.label if device is not None else None, session)


def note_refusal(
    user: User | None, why: str, contact: Contact, proof: Proof, action: str = "login"
) -> str | None:
    """Record the true reason of a failed proof in its own unit of work; the answer does not contain it.

    Returns the decision number of the row, in which the like of it is counted.
    """
    who = (user.id, user.short_name) if user is not None else None
    return run_in_transaction(
        lambda: trail.record(
            action,
            Actor(contact=contact),
            outcome="refused",
            user=who,
            reasons=[why],
            number=gate.make_decision_number(),
            detail={"method": proof.method},
            # Who is logged in, and proves presence, has rows of one's own.
            counted=action == "login",
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
    """Begin a login for a verified user, or re-open ``reopen``; ends ``previous``, the login of another user.

    Run it inside a unit of work. ``epoch`` is the user's epoch at the time of the proof: a later password
    change or end of all sessions voids the proof (``LoginFailed``).
    """
    user = directory.get_user(user_id)
    if epoch != (user.session_epoch or 0):
        raise LoginFailed
    token = login_sessions.reopen_login(reopen, user, proof, contact) if reopen is not None else None
    if token is None:
        token = login_sessions.begin_login(user, proof, contact)
    if previous is not None:
        endings.end(Event.ANOTHER_USER, previous, Actor(user.id, user.short_name, contact=contact))
    if password is not None:
        renew_hash(user, password)
    actor = Actor(user.id, user.short_name, token.session_id.hex(), contact)
    trail.record("login", actor, detail={"method": proof.method})
    return token


def renew_hash(user: User, password: str) -> None:
    """Hash a just verified password again if the hashing cost was raised since. Inside a unit of work."""
    if user.password_hash and passwords().is_outdated(user.password_hash):
        # A later login can do it: this one is not refused for it.
        with contextlib.suppress(Busy):
            user.password_hash = passwords().hash(password)


def create_user(
    name: str, full_name: str, customer_id: int, email: str | None, password: str, actor: Actor
) -> User:
    """Create a user with a password, for the operator. Raises ``Invalid``."""
    customer = directory.get_customer(customer_id)
    if len(name) > MOST_NAME_CHARACTERS or not re.fullmatch(SUBJECT_NAME, name):
        raise Invalid(FieldProblem("shortName", "Use letters, digits and _ - . @ only.", "INVALID_PATTERN"))
    if names.is_only_digits(name):
        raise Invalid(FieldProblem("shortName", names.ONLY_DIGITS, "INVALID_PATTERN"))
    if directory.find_subject_by_name(name, customer.domain_id) is not None:
        raise Invalid(FieldProblem("shortName", "This short name is taken. Choose another.", "TAKEN"))
    now = clock.now()
    user = User(
        domain_id=customer.domain_id,
        customer_id=customer.id,
        short_name=name,
        name=full_name,
        email=email,
        email_confirmed_at=now if email else None,
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
    """Set a new password; ends all sessions, like every password change. Raises ``Invalid``."""
    store_password(user, hash_password(password, user), actor)


def hash_password(password: str, user: User) -> str:
    """Check that the password is good enough and hash it; slow, so not under a lock.

    Raises ``Invalid``.
    """
    check_password(password, user)
    return passwords().hash(password)


def store_password(user: User, hashed: str, actor: Actor) -> None:
    """Store what ``hash_password`` made; all sessions and step-up tokens end. Inside a unit of work."""
    user.password_hash = hashed
    user.force_password_change = False
    db.session.flush()
    endings.end(Event.PASSWORD_CHANGED, user, actor)
    trail.record("password-set", actor, user=(user.id, user.short_name))


def reset_password(user: User, actor: Actor) -> stepup_tokens.IssuedToken:
    """Let the user choose a new password once without the old one;
    until then the account can do nothing else.
    """
    user.force_password_change = True
    db.session.flush()
    endings.end(Event.PASSWORD_RESET, user, actor)
    trail.record("password-reset", actor, user=(user.id, user.short_name))
    return stepup_tokens.issue_token(user, SET_PASSWORD, {}, actor, login_id=None)


def check_password(password: str, user: User) -> None:
    """Check length and similarity to the name and to common passwords; ``Invalid`` names ``newPassword``."""
    if not LEAST_PASSWORD_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        message = f"Choose a password of {LEAST_PASSWORD_CHARACTERS} to {MOST_CHARACTERS} characters."
        raise Invalid(FieldProblem("newPassword", message, "TOO_SHORT"))
    if names.is_blank(password):
        raise Invalid(FieldProblem("newPassword", names.ONLY_BLANKS, "TOO_SIMPLE"))
    if user.short_name.lower() in password.lower() and len(user.short_name) > 3:
        raise Invalid(
            FieldProblem("newPassword", "Choose a password without your user name in it.", "TOO_SIMPLE")
        )
    if is_common(password):
        message = "This password is too common. Choose another."
        raise Invalid(FieldProblem("newPassword", message, "PWNED_PASSWORD"))


def find_user_by_name(name: str, domain_id: int) -> User | None:
    """Find a live user by short name only, never by id: login forms accept only names."""
    found = directory.find_subject_by_name(name, domain_id)
    return found if isinstance(found, User) else None


def find_login_obstacle(user: User | None, proof: Proof | None) -> str | None:
    """Return why this user may not log in by this method, for the audit row;
    ``None`` if nothing prevents it.
    """
    if user is None:
        return "login_unknown_user"
    row = credential_rows.load_user_row(user.id)
    decision = gate.ask(facts.build_question(row, Leg.LIST)) if row is not None else None
    if not decision:
        return decision.denials[0].reason if decision is not None else "user_deleted"
    if user.daemon_account:
        return "login_daemon_account"
    disabled = proof is not None and proof.method in (user.disabled_methods or ())
    return "login_method_disabled" if disabled else None
