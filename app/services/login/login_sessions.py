"""Login sessions: begun by a proof of identity, used, re-opened. ``endings`` ends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import Any

from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.directory import User
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.policy.effective import compute_session_level
from app.policy.facts import SecurityLevel
from app.runtime import settings
from app.services.access.person_facts import IMPERSONATOR_EPOCH
from app.services.audit import trail
from app.services.contact import Contact
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import Token
from app.services.tokens.token_text import make_id
from app.services.tokens.token_text import mint_token
from app.services.unit_of_work import run_in_transaction

if TYPE_CHECKING:
    from app.services.access.callers import Caller


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of a proof of identity: the method, and how strong it is (design decision 17)."""

    method: str
    level: SecurityLevel


PASSWORD = Proof("password", SecurityLevel.STANDARD)
TOTP = Proof("totp", SecurityLevel.ADMINISTRATIVE)
SIGNATURE = Proof("signature", SecurityLevel.ADMINISTRATIVE)


def begin_login(user: User, proof: Proof, contact: Contact) -> Token:
    """Begin a login session; returns its token, which is not stored."""
    now = clock.now()
    login_id = make_id()
    token = mint_token(Kind.LOGIN, user.short_name, login_id)
    db.session.add(
        LoginSession(
            id=login_id,
            user_id=user.id,
            token_digest=token.digest,
            user_name=user.short_name,
            method=proof.method,
            security_level=int(proof.level),
            session_epoch=user.session_epoch or 0,
            client_ip=contact.address,
            user_agent=contact.user_agent[:200],
            created_at=now,
            authenticated_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(seconds=settings().login_seconds),
        )
    )
    _remember(user, proof, contact)
    return token


def constrain_login(caller: Caller, constraints: dict[str, Any]) -> Token:
    """Begin a login with fewer rights than its source credential;
    it ends with that credential (security rule 46).
    """
    user = db.session.get_one(User, caller.user_id)
    method = "apikey" if caller.kind == "key" else caller.login.method
    token = _begin_child(
        caller, user, constraints, method=method, level=compute_session_level(caller.question)
    )
    detail = {"session": token.session_id.hex(), **constraints}
    trail.record("session-constrain", caller.actor, detail=detail)
    return token


def impersonate_user(caller: Caller, user: User, constraints: dict[str, Any], level: int) -> Token:
    """Begin a login that acts as another user, with the rights both hold;
    it ends with the login it came from.
    """
    level = min(level, compute_session_level(caller.question))
    kept = {**constraints, IMPERSONATOR_EPOCH: caller.user_epoch}
    token = _begin_child(caller, user, kept, method="impersonated", level=level, impersonator=caller.user_id)
    detail = {"session": token.session_id.hex(), **constraints}
    trail.record("impersonation-begin", caller.actor, user=(user.id, user.short_name), detail=detail)
    return token


def _begin_child(
    caller: Caller,
    user: User,
    constraints: dict[str, Any],
    *,
    method: str,
    level: int,
    impersonator: int | None = None,
) -> Token:
    """Begin a login from a login or a key; it never lasts longer than its source."""
    now = clock.now()
    by_key = caller.kind == "key"
    latest = now + timedelta(seconds=settings().login_seconds)
    until = caller.key.expires_at if by_key else caller.login.expires_at
    login_id = make_id()
    token = mint_token(Kind.LOGIN, user.short_name, login_id)
    db.session.add(
        LoginSession(
            id=login_id,
            user_id=user.id,
            parent_id=None if by_key else caller.login_id,
            api_key_id=caller.key.id if by_key else None,
            impersonator_id=impersonator,
            token_digest=token.digest,
            user_name=user.short_name,
            method=method,
            security_level=level,
            session_epoch=user.session_epoch or 0,
            constraints=constraints,
            client_ip=caller.contact.address,
            user_agent=caller.contact.user_agent[:200],
            created_at=now,
            authenticated_at=now if by_key else caller.login.authenticated_at,
            last_seen_at=now,
            expires_at=min(latest, until) if until is not None else latest,
        )
    )
    return token


def reopen_login(login_id: bytes, user: User, proof: Proof, contact: Contact) -> Token | None:
    """Re-open a login for the same user in the same browser: the same row with a new token.

    Returns ``None`` if the row has ended, has reached its absolute end or belongs to another user: nothing
    that ended comes back. Its absolute end stays.
    """
    now = clock.now()
    token = mint_token(Kind.LOGIN, user.short_name, login_id)
    changed = db.session.execute(
        update(LoginSession)
        .where(
            LoginSession.id == login_id,
            LoginSession.user_id == user.id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
            LoginSession.session_epoch == (user.session_epoch or 0),
            LoginSession.parent_id.is_(None),
        )
        .values(
            token_digest=token.digest,
            method=proof.method,
            security_level=int(proof.level),
            authenticated_at=now,
            last_seen_at=now,
            client_ip=contact.address,
            user_agent=contact.user_agent[:200],
        )
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        return None
    _remember(user, proof, contact)
    return token


def note_seen(login_id: bytes, last_seen_at: datetime) -> None:
    """Update the idle time if possible, in its own unit of work, at most once per interval (design §7).

    Conditional on the value that was read, so that nothing that ended or went idle since then comes back.
    """
    pause = timedelta(seconds=min(60, settings().login_idle_seconds // 4))
    now = clock.now()
    if now - last_seen_at < pause:
        return
    run_in_transaction(
        lambda: db.session.execute(
            update(LoginSession)
            .where(
                LoginSession.id == login_id,
                LoginSession.ended_at.is_(None),
                LoginSession.last_seen_at == last_seen_at,
            )
            .values(last_seen_at=now)
        )
    )


def list_live_logins(user: User) -> list[LoginSession]:
    """List the user's live logins, newest first."""
    statement = (
        select(LoginSession)
        .where(
            LoginSession.user_id == user.id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > clock.now(),
            LoginSession.session_epoch == (user.session_epoch or 0),
        )
        .order_by(LoginSession.created_at.desc())
    )
    return list(db.session.execute(statement).scalars())


def has_served(login_id: bytes, client_id: str) -> bool:
    """Tell whether this login was ever used for this application."""
    found = select(OAuthSession.id).where(
        OAuthSession.login_session_id == login_id, OAuthSession.client_id == client_id
    )
    return db.session.execute(select(found.exists())).scalar_one()


def _remember(user: User, proof: Proof, contact: Contact) -> None:
    user.last_login_at = clock.now()
    user.last_login_method = proof.method
    user.last_login_ip = contact.address
