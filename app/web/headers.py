"""Security headers on every answer, errors included (security rules 73-74)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask import Response
from flask import g
from flask import request
from whitenoise.base import Headers

from app.config import RETRY_AFTER_SECONDS
from app.runtime import settings
from app.services.tokens import dpop_nonces

YEAR = 31_536_000
# Swagger's page shows images from data URLs; nothing else on it is less strict.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'{images}; script-src 'self'; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'{forms}"
)


def let_form_lead_on() -> None:
    """Leave ``form-action`` out of this page's policy: its form leads to an application.

    Browsers apply it to every redirect after the form, and only the application knows where it sends people
    on to (decision 41).
    """
    g.argus_form_leads_on = True


def register(app: Flask) -> None:
    """Set the headers after every request. Every 503 says when to come again (RFC 9110 15.6.4)."""
    app.after_request(_set_headers)


def prepare_static_headers(app: Flask) -> Callable[[Headers, str, str], None]:
    """Return what sets the same headers on static files, which never reach Flask."""
    with app.app_context():
        common = _list_common_headers()

    def set_headers(headers: Headers, _path: str, _url: str) -> None:
        for name, value in common.items():
            headers[name] = value

    return set_headers


def _list_common_headers() -> dict[str, str]:
    """Return the headers of every answer."""
    common = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    if settings().is_https:
        common["Strict-Transport-Security"] = f"max-age={YEAR}"
    return common


def _set_headers(response: Response) -> Response:
    headers = response.headers
    headers.update(_list_common_headers())
    headers.setdefault("Cache-Control", "no-store")
    if "HTTP_DPOP" in request.environ:
        # For the next proof of whoever sent one (RFC 9449 8.2).
        headers["DPoP-Nonce"] = dpop_nonces.make_nonce()
    if response.status_code == 503:
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    if response.mimetype == "text/html":
        headers["Content-Security-Policy"] = POLICY.format(
            forms="" if "argus_form_leads_on" in g else "; form-action 'self'",
            images=" data:" if "argus_data_images" in g else "",
        )
        headers["X-Frame-Options"] = "DENY"
    return response
