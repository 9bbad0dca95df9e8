"""The text format of a token, and what the text alone proves (design §7).

``<userName>/`` + base64url of 69 bytes: session id 16 ‖ kind 1 ‖ key id 1 ‖ generation 3 ‖ secret 32 ‖
tag 16. The tag is a MAC under the server key of that id over the name, the slash and all before it, so a
made-up token is refused before any query. Codes, of devices too, have no name and no slash. Only digests are
stored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import IntEnum

from app.services.tokens.keyring import keyring

RAW_BYTES = 69
TEXT_CHARACTERS = 92
MOST_CHARACTERS = 100 + 1 + TEXT_CHARACTERS
MOST_GENERATIONS = 2**24 - 1


class Kind(IntEnum):
    """The kind of a token: one kind is never accepted as another (security rule 12)."""

    LOGIN = 1
    ACCESS = 2
    REFRESH = 3
    CODE = 4
    DEVICE = 5


# Those that an application keeps before it has a session: they begin with no user's name.
NAMELESS = frozenset({Kind.CODE, Kind.DEVICE})


@dataclass(frozen=True, slots=True)
class Token:
    """A token with a valid tag: this server issued it. Its row tells whether it is still valid."""

    text: str
    name: str
    session_id: bytes
    kind: Kind
    key_id: int
    generation: int

    @property
    def digest(self) -> bytes:
        return compute_digest(self.text)


def make_secret() -> str:
    """Make a secret of 256 random bits, as text."""
    return secrets.token_urlsafe(32)


def compute_digest(text: str) -> bytes:
    """Compute the stored form of a random secret of 256 bits: SHA-256; a slow hash is not needed."""
    return hashlib.sha256(text.encode()).digest()


def is_same_digest(one: bytes | None, other: bytes | None) -> bool:
    """Compare in constant time; a missing digest equals nothing."""
    return one is not None and other is not None and hmac.compare_digest(one, other)


def make_id() -> bytes:
    """Make a session id of 128 random bits."""
    return secrets.token_bytes(16)


def mint_token(
    kind: Kind,
    name: str,
    session_id: bytes,
    *,
    generation: int = 0,
    secret: bytes | None = None,
    key_id: int | None = None,
) -> Token:
    """Make a token, under the signing key unless told.

    ``secret`` and ``key_id`` are given only for a derived successor.
    """
    if key_id is None:
        key_id = keyring().signing
    body = (
        session_id
        + bytes((kind, key_id))
        + generation.to_bytes(3, "big")
        + (secret if secret is not None else secrets.token_bytes(32))
    )
    raw = body + _compute_tag(name, body, key_id)
    encoded = base64.urlsafe_b64encode(raw).decode("ascii")
    text = encoded if kind in NAMELESS else f"{name}/{encoded}"
    return Token(text, name, session_id, kind, key_id, generation)


def read_token(text: str | None, *kinds: Kind) -> Token | None:
    """Parse a token if its form, kind and tag are valid; else ``None``. Never raises, makes no query."""
    if not text or len(text) > MOST_CHARACTERS or not text.isascii():
        return None
    name, _, encoded = text.rpartition("/")
    if len(encoded) != TEXT_CHARACTERS:
        return None
    try:
        raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    if len(raw) != RAW_BYTES or raw[16] not in kinds:
        return None
    kind = Kind(raw[16])
    if (kind in NAMELESS) != (text == encoded):
        return None
    key_id = raw[17]
    if not hmac.compare_digest(_compute_tag(name, raw[:-16], key_id), raw[-16:]):
        return None
    return Token(text, name, raw[:16], kind, key_id, int.from_bytes(raw[18:21], "big"))


def derive_successor(presented: Token, kind: Kind, seed: bytes, key_id: int) -> Token | None:
    """Derive the token that follows a refresh token in the rotation of this seed; always the same one.

    Its secret is derived under the key of the presented token (``None`` if that key is gone), its tag is made
    under ``key_id``, which is the signing key of the node that rotates. Neither the database (the seed) nor
    the key alone is enough to derive it.
    """
    key = keyring().derive("successor", presented.key_id)
    if key is None:
        return None
    message = bytes((kind,)) + seed + presented.text.encode()
    secret = hmac.digest(key, message, "sha256")
    return mint_token(
        kind,
        presented.name,
        presented.session_id,
        generation=presented.generation + 1,
        secret=secret,
        key_id=key_id,
    )


def _compute_tag(name: str, body: bytes, key_id: int) -> bytes:
    key = keyring().derive("tag", key_id)
    # An unknown key id gives a tag that nobody can compute, so the comparison fails as for any wrong one.
    return hmac.digest(key or secrets.token_bytes(32), name.encode() + b"/" + body, "sha256")[:16]
