"""OAuth sessions: one row each, rotated by compare-and-swap (design §7)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from sqlalchemy import Table
from sqlalchemy import bindparam
from sqlalchemy import insert
from sqlalchemy import or_
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.sessions import OAuthSession
from app.policy.login_contexts import LoginContext
from app.runtime import settings
from app.services.prepared import Prepared
from app.services.tokens import session_crowd
from app.services.tokens.keyring import keyring
from app.services.tokens.token_text import MOST_GENERATIONS
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import Token
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import derive_successor
from app.services.tokens.token_text import is_same_digest
from app.services.tokens.token_text import make_id
from app.services.tokens.token_text import mint_token
from app.services.unit_of_work import change

ALERT_AFTER_REPEATS = 3
SESSION: Table = OAuthSession.__table__  # type: ignore[assignment]
# Built once: to build a statement costs more than to run it. What is set is told by the parameters.
_INSERT = Prepared(insert(SESSION).inline())
_ROTATE = Prepared(
    update(SESSION).where(
        SESSION.c.id == bindparam("presented_session"),
        SESSION.c.refresh_digest == bindparam("presented_digest"),
        SESSION.c.ended_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class SessionParent:
    """The parent of the session: a login or an API key, with its absolute end."""

    expires_at: datetime | None
    login_session_id: bytes | None = None
    api_key_id: int | None = None


@dataclass(frozen=True, slots=True)
class SessionOpening:
    """The data of a new OAuth session. ``context``: the login of the person who approved it."""

    client_id: str
    user_id: int
    user_name: str
    parent: SessionParent
    grant_id: str | None
    scopes: tuple[str, ...]
    security_level: int
    session_epoch: int
    address: str | None
    with_refresh: bool
    context: LoginContext | None = None
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of one generation, in clear text; only the answer to the client contains them.

    ``dpop_jkt`` is the thumbprint of the key that the access token is bound to.
    """

    session_id: bytes
    access: str
    refresh: str | None
    expires_in: int
    scopes: tuple[str, ...]
    dpop_jkt: str | None = None


@dataclass(frozen=True, slots=True)
class OAuthPart:
    """A stored session as it was read. User, client and consent are separate parts."""

    id: bytes
    user_name: str
    login_session_id: bytes | None
    api_key_id: int | None
    scopes: list[str]
    access_scopes: list[str]
    security_level: int
    authenticated_at: datetime | None
    login_level: int | None
    login_method: str | None
    session_epoch: int
    generation: int
    access_digest: bytes
    access_expires_at: datetime
    refresh_digest: bytes | None
    refresh_expires_at: datetime | None
    previous_refresh_digest: bytes | None
    rotation_seed: bytes | None
    dpop_jkt: str | None
    rotated_at: datetime
    repeats_in_a_row: int
    repeated_generation: int | None
    client_ip: str | None
    created_at: datetime
    ended_at: datetime | None
    end_reason: str | None

    @property
    def context(self) -> LoginContext | None:
        """Return the login of the person who approved the session; ``None`` if none did, or if it is not
        known: up to version 0.1 it was not stored.
        """
        if self.authenticated_at is None or self.login_level is None:
            return None
        return LoginContext(self.authenticated_at, self.login_level, self.login_method or "")


def draft_pair(opening: SessionOpening) -> TokenPair:
    """Make new tokens for a session that is not stored yet."""
    session_id = make_id()
    access = mint_token(Kind.ACCESS, opening.user_name, session_id)
    refresh = mint_token(Kind.REFRESH, opening.user_name, session_id) if opening.with_refresh else None
    until = _compute_end(settings().access_token_seconds, opening.parent.expires_at)
    return TokenPair(
        session_id,
        access.text,
        refresh.text if refresh else None,
        _count_remaining(until),
        opening.scopes,
        opening.dpop_jkt,
    )


def store_session(opening: SessionOpening, pair: TokenPair, *, crowded: bool = True) -> None:
    """Store the one row of a drafted session; if ``crowded``, end an old session first (rule 77)."""
    now = clock.now()
    if crowded:
        session_crowd.make_room(opening.user_id, opening.client_id, opening.session_epoch)
    change(
        _INSERT,
        {
            "id": pair.session_id,
            "client_id": opening.client_id,
            "user_id": opening.user_id,
            "login_session_id": opening.parent.login_session_id,
            "api_key_id": opening.parent.api_key_id,
            "grant_id": opening.grant_id,
            "user_name": opening.user_name,
            "scopes": list(opening.scopes),
            "access_scopes": list(opening.scopes),
            "security_level": opening.security_level,
            "authenticated_at": opening.context.authenticated_at if opening.context else None,
            "login_level": opening.context.level if opening.context else None,
            "login_method": opening.context.method if opening.context else None,
            "session_epoch": opening.session_epoch,
            "generation": 0,
            "access_digest": compute_digest(pair.access),
            "access_expires_at": _compute_end(settings().access_token_seconds, opening.parent.expires_at),
            "refresh_digest": compute_digest(pair.refresh) if pair.refresh else None,
            "refresh_expires_at": _compute_end(settings().refresh_timeout_seconds, opening.parent.expires_at)
            if pair.refresh
            else None,
            "rotated_at": now,
            "dpop_jkt": opening.dpop_jkt,
            "client_ip": opening.address,
            "created_at": now,
        },
    )


