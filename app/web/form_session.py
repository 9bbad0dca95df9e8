"""The form session, Flask's signed cookie: CSRF token, messages, a step begun. It belongs to one login.

A signature alone would keep it valid after the login, and in any other browser (security rule 40).
"""

from __future__ import annotations

from flask import Flask
from flask import Request
from flask import Response
from flask import request as current_request
from flask.sessions import SecureCookieSessionInterface
from flask.sessions import SessionMixin
from itsdangerous import URLSafeTimedSerializer

from app import cookies
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import read_token

OWNER = "login"
NOBODY = ""


class FormSessions(SecureCookieSessionInterface):
    """Opened in another login than it was saved in, or in none, a form session is empty."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Make the signer once: the keys of an application do not change."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:  # type: ignore[override]
        if "HTTP_COOKIE" not in request.environ or self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        held = super().open_session(app, request)
        if held and held.get(OWNER, NOBODY) not in _list_logins(request):
            held.clear()
        return held

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not session.accessed and not session.modified:
            return  # it is as it was, and this answer does not depend on it
        if session and session.modified:
            stored = cookies.find_stored_value(cookies.LOGIN)
            if stored is not None:
                session[OWNER] = _name_login(stored)
            elif OWNER not in session:
                session[OWNER] = _list_logins(current_request)[0]
        super().save_session(app, session, response)


def _list_logins(request: Request) -> list[str]:
    """Name the login of each cookie; nobody's, if there is none.

    Two of one name are refused by whoever acts on them (security rule 44), by a page that has forms.
    """
    return [_name_login(text) for text in cookies.read_cookie_values(request, cookies.LOGIN)] or [NOBODY]


def _name_login(text: str) -> str:
    """Name a login so that the name opens nothing: it changes with the cookie, at every login."""
    token = read_token(text, Kind.LOGIN)
    return token.digest.hex()[:32] if token is not None else NOBODY
