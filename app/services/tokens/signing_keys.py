"""Signing keys of ID tokens: of each algorithm one key signs at a time. The next key is published before it
signs; the previous one stays published for an overlap (security rule 64).
"""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey
from joserfc.jwk import Key
from joserfc.jwk import OKPKey
from joserfc.jwk import RSAKey
from joserfc.jwk import import_key
from sqlalchemy import ColumnElement
from sqlalchemy import Select
from sqlalchemy import bindparam
from sqlalchemy import delete
from sqlalchemy import literal
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

# Algorithm -> how its keys are made. The first one is the default (OIDC Core 2).
MAKERS: Mapping[str, Callable[[], Key]] = {
    "RS256": lambda: RSAKey.generate_key(2048, private=True),
    "ES256": lambda: ECKey.generate_key("P-256", private=True),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", private=True),
}
ALGORITHMS = tuple(MAKERS)
# Clients know EdDSA by this name; the name Ed25519 of RFC 9864 they do not know yet.
warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
OVERLAP = timedelta(days=2)
# Longer than anybody caches the published set (``Cache-Control`` of ``/oauth/jwks``: minutes).
AHEAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key ready to sign with, its id and its algorithm."""

    kid: str
    algorithm: str
    key: Key


@dataclass(frozen=True, slots=True)
class Known:
    """The public half of a key, and the period in which it signs."""

    kid: str
    algorithm: str
    public_jwk: dict[str, Any]
    active_at: datetime
    retired_at: datetime | None


class _Opened:
    def __init__(self) -> None:
        self.signers: dict[str, Signer] = {}


def select_active_kid(algorithm: ColumnElement[str]) -> Select[str]:
    """Select the id of the key of this algorithm that signs now, as part of another statement.

    Its parameter ``now`` is the time. This is an ordering, not a condition: if a clock is slow, a key signs
    early rather than none.
    """
    now = bindparam("now", type_=UtcDateTime)
    return (
        select(SigningKey.kid)
        .where(SigningKey.algorithm == algorithm)
        .order_by(
            _match_standing(now).desc(),
            (SigningKey.active_at <= now).desc(),
            SigningKey.active_at.desc(),
            SigningKey.created_at.desc(),
        )
        .limit(1)
    )


def rotate_keys() -> list[SigningKey]:
    """Publish keys that sign from ``AHEAD`` on, when the current ones retire. They replace waiting keys."""
    _lock_keys()
    now = clock.now()
    db.session.execute(delete(SigningKey).where(SigningKey.active_at > now))
    return [_create_key(algorithm, now + AHEAD) for algorithm in ALGORITHMS]


def replace_leaked_keys() -> list[SigningKey]:
    """Make keys that sign at once and remove all others at once: their signatures are no longer accepted."""
    _lock_keys()
    db.session.execute(delete(SigningKey))
    return complete_keys()


def complete_keys() -> list[SigningKey]:
    """Make a key that signs at once for each algorithm that has none; returns what was made."""
    known, now = set(db.session.execute(select(SigningKey.algorithm).distinct()).scalars()), clock.now()
    return [_create_key(algorithm, now) for algorithm in ALGORITHMS if algorithm not in known]


def _create_key(algorithm: str, active_at: datetime) -> SigningKey:
    """Make a key that signs from that time on; earlier ones of its algorithm retire then."""
    key = MAKERS[algorithm]()
    public = key.as_dict(private=False)
    kid = base64.urlsafe_b64encode(hashlib.sha256(key.thumbprint().encode()).digest())[:16].decode("ascii")
    now = clock.now()
    standing = (_match_standing(now), SigningKey.algorithm == algorithm)
    db.session.execute(update(SigningKey).where(*standing).values(retired_at=active_at))
    row = SigningKey(
        kid=kid,
        algorithm=algorithm,
        private_encrypted=keyring().build_box().encrypt(json.dumps(key.as_dict(private=True)).encode()),
        public_jwk={**public, "kid": kid, "use": "sig", "alg": algorithm},
        created_at=now,
        active_at=active_at,
    )
    db.session.add(row)
    return row


def load_signer(kid: str | None, algorithm: str) -> Signer:
    """Load the private key of this id, or its replacement of that algorithm; decrypted once per process."""
    opened = per_app(_Opened)
    known = opened.signers.get(kid or "")
    if known is None:
        stored = db.session.execute(
            select(SigningKey.private_encrypted, SigningKey.algorithm).where(SigningKey.kid == kid)
        ).one_or_none()
        if kid is None or stored is None:  # removed since its id was read, because it leaked
            return load_signer(find_active_kid(algorithm), algorithm)
        private: dict[str, Any] = json.loads(keyring().build_box().decrypt(stored.private_encrypted))
        known = opened.signers[kid] = Signer(kid, stored.algorithm, import_key(private))
    return known


def find_active_kid(algorithm: str) -> str:
    """Find the id of the key of this algorithm that signs now."""
    statement = select_active_kid(literal(algorithm))
    return db.session.execute(statement, {"now": clock.now()}).scalar_one()


def list_known_keys() -> list[Known]:
    """List the signing key, a waiting one, and those retired within the overlap; newest first."""
    rows = db.session.execute(
        select(
            SigningKey.kid,
            SigningKey.algorithm,
            SigningKey.public_jwk,
            SigningKey.active_at,
            SigningKey.retired_at,
        )
        .where(_match_standing(clock.now() - OVERLAP))
        .order_by(*_NEWEST_FIRST)
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


# RS256 first among keys of one moment: what knows one algorithm alone may look no further than the first key.
_NEWEST_FIRST = (SigningKey.active_at.desc(), SigningKey.algorithm.desc())
_PUBLISHED = Prepared(
    select(SigningKey.__table__.c.kid)
    .where(_match_standing(bindparam("oldest", type_=UtcDateTime)))
    .order_by(*_NEWEST_FIRST)
)


def _lock_keys() -> None:
    """Wait for other processes that replace keys, so that each sees the result of the other."""
    db.session.execute(select(SystemState.id).with_for_update())
