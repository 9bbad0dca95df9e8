"""Every cookie of this product, in one table. Only this module sets or deletes cookies.

Each is HttpOnly, SameSite=Lax and for the whole site; Secure exactly when the base URL is https (security
rule 44).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Request
from flask import g
from werkzeug.wrappers import Response

from app.config import Settings
from app.runtime import settings
from app.services.tokens import device_text

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie. Without a ``lifetime`` it lasts until the browser is closed.

    ``host_prefix``: over https its name begins with ``__Host-``, so that no other host can plant one.
    """

    name: str
    purpose: str
    lifetime: timedelta | None = None
    http_only: bool = True
    same_site: str = "Lax"
    path: str = "/"
    host_prefix: bool = False

    def name_under(self, settings: Settings) -> str:
        """Return the name that the browser sees."""
        return f"__Host-{self.name}" if self.host_prefix and settings.is_https else self.name


LOGIN = Cookie("argus_session", "The login: a random text whose digest is stored with the login session.")
FORM = Cookie("argus_form", "The form session, signed: CSRF token, messages, a step begun.", host_prefix=True)
LANGUAGE = Cookie("argus_language", "The language chosen at the foot of a page.", lifetime=YEAR)
LAST_METHOD = Cookie("argus_last_method", "The way in that this browser used last.", lifetime=YEAR)
DEVICE = Cookie(
    "argus_device",
    "Who logged in from this browser, signed: guesses of strangers do not stop them here.",
    lifetime=device_text.LIFETIME,
)

ALL = (LOGIN, FORM, LANGUAGE, LAST_METHOD, DEVICE)


def store(response: Response, cookie: Cookie, value: str) -> None:
    """Set a cookie."""
    response.set_cookie(
        cookie.name_under(settings()),
        value,
        max_age=cookie.lifetime,
        path=cookie.path,
        httponly=cookie.http_only,
        samesite=cookie.same_site,
        secure=settings().is_https,
    )
    _note_stored(cookie, value)


def clear_cookie(response: Response, cookie: Cookie) -> None:
    """Delete the cookie in the browser."""
    response.delete_cookie(
        cookie.name_under(settings()),
        path=cookie.path,
        httponly=cookie.http_only,
        samesite=cookie.same_site,
        secure=settings().is_https,
    )
    _note_stored(cookie, "")


def find_stored_value(cookie: Cookie) -> str | None:
    """Return what the answer to this request sets the cookie to: empty if it deletes it,
    ``None`` if it leaves it.
    """
    found: str | None = g.get("argus_cookies", {}).get(cookie.name)
    return found


def _note_stored(cookie: Cookie, value: str) -> None:
    g.setdefault("argus_cookies", {})[cookie.name] = value


def read_cookie_values(request: Request, cookie: Cookie) -> list[str]:
    """Return every value that the browser sent under this name:
    more than one if another site set a second one.
    """
    if "HTTP_COOKIE" not in request.environ:
        return []  # as programs call
    return request.cookies.getlist(cookie.name_under(settings()))


def build_flask_settings(settings: Settings) -> dict[str, object]:
    """Return Flask's settings for the one cookie that Flask sets itself."""
    return {
        "SESSION_COOKIE_NAME": FORM.name_under(settings),
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": FORM.http_only,
        "SESSION_COOKIE_SAMESITE": FORM.same_site,
        "SESSION_COOKIE_PATH": FORM.path,
    }
