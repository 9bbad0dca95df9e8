"""Statements that others signed (JWS compact, RFC 7515; JWT, RFC 7519): read strictly, verified by a key and
an algorithm of our choice (RFC 8725). What the text says about keys is never fetched.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from app import clock
from app.services.tokens.public_keys import ALGORITHMS
from app.services.tokens.public_keys import PublicKey

MOST_CHARACTERS = 8_000
# Clocks of others go wrong by so much.
SKEW_SECONDS = 60
MOST_JTI_CHARACTERS = 512


class _Registry(JWSRegistry):
    """The algorithms of the table, headers long enough for a key, and names of headers that nobody knows."""

    max_header_length = 4_000
    max_payload_length = MOST_CHARACTERS

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        # EdDSA with the one curve that the table has; the library warns of the older name.
        return self.algorithms["Ed25519" if name == "EdDSA" else name]


_REGISTRY = _Registry(strict_check_header=False)


class StatementProblem(Exception):
    """The statement does not count. ``reason`` is its code, for the audit row."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was read; nothing in it is proved before ``verify``."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    def find_text(self, name: str) -> str | None:
        """Return a claim if it is a text."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else None


def read_statement(text: str) -> Statement:
    """Read header and claims. Raises ``StatementProblem``."""
    if len(text) > MOST_CHARACTERS or not text.isascii() or text.count(".") != 2:
        raise StatementProblem("statement_malformed")
    try:
        found = jws.extract_compact(text.encode(), registry=_REGISTRY)
        claims = _read_object(found.payload)
        header = found.headers()
    except (JoseError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise StatementProblem("statement_malformed") from None
    # A header that must be understood (RFC 7515 4.1.11): we know none.
    if not isinstance(header, dict) or "crit" in header or not isinstance(header.get("alg"), str):
        raise StatementProblem("statement_malformed")
    return Statement(text, header, claims)


def _read_object(payload: bytes) -> dict[str, Any]:
    """Read the claims: one object, no name in it twice, no NaN. Raises ``ValueError``."""
    found = json.loads(payload.decode("utf-8"), object_pairs_hook=_refuse_repeats, parse_constant=_refuse)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("repeated")
    return found


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("no number")


def verify(statement: Statement, keys: Sequence[PublicKey], algorithms: Sequence[str] = ALGORITHMS) -> None:
    """Verify the signature by one of these keys. Raises ``StatementProblem``."""
    alg, kid = statement.header["alg"], statement.header.get("kid")
    if alg not in algorithms:
        raise StatementProblem("statement_algorithm")
    known = [key for key in keys if alg in key.algorithms and (kid is None or key.kid in (None, kid))]
    if not known:
        raise StatementProblem("statement_key_unknown")
    if not any(_is_signed_by(key, statement.text) for key in known):
        raise StatementProblem("statement_signature")


def _is_signed_by(key: PublicKey, text: str) -> bool:
    try:
        jws.deserialize_compact(text, key.key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        return False
    return True


def read_time(statement: Statement, name: str) -> float | None:
    """Return a time (NumericDate, RFC 7519 2); ``None`` without one. Raises ``StatementProblem``."""
    value = statement.claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_time(value):
        raise StatementProblem("statement_malformed")
    return float(value)


def _is_time(value: float) -> bool:
    return abs(value) < 2**53 if isinstance(value, int) else math.isfinite(value)


def get_now() -> float:
    """Return the time of the application's clock, in epoch seconds."""
    return clock.now().timestamp()


def read_jti(statement: Statement) -> str:
    """Return what tells this statement from all others of its signer. Raises ``StatementProblem``."""
    jti = statement.find_text("jti")
    if jti is None or not 0 < len(jti) <= MOST_JTI_CHARACTERS:
        raise StatementProblem("statement_jti")
    return jti
