"""Where a browser goes after a log-out that the person was asked about first: signed, in the form."""

from __future__ import annotations

from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from app.services.keyring import keyring

LIFE_SECONDS = 3600
MOST_CHARACTERS = 8_192


def wrap(uri: str) -> str:
    """The signed text of an address that was found to be registered."""
    return str(_serializer().dumps(uri))


def unwrap(text: str | None) -> str | None:
    """The address, when we signed it within the hour."""
    if not text or len(text) > MOST_CHARACTERS:
        return None
    try:
        return str(_serializer().loads(text, max_age=LIFE_SECONDS))
    except BadSignature:
        return None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(keyring().derive("continuation") or b"", salt="logout")
