"""``Argus-Csrf-Token`` (contract 1.8): required for every call that is authenticated by the cookie."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from urllib.parse import unquote

from flask import Request

from app import clock
from app.runtime import settings
from app.services.access.callers import Caller
from app.services.login.session_key import derive_session_key
from app.services.problems import BadCsrf

HEADER = "Argus-Csrf-Token"
WINDOW_MILLISECONDS = 5 * 60 * 1000
MOST_CHARACTERS = 4096


def check_csrf(request: Request, caller: Caller) -> None:
    """Raise ``BadCsrf`` unless the header proves that the caller's own script made this call."""
    header = request.headers.get(HEADER, "")
    parts = header.split(".")
    if len(parts) != 3 or len(header) > MOST_CHARACTERS:
        raise BadCsrf
    key = base64.b64decode(derive_session_key(caller.token))
    # The signature is over the received bytes: the client's JSON contains spaces, so do not serialise it
    # again.
    expected = hmac.digest(key, f"{parts[0]}.{parts[1]}".encode(), "sha256")
    if not hmac.compare_digest(expected, _decode(parts[2])):
        raise BadCsrf
    try:
        claims = json.loads(_decode(parts[1]))
        url, timestamp = claims["url"], claims["timestamp"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadCsrf from None
    if not isinstance(url, str) or not isinstance(timestamp, int):
        raise BadCsrf
    now = int(clock.now().timestamp() * 1000)
    if abs(now - timestamp) > WINDOW_MILLISECONDS or unquote(url) != settings().base_url + request.path:
        raise BadCsrf


def _decode(segment: str) -> bytes:
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCsrf from None
