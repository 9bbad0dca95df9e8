"""The public origin comes from settings, never from headers (security rule 52); paths are plain text."""

from __future__ import annotations

from urllib.parse import quote
from urllib.parse import urlsplit

from flask import Flask
from flask import abort
from flask import redirect
from flask import request
from flask.typing import ResponseReturnValue
from structlog import get_logger

from app.edge import HEALTH_PATHS
from app.policy.redirects import NETLOC
from app.policy.sentences import Sentence
from app.runtime import settings
from app.web.errors import answer_plainly

# What a query string is made of (RFC 3986 3.4): the rest is escaped, what is escaped stays.
PUNCTUATION = "%-._~!$&'()*+,;=:@/?"
DEFAULT_PORTS = {"http": 80, "https": 443}
WRONG_HOST = (
    "This server answers at {host}, and was called by another name. Whoever runs it can correct the setting"
    " ARGUS_BASE_URL, or the Host that a proxy passes on."
)
log = get_logger("argus")


def register(app: Flask) -> None:
    """Refuse unknown hosts and invalid paths; redirect ``localhost`` to the configured loopback origin."""
    # A path with // or a control character matches no page, and is not redirected either.
    app.url_map.merge_slashes = False
    app.before_request(_check_path)
    app.before_request(_check_host)


def _check_path() -> None:
    if not request.path.isprintable():
        abort(404)


def _check_host() -> ResponseReturnValue | None:
    host = request.headers.get("Host", "")
    if request.path in HEALTH_PATHS or _is_ours(host):
        return None
    own = urlsplit(settings().base_url)
    place = _read_place(host, own.scheme)
    is_local = place is not None and place[0] == "localhost"
    if is_local and own.scheme == "http" and request.method in ("GET", "HEAD"):
        query = quote(request.query_string, safe=PUNCTUATION)
        return redirect(settings().base_url + quote(request.path) + (f"?{query}" if query else ""), 307)
    log.warning("host", received=ascii(host)[:100], expected=settings().host, setting="ARGUS_BASE_URL")
    return answer_plainly(400, Sentence(WRONG_HOST, host=settings().host))


def _is_ours(host: str) -> bool:
    """Tell whether a browser that was sent to the base URL may write this: a default port is left out or
    spelled out, a name has no case and may end with a dot (RFC 9110 4.2.3, RFC 3986 3.2.2).
    """
    if host == settings().host:
        return True
    scheme = urlsplit(settings().base_url).scheme
    place = _read_place(host, scheme)
    return place is not None and place == _read_place(settings().host, scheme)


def _read_place(host: str, scheme: str) -> tuple[str, int] | None:
    """Return the name and the port of a host; ``None`` if it is no host."""
    if NETLOC.fullmatch(host) is None:
        return None
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None
    name = (parts.hostname or "").removesuffix(".")
    return name, DEFAULT_PORTS[scheme] if port is None else port
