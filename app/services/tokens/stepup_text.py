"""The text of a step-up token: a JWS (RFC 7515) over its row's id and 32 random bytes."""

from __future__ import annotations

import secrets

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwk import OctKey

from app.services.tokens.keyring import keyring

ALGORITHM = "HS256"
TYPE = "argus-step-up"
ID_BYTES = 16
MOST_CHARACTERS = 4096


def mint(token_id: bytes) -> str:
    """Make a text for this row, under the signing key."""
    header = {"alg": ALGORITHM, "kid": str(keyring().signing), "typ": TYPE}
    return jws.serialize_compact(header, token_id + secrets.token_bytes(32), _keys(), [ALGORITHM])


def read(text: str) -> bytes | None:
    """Read the id inside a text that this server signed. Never raises, makes no query."""
    if len(text) > MOST_CHARACTERS or not text.isascii():
        return None
    try:
        found = jws.deserialize_compact(text, _keys(), [ALGORITHM])
    except (JoseError, TypeError, ValueError):  # TypeError: a header of another shape than joserfc expects
        return None
    return found.payload[:ID_BYTES] if found.headers().get("typ") == TYPE else None


def _keys() -> KeySet:
    """Return one key for each server key; the header's ``kid`` selects it."""
    ring = keyring()
    derived = {key_id: ring.derive("step-up", key_id) or b"" for key_id in ring.keys}
    return KeySet([OctKey.import_key(key, {"kid": str(key_id)}) for key_id, key in derived.items()])
