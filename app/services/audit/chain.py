"""The hash chain of the audit trail as arithmetic: no query, no clock.

A seal is the id of the key it was made under (1 byte), then the first 31 bytes of HMAC-SHA-256 over the
seal before it and the row. The end of the chain has a mark, made in the same way for another purpose. So
who can write to the database, and does not hold ``ARGUS_SECRET_KEYS``, makes neither.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

from app.services.tokens.keyring import KeyRing

START = bytes(32)
ROW, END = "audit seal", "audit end"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownKey(Exception):
    """Sealed under a key that is no longer among ``ARGUS_SECRET_KEYS``: nobody can say whether it fits."""


def row_bytes(row: Mapping[str, Any]) -> bytes:
    """A row as the same bytes from either database: every column but the seal, by name.

    A column without a value is left out, so that one added later changes no seal. Times are microseconds.
    """
    held = {
        name: (value - EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != "seal" and value is not None
    }
    return json.dumps(held, sort_keys=True, separators=(",", ":")).encode("ascii")


def seal(ring: KeyRing, previous: bytes, row: Mapping[str, Any]) -> bytes:
    """The seal of a row, its place included, that follows ``previous``."""
    return _made(ring, ring.signing, ROW, previous + row_bytes(row))


def is_sealed(ring: KeyRing, previous: bytes, row: Mapping[str, Any]) -> bool:
    """Whether a row carries the seal it must have here. Raises ``UnknownKey``."""
    return _fits(ring, row["seal"], ROW, previous + row_bytes(row))


def mark(ring: KeyRing, place: int, last: bytes) -> bytes:
    """The mark of a chain that ends at this place with this seal."""
    return _made(ring, ring.signing, END, place.to_bytes(8) + last)


def is_marked(ring: KeyRing, given: bytes, place: int, last: bytes) -> bool:
    """Whether this is the end that was marked. Raises ``UnknownKey``."""
    return 0 <= place < 2**63 and _fits(ring, given, END, place.to_bytes(8) + last)


def _made(ring: KeyRing, key_id: int, purpose: str, message: bytes) -> bytes:
    key = ring.derive(purpose, key_id)
    if key is None:
        raise UnknownKey(str(key_id))
    return bytes((key_id,)) + hmac.digest(key, message, "sha256")[:31]


def _fits(ring: KeyRing, given: bytes | None, purpose: str, message: bytes) -> bool:
    if given is None or len(given) != len(START):
        return False
    return hmac.compare_digest(given, _made(ring, given[0], purpose, message))
