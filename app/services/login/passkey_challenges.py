"""Challenges for whoever comes by, to log in: computed, not stored.

A challenge is computed from an id that contains its time, and from what it is bound to: a browser, or a user
name. So a page or call that anybody can repeat writes no row (security rule 35). An answered challenge is
stored until it would have expired.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlalchemy import delete
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.webauthn import WebAuthnChallenge
from app.services.problems import Conflict
from app.services.tokens.keyring import keyring
from app.services.unit_of_work import run_in_transaction

LIFETIME = timedelta(minutes=5)
MOST_PRUNED = 1000
# Seconds since the epoch in eight hexadecimal digits, the id of the key in two, then 104 random bits; as long
# as stored ids.
ID = re.compile(r"[0-9a-f]{36}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PasskeyChallenge:
    """A challenge, and the ids of the passkeys that may answer it."""

    id: str
    challenge: bytes
    key_ids: Sequence[bytes] = ()


def offer_computed(bound_to: str, key_ids: Sequence[bytes] = ()) -> PasskeyChallenge:
    """Make a challenge that counts only with what it is bound to. Writes nothing."""
    key_id = keyring().signing
    challenge_id = f"{int(clock.now().timestamp()):08x}{key_id:02x}{secrets.token_hex(13)}"
    return PasskeyChallenge(challenge_id, _compute(challenge_id, bound_to) or b"", key_ids)


def find_computed(challenge_id: str, bound_to: str) -> bytes | None:
    """Return the challenge of this id while it lasts; ``None`` too if its key is not among ours."""
    expires_at = _read_expiry(challenge_id)
    return _compute(challenge_id, bound_to) if expires_at is not None and expires_at > clock.now() else None


def claim_computed(challenge_id: str, challenge: bytes, user_id: int) -> bool:
    """Claim an answered challenge. It had no row before, so inserting its row is the claim."""
    expires_at = _read_expiry(challenge_id)

    def work() -> bool:
        prune_challenges()
        if expires_at is None or db.session.get(WebAuthnChallenge, challenge_id) is not None:
            return False
        db.session.add(
            WebAuthnChallenge(
                id=challenge_id,
                purpose="login",
                challenge=challenge,
                user_id=user_id,
                created_at=expires_at - LIFETIME,
                expires_at=expires_at,
                used_at=clock.now(),
            )
        )
        return True

    try:
        return run_in_transaction(work)
    except Conflict:
        return False


def match_old() -> ColumnElement[bool]:
    """Match expired challenges."""
    return WebAuthnChallenge.expires_at < clock.now()


def prune_challenges() -> None:
    """Delete expired challenges; at most ``MOST_PRUNED``, because a person waits. Inside a unit of work."""
    old = select(WebAuthnChallenge.id).where(match_old()).limit(MOST_PRUNED)
    statement = delete(WebAuthnChallenge).where(WebAuthnChallenge.id.in_(old))
    db.session.execute(statement, execution_options={"synchronize_session": False})


def _read_expiry(challenge_id: str) -> datetime | None:
    """Return when a challenge of this id expires; ``None`` for an id of the wrong form."""
    if not ID.fullmatch(challenge_id):
        return None
    return datetime.fromtimestamp(int(challenge_id[:8], 16), UTC) + LIFETIME


def _compute(challenge_id: str, bound_to: str) -> bytes | None:
    key = keyring().derive("passkey-login", int(challenge_id[8:10], 16))
    message = f"{challenge_id}/{bound_to}".encode("utf-8", "surrogatepass")
    return None if key is None else hmac.digest(key, message, "sha256")
