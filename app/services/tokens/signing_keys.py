"""Signing keys of ID tokens: one key signs at a time. The next key is published before it signs;
the previous one stays published for an overlap (security rule 64).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from joserfc.jwk import RSAKey
from sqlalchemy import ColumnElement
from sqlalchemy import Select
from sqlalchemy import bindparam
from sqlalchemy import delete
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.base import UtcDateTime
from app.models.keys import SigningKey
from app.models.state import SystemState
from app.runtime import per_app
from app.services.prepared import Prepared
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import fetch_all

ALGORITHM = "RS256"
OVERLAP = timedelta(days=2)
# Longer than anybody caches the published set (``Cache-Control`` of ``/oauth/jwks``: minutes).
AHEAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key ready to sign with, and its id."""

    kid: str
    key: RSAKey


@dataclass(frozen=True, slots=True)
class Known:
    """The public half of a key, and the period in which it signs."""

    kid: str
    public_jwk: dict[str, Any]
    active_at: datetime
    retired_at: datetime | None


class _Opened:
    def __init__(self) -> None:
        self.signers: dict[str, Signer] = {}


def select_active_kid() -> Select[str]:
    """Select the id of the key that signs now, as part of another statement.

    Its parameter ``now`` is the time. This is an ordering, not a condition: if a clock is slow, a key signs
    early rather than none.
    """
    now = bindparam("now", type_=UtcDateTime)
    return (
        select(SigningKey.kid)
        .order_by(
            _match_standing(now).desc(),
            (SigningKey.active_at <= now).desc(),
            SigningKey.active_at.desc(),
            SigningKey.created_at.desc(),
        )
        .limit(1)
    )


def rotate_key() -> SigningKey:
    """Publish a key that signs from ``AHEAD`` on, when the current one retires. It replaces a waiting key."""
    _lock_keys()
    now = clock.now()
    db.session.execute(delete(SigningKey).where(SigningKey.active_at > now))
    return create_key(now + AHEAD)


def replace_leaked_keys() -> SigningKey:
    """Make a key that signs at once and remove all others at once:
    their signatures are no longer accepted.
    """
    _lock_keys()
    db.session.execute(delete(SigningKey))
    return create_key(clock.now())


def create_key(active_at: datetime) -> SigningKey:
    """Make a key that signs from that time on; earlier keys retire then."""
    key = RSAKey.generate_key(2048, private=True)
    public = key.as_dict(private=False)
    kid = base64.urlsafe_b64encode(hashlib.sha256(key.thumbprint().encode()).digest())[:16].decode("ascii")
    now = clock.now()
    db.session.execute(update(SigningKey).where(_match_standing(now)).values(retired_at=active_at))
    row = SigningKey(
        kid=kid,
        algorithm=ALGORITHM,
        private_encrypted=keyring().build_box().encrypt(json.dumps(key.as_dict(private=True)).encode()),
        public_jwk={**public, "kid": kid, "use": "sig", "alg": ALGORITHM},
        created_at=now,
        active_at=active_at,
    )
    db.session.add(row)
    return row


def load_signer(kid: str) -> Signer:
    """Load the private key of this id, or its replacement; decrypted once per process."""
    opened = per_app(_Opened)
    known = opened.signers.get(kid)
    if known is None:
        sealed = db.session.execute(
            select(SigningKey.private_encrypted).where(SigningKey.kid == kid)
        ).scalar_one_or_none()
        if sealed is None:  # removed since its id was read, because it leaked
            return load_signer(db.session.execute(select_active_kid(), {"now": clock.now()}).scalar_one())
        private: dict[str, Any] = json.loads(keyring().build_box().decrypt(sealed))
        known = opened.signers[kid] = Signer(kid, RSAKey.import_key(private))
    return known


def list_known_keys() -> list[Known]:
    """List the signing key, a waiting one, and those retired within the overlap; newest first."""
    rows = db.session.execute(
        select(SigningKey.kid, SigningKey.public_jwk, SigningKey.active_at, SigningKey.retired_at)
        .where(_match_standing(clock.now() - OVERLAP))
        .order_by(SigningKey.active_at.desc())
    )
    return [Known(*row) for row in rows]


def list_published_kids() -> tuple[str, ...]:
    """List the ids of the same keys, in the same order."""
    return tuple(kid for (kid,) in fetch_all(_PUBLISHED, {"oldest": clock.now() - OVERLAP}))


def list_public_jwks(kids: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Return the public keys as JWKs (RFC 7517): all that are known, or those of ``kids``."""
    return [dict(key.public_jwk) for key in list_known_keys() if kids is None or key.kid in kids]


def _match_standing(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Match keys that are not retired at that time."""
    return or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > at)


_PUBLISHED = Prepared(
    select(SigningKey.__table__.c.kid)
    .where(_match_standing(bindparam("oldest", type_=UtcDateTime)))
    .order_by(SigningKey.__table__.c.active_at.desc())
)


def _lock_keys() -> None:
    """Wait for other processes that replace keys, so that each sees the result of the other."""
    db.session.execute(select(SystemState.id).with_for_update())
