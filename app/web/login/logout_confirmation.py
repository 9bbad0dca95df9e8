"""A log-out on its way, signed: what an application posted, and what the person must confirm.

Neither has the ID token in it: an address ends up in histories and logs.
"""

from __future__ import annotations

from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import replace

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
    """The name of the application, and an address that is registered, or why the browser goes to none.

    ``client_id``: an ID token proved that this application asks.
    """

    application: str | None = None
    uri: str | None = None
    client_id: str | None = None
    return_problem: str | None = None


def draft_logout(asked: LogoutRequest) -> PendingLogout:
    """Keep of a request what is needed until the login has ended."""
    proven = asked.proven_client
    return PendingLogout(
        asked.client.name if asked.client is not None else None,
        asked.redirect_uri,
        proven.id if proven is not None else None,
        asked.return_problem,
    )


def wrap_request(asked: LogoutRequest) -> str:
    """Sign what an application posted, as far as it is valid, for the redirect that brings the cookie."""
    client = asked.client.id if asked.client is not None else None
    held = [client, asked.subject, asked.sid, asked.redirect_uri, asked.return_problem]
    return str(_create_serializer("asked-logout").dumps(held))


def unwrap_request(text: str) -> LogoutRequest:
    """Return what we signed a moment ago; any other text gives an empty request, and the person is asked."""
    try:
        held = _create_serializer("asked-logout").loads(text[:MOST_CHARACTERS], max_age=REQUEST_SECONDS)
        client_id, *others = held
    except (BadSignature, ValueError):
        return LogoutRequest()
    return LogoutRequest(client_rows.find_requesting_client(client_id or ""), *others)


def wrap_logout(way: PendingLogout) -> str:
    """Sign it; a very long address is left out, and the log-out then ends on our own page."""
    text = str(_create_serializer("pending-logout").dumps(astuple(way)))
    return text if len(text) <= MOST_CHARACTERS else wrap_logout(replace(way, uri=None))


def unwrap_logout(text: str | None) -> PendingLogout:
    """Return what we signed within the last hour; any other text gives an empty value."""
    if not text or len(text) > MOST_CHARACTERS:
        return PendingLogout()
    try:
        return PendingLogout(*_create_serializer("pending-logout").loads(text, max_age=LIFE_SECONDS))
    except (BadSignature, TypeError):
        return PendingLogout()


def _create_serializer(kind: str) -> URLSafeTimedSerializer:
    return keyring().build_serializer("continuation", kind)
