"""A log-out that the person is asked about first: who asks, and where it leads. Signed, in page and form."""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from app.services.tokens.keyring import keyring

LIFE_SECONDS = 3600
# With it an address still is a request line that every server takes.
MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class WayOut:
    """The name of the application that asks, and an address that was found to be registered."""

    application: str | None = None
    uri: str | None = None


def wrap(way: WayOut) -> str:
    """The signed text; an endless address is left out, and the person ends on our own page."""
    text = str(_serializer().dumps({"a": way.application, "u": way.uri}))
    return text if len(text) <= MOST_CHARACTERS else wrap(WayOut(way.application))


def unwrap(text: str | None) -> WayOut:
    """What we signed within the hour; of anything else nothing is believed."""
    if not text or len(text) > MOST_CHARACTERS:
        return WayOut()
    try:
        held = _serializer().loads(text, max_age=LIFE_SECONDS)
    except BadSignature:
        return WayOut()
    return WayOut(held["a"], held["u"])


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(keyring().derive("continuation") or b"", salt="logout")
