"""Passkey rows: which are live, and their removal. ``passkey_ceremonies`` judges who may use one."""

from __future__ import annotations

from sqlalchemy import and_
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.directory import User
from app.models.webauthn import WebAuthnCredential
from app.services.access import search
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.problems import Missing


def compute_handle(user_id: int) -> bytes:
    """Return the user handle that an authenticator stores with a passkey (WebAuthn 5.4.3:
    nothing personal).
    """
    return str(user_id).encode()


def list_passkeys(user_id: int) -> list[WebAuthnCredential]:
    """List the user's live passkeys, oldest first."""
    statement = select(WebAuthnCredential).where(_match_standing(user_id)).order_by(WebAuthnCredential.id)
    return list(db.session.execute(statement).scalars())


def find_owner(credential_id: bytes) -> User | None:
    """Find the live user who owns this live passkey."""
    statement = (
        select(User)
        .join(WebAuthnCredential, WebAuthnCredential.user_id == User.id)
        .where(WebAuthnCredential.credential_id == credential_id, *_match_alive(), User.deleted_at.is_(None))
    )
    return db.session.execute(statement).scalar_one_or_none()


def list_passkey_page(user_id: int, page: Page) -> Found[WebAuthnCredential]:
    """Return one page of the user's live passkeys."""
    return search.fetch_page(
        WebAuthnCredential, _match_standing(user_id), page, [WebAuthnCredential.id.asc()]
    )


def is_known(credential_id: bytes) -> bool:
    """Tell whether this passkey was ever enrolled by any user."""
    statement = select(WebAuthnCredential.id).where(WebAuthnCredential.credential_id == credential_id)
    return db.session.execute(statement).first() is not None


def revoke_passkey(user: User, key_id: int, actor: Actor) -> WebAuthnCredential:
    """Revoke a passkey permanently. Inside a unit of work. Raises ``Missing``."""
    key = next((one for one in list_passkeys(user.id) if one.id == key_id), None)
    if key is None:
        raise Missing("passkey")
    key.revoked_at = clock.now()
    db.session.flush()
    trail.record("webauthn-revoke", actor, user=(user.id, user.short_name), detail={"key": key.id})
    return key


def _match_standing(user_id: int) -> search.Condition:
    return and_(WebAuthnCredential.user_id == user_id, *_match_alive())


def _match_alive() -> tuple[search.Condition, search.Condition]:
    return WebAuthnCredential.revoked_at.is_(None), WebAuthnCredential.expires_at > clock.now()
