"""A log-out that the person must confirm: the application, and the target address.
Signed, in page and form.
"""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from app.services.tokens.keyring import keyring

LIFE_SECONDS = 3600
# With this length the URL is still a request line that every server accepts.
MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class PendingLogout:
    """The name of the application, and an address that is registered."""

    application: str | None = None
    uri: str | None = None


def wrap_logout(way: PendingLogout) -> str:
    """Sign it; a very long address is left out, and the log-out then ends on our own page."""
    text = str(_create_serializer().dumps({"a": way.application, "u": way.uri}))
    return text if len(text) <= MOST_CHARACTERS else wrap_logout(PendingLogout(way.application))


def unwrap_logout(text: str | None) -> PendingLogout:
    """Return what we signed within the last hour; any other text gives an empty value."""
    if not text or len(text) > MOST_CHARACTERS:
        return PendingLogout()
    try:
        held = _create_serializer().loads(text, max_age=LIFE_SECONDS)
    except BadSignature:
        return PendingLogout()
    return PendingLogout(held["a"], held["u"])


def _create_serializer() -> URLSafeTimedSerializer:
    return keyring().build_serializer("continuation", "logout")
