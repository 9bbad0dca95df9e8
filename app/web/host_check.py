"""The public origin comes from settings, never from headers (security rule 52); paths are plain text."""

from __future__ import annotations

from urllib.parse import quote
from urllib.parse import urlsplit

from flask import Flask
from flask import abort
from flask import redirect
from flask import request
from werkzeug.wrappers import Response

from app.edge import HEALTH_PATHS
from app.runtime import settings

# What a query string is made of (RFC 3986 3.4): the rest is escaped, what is escaped stays.
PUNCTUATION = "%-._~!$&'()*+,;=:@/?"


def register(app: Flask) -> None:
    """Refuse unknown hosts and invalid paths; redirect ``localhost`` to the configured loopback origin."""
    # A path with // or a control character matches no page, and is not redirected either.
    app.url_map.merge_slashes = False
    app.before_request(_check_path)
    app.before_request(_check_host)


def _check_path() -> None:
    if not request.path.isprintable():
        abort(404)


def _check_host() -> Response | None:
    if request.path in HEALTH_PATHS:
        return None
    host = request.headers.get("Host", "").lower()
    if host == settings().host:
        return None
    own = urlsplit(settings().base_url)
    if _parse_host_name(host) == "localhost" and own.scheme == "http" and request.method in ("GET", "HEAD"):
        query = quote(request.query_string, safe=PUNCTUATION)
        return redirect(settings().base_url + quote(request.path) + (f"?{query}" if query else ""), 307)
    return abort(400)


def _parse_host_name(host: str) -> str | None:
    """Return the host without its port; ``None`` if it is no host."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
