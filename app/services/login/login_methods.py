"""The login methods of a user: whether set up, and whether disabled by an administrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.extensions import db
from app.models.apikeys import APIKey
from app.models.directory import User
from app.models.totp import TOTPGenerator
from app.models.webauthn import WebAuthnCredential
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.login import login_sessions
from app.services.login import passkey_rows
from app.services.login.login_sessions import PASSWORD
from app.services.login.login_sessions import SIGNATURE
from app.services.login.login_sessions import TOTP
from app.services.login.login_sessions import Proof
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing

# The guard for enabling and disabling each method for another user.
METHOD_GUARDS = {
    PASSWORD.method: Guard.UPDATE_USER,
    TOTP.method: Guard.ADMINISTRATIVE_TOTP,
    SIGNATURE.method: Guard.ADMINISTRATIVE_SIGNATURE,
    "apikey": Guard.ADMINISTRATIVE_API_KEY,
}


@dataclass(frozen=True, slots=True)
class Method:
    """One login method: whether the user has set it up, and whether it may be used.

    The password alone may not be used beside a second factor, unless an administrator enabled it by name
    (design decision 17): ``needs_factor`` tells this from a method that an administrator disabled.
    """

    name: str
    initialized: bool
    enabled: bool = True
    needs_factor: bool = False
    last_used_at: datetime | None = None
    last_used_ip: str | None = None


def list_methods(user: User) -> list[Method]:
    """List every login method with its state for this user."""
    off = user.disabled_methods or ()
    by_password = user.last_login_method == PASSWORD.method
    generator = db.session.get(TOTPGenerator, user.id)
    signing = passkey_rows.list_passkeys(user.id)
    keys = list(
        db.session.execute(
            select(APIKey).where(APIKey.user_id == user.id, APIKey.revoked_at.is_(None))
        ).scalars()
    )
    codes = Method(
        TOTP.method,
        generator is not None and generator.active_sealed is not None,
        TOTP.method not in off,
        last_used_at=generator.last_used_at if generator is not None else None,
        last_used_ip=generator.last_used_ip if generator is not None else None,
    )
    passkeys = Method(
        SIGNATURE.method, bool(signing), SIGNATURE.method not in off, False, *_find_latest(signing)
    )
    needs_factor = not user.password_alone and any(
        one.initialized and one.enabled for one in (codes, passkeys)
    )
    password = Method(
        PASSWORD.method,
        user.password_hash is not None,
        PASSWORD.method not in off and not needs_factor,
        needs_factor and PASSWORD.method not in off,
        user.last_login_at if by_password else None,
        user.last_login_ip if by_password else None,
    )
    return [password, codes, passkeys, Method("apikey", bool(keys), True, False, *_find_latest(keys))]


def list_second_factors(user: User) -> tuple[Proof, ...]:
    """List the second factors of this user: set up, and not disabled by an administrator."""
    usable = {one.name for one in list_methods(user) if one.initialized and one.enabled}
    return tuple(proof for proof in (TOTP, SIGNATURE) if proof.method in usable)


def is_password_enough(user: User) -> bool:
    """Tell whether the password alone lets this user in, if the method is not disabled."""
    return bool(user.password_alone) or not list_second_factors(user)


def get_method_guard(name: str) -> Guard:
    """Return the guard of a login method. Raises ``Missing``."""
    if name not in METHOD_GUARDS:
        raise Missing("method")
    return METHOD_GUARDS[name]


def enable_method(user: User, name: str, actor: Actor) -> None:
    """Allow the user to log in by this method again; the password, also without the second factor."""
    off = user.disabled_methods or []
    alone = name == PASSWORD.method and not is_password_enough(user)
    if name in off or alone:
        user.disabled_methods = [one for one in off if one != name]
        user.password_alone = alone or user.password_alone
        db.session.flush()
        endings.end(Event.METHOD_ENABLED, user, actor)
        trail.record("method-enable", actor, user=(user.id, user.short_name), detail={"method": name})


def disable_method(user: User, name: str, actor: Actor) -> None:
    """Disable logins by this method and end those that used it. The user's setup is kept.
    Raises ``Invalid``.
    """
    if name == "apikey":
        raise Invalid(FieldProblem("method", "Revoke the user's keys instead.", "NOT_ALLOWED"))
    off = user.disabled_methods or []
    if name not in off:
        user.disabled_methods = [*off, name]
        user.password_alone = user.password_alone and name != PASSWORD.method
        db.session.flush()
        for login in login_sessions.list_live_logins(user):
            if login.method == name:
                endings.end(Event.METHOD_DISABLED, login.id, actor)
        trail.record("method-disable", actor, user=(user.id, user.short_name), detail={"method": name})


def has_second_factor(user_id: int) -> bool:
    """Tell whether the user has set up one-time codes or a passkey."""
    generator = db.session.get(TOTPGenerator, user_id)
    return bool(generator is not None and generator.active_sealed) or bool(
        passkey_rows.list_passkeys(user_id)
    )


def _find_latest(rows: Sequence[WebAuthnCredential] | Sequence[APIKey]) -> tuple[datetime | None, str | None]:
    used = [(row.last_used_at, row.last_used_ip) for row in rows if row.last_used_at is not None]
    return max(used, key=lambda one: one[0]) if used else (None, None)
