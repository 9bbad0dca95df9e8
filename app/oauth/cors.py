"""CORS: which other origins may read which answer (Fetch 3.3, design decision 27, decision 042).

Only what stands in ``READERS`` sends such headers. None allows credentials: no
cookie counts at these endpoints.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from enum import StrEnum

from flask import Blueprint
from flask import Response
from flask import g
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from app.oauth import request_checks
from app.oauth.protocol_errors import ProtocolError
from app.policy import origins
from app.services.access import client_rows
from app.services.access.credential_parts import ClientPart
from app.services.problems import Unavailable
from app.services.unit_of_work import DatabaseError
from app.services.unit_of_work import PoolTimeout


class Readers(StrEnum):
    """Who may read the answers of an endpoint."""

    EVERYBODY = "everybody"
    CLIENT = "the origins of the redirect URIs of the client that the request names, if it has no secret"
    BEARER = "the same, of the client that the bearer token was issued to"


# By the name of the view.
READERS: Mapping[str, Readers] = {
    "oauth.openid_configuration": Readers.EVERYBODY,
    "oauth.authorization_server_metadata": Readers.EVERYBODY,
    "oauth.protected_resource_metadata": Readers.EVERYBODY,
    "oauth.jwks": Readers.EVERYBODY,
    "oauth.token": Readers.CLIENT,
    "oauth.revoke": Readers.CLIENT,
    "oauth.userinfo": Readers.BEARER,
}
# What browsers keep of a preflight for at most.
PREFLIGHT_SECONDS = 7200
# A preflight comes before the client is known, so it is answered alike to all, and asks nothing. What it lets
# through any program can send; who may read what comes back is judged then.
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
}
# What a script may read beside the body: why it was refused, when to come again, and what to put
# into the next proof.
READ_HEADERS = "WWW-Authenticate, Retry-After, DPoP-Nonce"
# Of a page that hides its own: no redirect URI has it.
NO_ORIGIN = "null"
# In a body or query that cannot be parsed: whose error it is. Ids are of this form only.
CLIENT_ID = re.compile(rb"\bclient_id\"?\s*[=:]\s*\"?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


def register(blueprint: Blueprint) -> None:
    """Set the headers after every request to this blueprint, errors included."""
    blueprint.after_request(_set_headers)


def note_client(client: ClientPart | None) -> None:
    """Keep which client this request is answered to: reading it again would be another query."""
    if client is not None:
        g.argus_answered_client = client


def _set_headers(response: Response) -> Response:
    readers = READERS.get(request.endpoint or "")
    if readers is None:
        return response
    origin = request.headers.get("Origin")
    if request.method == "OPTIONS":
        if "Access-Control-Request-Method" in request.headers and origin not in (None, NO_ORIGIN):
            response.headers.update(PREFLIGHT)
    elif readers is Readers.EVERYBODY:
        response.headers["Access-Control-Allow-Origin"] = "*"
    else:
        response.vary.add("Origin")
        if origin is not None and _may_read(origin, readers, response.status_code):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = READ_HEADERS
    return response


def _may_read(origin: str, readers: Readers, status: int) -> bool:
    client: ClientPart | None = g.get("argus_answered_client")
    # A database that just failed is not asked again.
    if client is None and readers is Readers.CLIENT and status < 500:
        client = _find_named_client()
    if client is None or not client.is_public or client.deleted_at is not None:
        return False
    return origins.is_origin_of_any(origin, client.redirect_uris)


def _find_named_client() -> ClientPart | None:
    """Find the client of a request that was refused before anybody looked for it."""
    client_id = _read_client_id()
    if client_id is None:
        return None
    with contextlib.suppress(DatabaseError, PoolTimeout, Unavailable):
        return client_rows.find_requesting_client(client_id)
    return None


def _read_client_id() -> str | None:
    with contextlib.suppress(ProtocolError):
        by_header = request_checks.read_client_credentials(request, {}).client_id
        if by_header is not None:
            return by_header
    with contextlib.suppress(RequestEntityTooLarge):
        found = CLIENT_ID.findall(request.query_string + b"&" + request.get_data(cache=True))
        return found[0].decode("ascii") if len(set(found)) == 1 else None
    return None
