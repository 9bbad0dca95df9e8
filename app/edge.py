"""What every edge needs of a request: where it came from, and which credential it presents."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from flask import Request
from flask import g

from app import cookies
from app.policy import network
from app.runtime import settings
from app.services.access import callers
from app.services.access.callers import Caller
from app.services.contact import Contact

# Asked by whoever watches the process, under whatever host name (design §8).
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
BEARER = re.compile(r"bearer +([\x21-\x7e]{1,512})", re.IGNORECASE | re.ASCII)


class Ambiguous(Exception):
    """More than one credential of a kind, or one that cannot be read: refused, never guessed."""


@dataclass(frozen=True, slots=True)
class Presented:
    """One credential as it arrived: ``kind`` is ``key``, ``bearer`` or ``cookie``."""

    kind: str
    text: str


def contact(request: Request) -> Contact:
    """Address (through trusted proxies only), request id and user agent; worked out once per request."""
    known: Contact | None = g.get("argus_contact")
    if known is None:
        forwarded = request.headers.getlist("X-Forwarded-For")
        trusted = settings().trusted_proxies
        known = g.argus_contact = Contact(
            address=network.client_address(request.remote_addr, forwarded, trusted),
            asserted=network.asserted_address(request.remote_addr, forwarded, trusted),
            request_id=secrets.token_hex(8),
            user_agent=(request.user_agent.string or "")[:200],
        )
    return known


def presented(request: Request) -> Presented | None:
    """The credential of a request. An explicit header decides alone and never falls back to the cookie.

    Raises ``Ambiguous`` for a key beside a bearer, or for two of one kind (security rules 44, 45, 53).
    """
    key = presented_key(request)
    authorizations = request.headers.getlist("Authorization")
    if len(authorizations) > 1 or (key is not None and authorizations):
        raise Ambiguous
    if key is not None:
        return key
    if authorizations:
        match = BEARER.fullmatch(authorizations[0])
        if match is None:
            raise Ambiguous
        return Presented("bearer", match[1])
    logins = cookies.sent(request, cookies.LOGIN)
    if len(logins) > 1:
        raise Ambiguous
    return Presented("cookie", logins[0]) if logins else None


def presented_key(request: Request) -> Presented | None:
    """The API key of a request, whatever stands beside it. Raises ``Ambiguous`` for two."""
    keys = request.headers.getlist("Argus-API-Key")
    if len(keys) > 1:
        raise Ambiguous
    return Presented("key", keys[0]) if keys else None


def identify(request: Request, credential: Presented) -> Caller | None:
    """The caller behind a credential; ``None`` when it is not ours."""
    find = {"key": callers.from_api_key, "bearer": callers.from_token, "cookie": callers.from_cookie}
    return find[credential.kind](credential.text, contact(request))
