"""API keys: shown once in clear, stored as a digest, found by prefix,
limited and revoked (security rule 57).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.apikeys import APIKey
from app.models.directory import User
from app.services.access import directory
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.problems import Missing
from app.services.tokens.token_text import compute_digest
from app.services.unit_of_work import run_in_transaction

ANYWHERE = ("0.0.0.0/0", "::/0")
DEFAULT_DAYS = 90
USE_PAUSE = timedelta(seconds=60)
# As a prefix is written: no key has two prefixes.
HEX = re.compile(r"[1-9a-f][0-9a-f]{0,14}", re.ASCII)


def create_key(
    user: User,
    description: str,
    actor: Actor,
    *,
    days: int | None = DEFAULT_DAYS,
    sources: Sequence[str] = ANYWHERE,
    constraints: dict[str, Any] | None = None,
) -> tuple[APIKey, str]:
    """Create a key; its text is returned once and never again. With ``days`` of ``None`` it never expires."""
    number = db.session.execute(
        select(func.coalesce(func.max(APIKey.key_number), 0)).where(APIKey.user_id == user.id)
    ).scalar_one()
    now = clock.now()
    key = APIKey(
        user_id=user.id,
        key_number=number + 1,
        description=description,
        valid_sources=list(sources),
        constraints=constraints,
        created_at=now,
        created_by_id=actor.id,
        expires_at=None if days is None else now + timedelta(days=days),
        secret_digest=b"",
    )
    text = f"{key.prefix}/{secrets.token_urlsafe(32)}"
    key.secret_digest = compute_digest(text)
    db.session.add(key)
    db.session.flush()
    trail.record(
        "apikey-add", actor, user=(user.id, user.short_name), detail={"key": key.prefix, "days": days}
    )
    return key, text


def list_keys(user_id: int) -> list[APIKey]:
    """List the user's keys that have not been revoked, oldest first."""
    statement = (
        select(APIKey)
        .where(APIKey.user_id == user_id, APIKey.revoked_at.is_(None))
        .order_by(APIKey.key_number)
    )
    return list(db.session.execute(statement).scalars())


def split_key_number(user_id: int, text: str) -> tuple[str, str]:
    """Return the prefix of a key named only by its decimal number. Raises ``Missing``."""
    number = directory.as_id(text)
    if number is None:
        raise Missing("API key")
    return f"{user_id:x}", f"{number:x}"


def name_key(user_part: str, key_part: str) -> dict[str, str]:
    """Return the names of the key with this prefix, by variable of a step-up context. Raises ``Missing``."""
    if HEX.fullmatch(key_part) is None:
        raise Missing("API key")
    return {"prefix": f"{user_part}/{key_part}", "keyID": str(int(key_part, 16))}


def renew_key(user_id: int, user_part: str, key_part: str, days: int | None, actor: Actor) -> APIKey:
    """Set a new expiry for a key of this user, counted from now; ``None`` never expires.
    Raises ``Missing``.
    """
    key = _get_key(user_id, user_part, key_part)
    key.expires_at = None if days is None else clock.now() + timedelta(days=days)
    db.session.flush()
    _record("apikey-renew", key, actor, {"days": days})
    return key


def revoke_key(user_id: int, user_part: str, key_part: str, actor: Actor) -> APIKey:
    """Revoke a key of this user, named by its prefix. Raises ``Missing``."""
    key = _get_key(user_id, user_part, key_part)
    endings.end(Event.KEY_REVOKED, key, actor)
    _record("apikey-revoke", key, actor, {})
    return key


def note_use(key_id: int, last_used_at: datetime | None, contact: Contact) -> None:
    """Record the last use if possible, in its own unit of work, at most once a minute (design §7)."""
    now = clock.now()
    if last_used_at is not None and now - last_used_at < USE_PAUSE:
        return
    run_in_transaction(
        lambda: db.session.execute(
            update(APIKey)
            .where(
                APIKey.id == key_id,
                or_(APIKey.last_used_at.is_(None), APIKey.last_used_at < now),
            )
            .values(last_used_at=now, last_used_ip=contact.address)
        )
    )


def _get_key(user_id: int, user_part: str, key_part: str) -> APIKey:
    key = next((k for k in list_keys(user_id) if k.prefix == f"{user_part}/{key_part}"), None)
    if key is None:
        raise Missing("API key")
    return key


def _record(action: str, key: APIKey, actor: Actor, detail: dict[str, Any]) -> None:
    owner = None
    if key.user_id != actor.id:
        # Already loaded by the code that judged that the actor may change this user's keys.
        owner = trail.find_concerned_user(db.session.get_one(User, key.user_id))
    trail.record(action, actor, user=owner, detail={"key": key.prefix} | detail)
