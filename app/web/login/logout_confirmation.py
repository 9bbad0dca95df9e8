"""A log-out on its way, signed: what an application posted, and what the person must confirm.

Neither has the ID token in it: an address ends up in histories and logs.
"""

from __future__ import annotations

from dataclasses import dataclass

from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from app.oauth.logout_requests import LogoutRequest
from app.services.access import client_rows
from app.services.tokens.keyring import keyring

LIFE_SECONDS = 3600
# A browser follows a redirect at once.
REQUEST_SECONDS = 60
# With this length the URL is still a request line that every server accepts.
MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class PendingLogout:
    """The name of the application, and an address that is registered."""

    application: str | None = None
    uri: str | None = None


def wrap_request(asked: LogoutRequest) -> str:
    """Sign what an application posted, as far as it is valid, for the redirect that brings the cookie."""
    client = asked.client.id if asked.client is not None else None
    return str(
        _create_serializer("logout-request").dumps({"c": client, "s": asked.subject, "u": asked.redirect_uri})
    )


def unwrap_request(text: str) -> LogoutRequest:
    """Return what we signed a moment ago; any other text gives an empty request, and the person is asked."""
    try:
        held = _create_serializer("logout-request").loads(text[:MOST_CHARACTERS], max_age=REQUEST_SECONDS)
    except BadSignature:
        return LogoutRequest()
    return LogoutRequest(client_rows.find_requesting_client(held["c"] or ""), held["s"], held["u"])


def wrap_logout(way: PendingLogout) -> str:
    """Sign it; a very long address is left out, and the log-out then ends on our own page."""
    text = str(_create_serializer("logout").dumps({"a": way.application, "u": way.uri}))
    return text if len(text) <= MOST_CHARACTERS else wrap_logout(PendingLogout(way.application))


def unwrap_logout(text: str | None) -> PendingLogout:
    """Return what we signed within the last hour; any other text gives an empty value."""
    if not text or len(text) > MOST_CHARACTERS:
        return PendingLogout()
    try:
        held = _create_serializer("logout").loads(text, max_age=LIFE_SECONDS)
    except BadSignature:
        return PendingLogout()
    return PendingLogout(held["a"], held["u"])


def _create_serializer(kind: str) -> URLSafeTimedSerializer:
    return keyring().build_serializer("continuation", kind)