def rotate_pair(
    presented: Token, scopes: tuple[str, ...], parent_end: datetime | None, dpop_jkt: str | None = None
) -> TokenPair | None:
    """Replace the presented refresh token with its successor; ``None`` if another request did so first.

    One conditional UPDATE. It also ends the old access token. The new one is bound to the key ``dpop_jkt``.
    """
    if presented.generation >= MOST_GENERATIONS:
        return None
    now = clock.now()
    seed = secrets.token_bytes(32)
    successors = _derive_pair(presented, seed, keyring().signing)
    if successors is None:
        return None
    access, refresh = successors
    until = _compute_end(settings().access_token_seconds, parent_end)
    changed = change(
        _ROTATE,
        {
            "presented_session": presented.session_id,
            "presented_digest": presented.digest,
            "generation": presented.generation + 1,
            "access_digest": access.digest,
            "access_expires_at": until,
            "access_scopes": list(scopes),
            "refresh_digest": refresh.digest,
            "refresh_expires_at": _compute_end(settings().refresh_timeout_seconds, parent_end),
            "previous_refresh_digest": presented.digest,
            "rotation_seed": seed,
            "dpop_jkt": dpop_jkt,
            "rotated_at": now,
        },
    )
    if not changed:
        return None
    return TokenPair(
        presented.session_id, access.text, refresh.text, _count_remaining(until), scopes, dpop_jkt
    )


def repeat_pair(presented: Token, row: OAuthPart) -> TokenPair | None:
    """Return the identical successor again, for a client that lost the answer; ``None`` if it is a replay.

    Only for the immediate predecessor, only within the grace window, and only while the successor is unused
    and matches what is stored (design §7). No new token is made.
    """
    grace = timedelta(seconds=settings().refresh_grace_seconds)
    if (
        not grace
        or row.rotation_seed is None
        or not is_same_digest(row.previous_refresh_digest, presented.digest)
        or row.generation != presented.generation + 1
        or clock.now() - row.rotated_at >= grace
    ):
        return None
    # The node that rotated may sign under another of the keys than this one.
    for key_id in keyring().order:
        successors = _derive_pair(presented, row.rotation_seed, key_id)
        if successors is None:
            return None
        access, refresh = successors
        if is_same_digest(row.access_digest, access.digest) and is_same_digest(
            row.refresh_digest, refresh.digest
        ):
            remaining = _count_remaining(row.access_expires_at)
            scopes = tuple(row.access_scopes)
            return TokenPair(presented.session_id, access.text, refresh.text, remaining, scopes, row.dpop_jkt)
    return None


def _derive_pair(presented: Token, seed: bytes, key_id: int) -> tuple[Token, Token] | None:
    """Derive access and refresh token of one rotation."""
    access = derive_successor(presented, Kind.ACCESS, seed, key_id)
    refresh = derive_successor(presented, Kind.REFRESH, seed, key_id)
    return None if access is None or refresh is None else (access, refresh)


def count_repeat(row: OAuthPart) -> bool:
    """Count that a generation was requested again; true if several generations in a row were."""
    if row.repeated_generation == row.generation:
        return False
    run = row.repeats_in_a_row + 1 if row.repeated_generation == row.generation - 1 else 1
    changed = db.session.execute(
        update(OAuthSession)
        .where(
            OAuthSession.id == row.id,
            OAuthSession.generation == row.generation,
            or_(
                OAuthSession.repeated_generation.is_(None),
                OAuthSession.repeated_generation < row.generation,
            ),
        )
        .values(repeats_in_a_row=run, repeated_generation=row.generation)
    )
    return bool(changed.rowcount) and run >= ALERT_AFTER_REPEATS  # type: ignore[attr-defined]


def end_session(session_id: bytes, reason: str) -> bool:
    """End one OAuth session with both its tokens. True if it was live."""
    changed = db.session.execute(
        update(OAuthSession)
        .where(OAuthSession.id == session_id, OAuthSession.ended_at.is_(None))
        .values(ended_at=clock.now(), end_reason=reason)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _compute_end(seconds: int, parent_end: datetime | None) -> datetime:
    until = clock.now() + timedelta(seconds=seconds)
    return until if parent_end is None else min(until, parent_end)


def _count_remaining(until: datetime) -> int:
    return max(1, int((until - clock.now()).total_seconds() + 0.5))
