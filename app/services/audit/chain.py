"""The hash chain of the audit trail as pure computation: no query, no clock.

A seal is the id of the key (1 byte), then the first 31 bytes of HMAC-SHA-256 over the previous seal and the
row. The end of the chain has a mark, made in the same way for another purpose. So somebody who can write to
the database, but does not hold ``ARGUS_SECRET_KEYS``, can make neither.
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
    """The seal was made under a key that is not among ``ARGUS_SECRET_KEYS``: it cannot be verified."""


def serialise_row(row: Mapping[str, Any]) -> bytes:
    """Serialise a row, the same from either database: every column but the seal, by name.

    Columns without a value are left out, so that a column added later changes no seal. Times are
    microseconds.
    """
    held = {
        name: (value - EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != "seal" and value is not None
    }
    return json.dumps(held, sort_keys=True, separators=(",", ":")).encode("ascii")


def compute_seal(ring: KeyRing, previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Compute the seal of a row, with its place, that follows ``previous``."""
    return _authenticate(ring, ring.signing, ROW, previous + serialise_row(row))


def is_sealed(ring: KeyRing, previous: bytes, row: Mapping[str, Any]) -> bool:
    """Tell whether a row has the correct seal. Raises ``UnknownKey``."""
    return _verify(ring, row["seal"], ROW, previous + serialise_row(row))


def compute_mark(ring: KeyRing, place: int, last: bytes) -> bytes:
    """Compute the mark of a chain that ends at this place with this seal."""
    return _authenticate(ring, ring.signing, END, place.to_bytes(8) + last)


def is_marked(ring: KeyRing, given: bytes, place: int, last: bytes) -> bool:
    """Tell whether this is the marked end. Raises ``UnknownKey``."""
    return 0 <= place < 2**63 and _verify(ring, given, END, place.to_bytes(8) + last)


def _authenticate(ring: KeyRing, key_id: int, purpose: str, message: bytes) -> bytes:
    key = ring.derive(purpose, key_id)
    if key is None:
        raise UnknownKey(str(key_id))
    return bytes((key_id,)) + hmac.digest(key, message, "sha256")[:31]


def _verify(ring: KeyRing, given: bytes | None, purpose: str, message: bytes) -> bool:
    if given is None or len(given) != len(START):
        return False
    return hmac.compare_digest(given, _authenticate(ring, given[0], purpose, message))
