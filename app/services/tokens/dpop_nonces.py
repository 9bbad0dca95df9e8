"""Nonces of DPoP proofs (RFC 9449 8, 9): each is a MAC over a stretch of time, so nobody stores any.

One is accepted in its own stretch and the next: from two to four minutes. It is for everybody; what makes a
proof count once is its ``jti`` (``services/access/proofs.py``).
"""

from __future__ import annotations

import base64
import hmac

from app import clock
from app.services.tokens.keyring import keyring

STRETCH_SECONDS = 120
MAC_BYTES = 15


def make_nonce() -> str:
    """Make the nonce of this moment, under the signing key."""
    return _compute(_count_stretches(), keyring().signing)


def is_current(nonce: str) -> bool:
    """Tell whether a node of ours made this nonce, under any of the keys, and a moment ago."""
    now = _count_stretches()
    made = (_compute(stretch, key_id) for stretch in (now, now - 1) for key_id in keyring().order)
    given = nonce.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(given, one.encode()) for one in made)


def _count_stretches() -> int:
    return int(clock.now().timestamp()) // STRETCH_SECONDS


def _compute(stretch: int, key_id: int) -> str:
    key = keyring().derive("dpop-nonce", key_id) or b""
    mac = hmac.digest(key, stretch.to_bytes(8, "big"), "sha256")[:MAC_BYTES]
    return base64.urlsafe_b64encode(mac).decode("ascii")
