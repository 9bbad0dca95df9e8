"""Signing keys of ID tokens: one signs at a time. The next is published before it signs, the last one for
an overlap after (security rule 64).
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from joserfc.jwk import RSAKey
from sqlalchemy import ColumnElement
from sqlalchemy import Select
from sqlalchemy import delete
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.keys import SigningKey
from app.models.state import SystemState
from app.runtime import per_app
from app.services.tokens.keyring import keyring

ALGORITHM = "RS256"
OVERLAP = timedelta(days=2)
# Longer than anybody keeps the published set (``Cache-Control`` of ``/oauth/jwks``: minutes).
AHEAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key ready to sign with, and its id."""

    kid: str
    key: RSAKey


@dataclass(frozen=True, slots=True)
class Known:
    """The public half of a key, and from when until when it signs."""

    kid: str
    public_jwk: dict[str, Any]
    active_at: datetime
    retired_at: datetime | None


class _Opened:
    def __init__(self) -> None:
        self.signers: dict[str, Signer] = {}


def active_kid() -> Select[str]:
    """The id of the key that signs now; a statement, to ride along in another.

    An order and no condition: where the clock lags, a key that is not due yet signs rather than none.
    """
    now = clock.now()
    return (
        select(SigningKey.kid)
        .order_by(
            _stands(now).desc(),
            (SigningKey.active_at <= now).desc(),
            SigningKey.active_at.desc(),
            SigningKey.created_at.desc(),
        )
        .limit(1)
    )


def rotate() -> SigningKey:
    """Publish a key that signs from ``AHEAD`` on, when the present one retires. A waiting one is replaced."""
    _alone()
    now = clock.now()
    db.session.execute(delete(SigningKey).where(SigningKey.active_at > now))
    return create(now + AHEAD)


def replace_leaked() -> SigningKey:
    """A key that signs at once. All others are gone at once: what they signed is believed by nobody."""
    _alone()
    db.session.execute(delete(SigningKey))
    return create(clock.now())


def create(active_at: datetime) -> SigningKey:
    """Make a key that signs from then on; the ones before it retire at that time."""
    key = RSAKey.generate_key(2048, private=True)
    public = key.as_dict(private=False)
    kid = base64.urlsafe_b64encode(hashlib.sha256(key.thumbprint().encode()).digest())[:16].decode("ascii")
    now = clock.now()
    db.session.execute(update(SigningKey).where(_stands(now)).values(retired_at=active_at))
    row = SigningKey(
        kid=kid,
        algorithm=ALGORITHM,
        private_encrypted=keyring().box().encrypt(json.dumps(key.as_dict(private=True)).encode()),
        public_jwk={**public, "kid": kid, "use": "sig", "alg": ALGORITHM},
        created_at=now,
        active_at=active_at,
    )
    db.session.add(row)
    return row


def signer(kid: str) -> Signer:
    """The private key of this id, or the one that took its place; decrypted once per process."""
    opened = per_app(_Opened)
    known = opened.signers.get(kid)
    if known is None:
        sealed = db.session.execute(
            select(SigningKey.private_encrypted).where(SigningKey.kid == kid)
        ).scalar_one_or_none()
        if sealed is None:  # gone since its id was read: it had leaked
            return signer(db.session.execute(active_kid()).scalar_one())
        private: dict[str, Any] = json.loads(keyring().box().decrypt(sealed))
        known = opened.signers[kid] = Signer(kid, RSAKey.import_key(private))
    return known


def known() -> list[Known]:
    """The key that signs, one that will, and those retired less than their overlap ago; newest first."""
    rows = db.session.execute(
        select(SigningKey.kid, SigningKey.public_jwk, SigningKey.active_at, SigningKey.retired_at)
        .where(_stands(clock.now() - OVERLAP))
        .order_by(SigningKey.active_at.desc())
    )
    return [Known(*row) for row in rows]


def published() -> list[dict[str, Any]]:
    """Their public halves (RFC 7517)."""
    return [dict(key.public_jwk) for key in known()]


def _stands(at: datetime) -> ColumnElement[bool]:
    """Not retired by then."""
    return or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > at)


def _alone() -> None:
    """Wait for whoever else is replacing keys, so that each sees what the other left."""
    db.session.execute(select(SystemState.id).with_for_update())
