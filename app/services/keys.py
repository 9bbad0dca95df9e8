"""Signing keys of ID tokens: one active at a time, the retired published for their overlap (rule 64)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from joserfc.jwk import RSAKey
from sqlalchemy import or_
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.keys import SigningKey
from app.runtime import per_app
from app.services.keyring import keyring

ALGORITHM = "RS256"
OVERLAP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key ready to sign with, and its id."""

    kid: str
    key: RSAKey


ACTIVE_KID = (
    select(SigningKey.kid)
    .where(SigningKey.retired_at.is_(None))
    .order_by(SigningKey.active_at.desc())
    .limit(1)
)


class _Opened:
    def __init__(self) -> None:
        self.signers: dict[str, Signer] = {}


def create() -> SigningKey:
    """Make a key that signs from now on; the one before it is retired."""
    key = RSAKey.generate_key(2048, private=True)
    public = key.as_dict(private=False)
    kid = base64.urlsafe_b64encode(hashlib.sha256(key.thumbprint().encode()).digest())[:16].decode("ascii")
    now = clock.now()
    for previous in db.session.execute(select(SigningKey).where(SigningKey.retired_at.is_(None))).scalars():
        previous.retired_at = now
    row = SigningKey(
        kid=kid,
        algorithm=ALGORITHM,
        private_encrypted=keyring().box().encrypt(json.dumps(key.as_dict(private=True)).encode()),
        public_jwk={**public, "kid": kid, "use": "sig", "alg": ALGORITHM},
        created_at=now,
        active_at=now,
    )
    db.session.add(row)
    return row


def active_kid() -> str:
    """The id of the key that signs now."""
    kid: str | None = db.session.execute(ACTIVE_KID).scalar_one_or_none()
    if kid is None:
        raise LookupError("there is no signing key: run 'argus-idp init'")
    return kid


def signer(kid: str) -> Signer:
    """The private key of this id; decrypted once per process."""
    opened = per_app(_Opened)
    known = opened.signers.get(kid)
    if known is None:
        sealed = db.session.execute(
            select(SigningKey.private_encrypted).where(SigningKey.kid == kid)
        ).scalar_one()
        private: dict[str, Any] = json.loads(keyring().box().decrypt(sealed))
        known = opened.signers[kid] = Signer(kid, RSAKey.import_key(private))
    return known


def published() -> list[dict[str, Any]]:
    """The public keys: the active one and those retired less than their overlap ago, newest first."""
    rows = db.session.execute(
        select(SigningKey.public_jwk)
        .where(or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > clock.now() - OVERLAP))
        .order_by(SigningKey.active_at.desc())
    )
    return [dict(row.public_jwk) for row in rows]
