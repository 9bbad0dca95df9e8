"""The text of a step-up token: a JWS that this server signs and alone reads. It carries an id and chance."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets

from app.services.tokens.keyring import keyring

MOST_CHARACTERS = 4096


def mint(token_id: bytes) -> str:
    """A new text for this id."""
    ring = keyring()
    signed = _head(ring.signing) + "." + _encode(token_id + secrets.token_bytes(32))
    return signed + "." + _encode(_signature(signed, ring.signing))


def read(text: str) -> bytes | None:
    """The id inside a token that this server signed. Never raises, asks nothing."""
    head, _, rest = text.partition(".")
    payload, _, signature = rest.partition(".")
    if len(text) > MOST_CHARACTERS or not text.isascii():
        return None
    key_id = next((known for known in keyring().keys if _head(known) == head), None)
    if key_id is None:
        return None
    if not hmac.compare_digest(_encode(_signature(f"{head}.{payload}", key_id)), signature):
        return None
    try:
        return base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)[:16]
    except binascii.Error:
        return None


def _head(key_id: int) -> str:
    return _encode(json.dumps({"alg": "HS256", "kid": str(key_id), "typ": "argus-step-up"}).encode())


def _signature(signed: str, key_id: int) -> bytes:
    key = keyring().derive("step-up", key_id)
    # An unknown key id gives a signature nobody can compute, so that the comparison fails like any other.
    return hmac.digest(key or secrets.token_bytes(32), signed.encode(), "sha256")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
