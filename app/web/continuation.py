"""An authorization request that waits for a login:
signed, in the URL, so that strangers cannot store anything.

It also contains when the request first arrived; ``prompt=login`` is measured from then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime

from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from app.services.tokens import pushed_requests
from app.services.tokens.keyring import keyring

LIFE_SECONDS = 3600
MOST_CHARACTERS = 12_000


@dataclass(frozen=True, slots=True)
class Continuation:
    """The parameters as they arrived, and when."""

    params: Mapping[str, str]
    began_at: datetime


def wrap_request(params: Mapping[str, str], began_at: datetime) -> str:
    """Sign a waiting request. One that was pushed stays encrypted."""
    held = {"p": dict(pushed_requests.fold(params)), "t": began_at.timestamp()}
    return str(_create_serializer().dumps(held))


def unwrap_request(text: str | None) -> Continuation | None:
    """Return the waiting request, if we signed it within the last hour."""
    if not text or len(text) > MOST_CHARACTERS:
        return None
    try:
        held = _create_serializer().loads(text, max_age=LIFE_SECONDS)
    except BadSignature:
        return None
    params = pushed_requests.unfold(held["p"])
    return Continuation(params, datetime.fromtimestamp(held["t"], UTC)) if params is not None else None


def _create_serializer() -> URLSafeTimedSerializer:
    return keyring().build_serializer("continuation", "authorize")
