"""The user of the page: Flask-Login with the login rows of the server, and nothing else.

Only Flask-Login's ``request_loader`` is used. Its own session cookie stays valid after logout, and its
fingerprint trusts any ``X-Forwarded-For`` (pitfall 28, house style 2.5).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from flask import Flask
from flask import Request
from flask import g
from flask import request
from flask_login import UserMixin
from flask_login import current_user

from app import edge
from app.edge import AmbiguousCredential
from app.extensions import login_manager
from app.policy.facts import Leg
from app.services.access import presented
from app.services.access.callers import Caller
from app.services.login import login_sessions
from app.services.problems import Problem
from app.web import hooks


@dataclass(frozen=True)
class Person(UserMixin):  # type: ignore[misc]
    """A user with a live login. The id is the *login session's*, so ending the row logs out everywhere."""

    caller: Caller

    def get_id(self) -> str:
        return self.caller.session_label

    @property
    def name(self) -> str:
        return self.caller.user_name

    @property
    def full_name(self) -> str:
        return self.caller.full_name


def current_person() -> Person | None:
    """Return the user of this request, if the login is live."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def find_known_caller(request: Request) -> Caller | None:
    """Find a caller with a live login, even one who may do nothing: the page then explains why."""
    caller = find_caller_by_cookie(request)
    if caller is None or not caller.is_interactive:
        return None
    return caller if all(f.rule == "user_active" for f in caller.decision.denials) else None


def find_caller_by_cookie(request: Request) -> Caller | None:
    """Find the login of the cookie, live or not, to re-open or end it."""
    try:
        credential = edge.find_credential(request)
    except AmbiguousCredential:
        return None
    if credential is None or credential.kind != "cookie":
        return None
    return edge.identify_caller(request, credential)


def look_ahead(request: Request, client_id: str) -> None:
    """Load the login of the cookie and the client that the request names in one look-up."""
    with contextlib.suppress(AmbiguousCredential):
        credential = edge.find_credential(request)
        if credential is not None and credential.kind == "cookie":
            presented.look_ahead(credential.text, client_id)


def is_unclear(request: Request) -> bool:
    """Tell whether the login is ambiguous: two cookies of one name (security rule 44)."""
    try:
        edge.find_credential(request)
    except AmbiguousCredential:
        return True
    return False


def find_held_login(request: Request) -> Caller | None:
    """Find the login whose current cookie this is, live or not; a superseded cookie finds nothing."""
    caller = find_caller_by_cookie(request)
    credential = caller.question.credential if caller is not None else None
    if caller is None or caller.kind != "login" or credential is None or credential.spent:
        return None
    return caller


def forget_person() -> None:
    """Stop looking up the user for the rest of this request."""
    g.argus_nobody_asked = True


def register(app: Flask) -> None:
    """Let Flask-Login load users from the cookie; give every template the user."""
    login_manager.session_protection = None
    login_manager.request_loader(_load_person)
    hooks.before_pages(app, _accept_long_form)

    @app.context_processor
    def _person() -> dict[str, object]:
        return {"person": current_person()}


def _accept_long_form() -> None:
    """Let a user send a long form. It runs before any other check reads the form."""
    if (request.content_length or 0) > edge.OF_STRANGERS.body_bytes and current_person() is not None:
        edge.accept_long_body(request)


def _load_person(request: Request) -> Person | None:
    caller = find_caller_by_cookie(request) if "argus_nobody_asked" not in g else None
    if caller is None or not caller.is_interactive:
        return None
    g.argus_user_language = caller.language
    # Leg API without a function: the decision judges credential, login, idle time and user.
    if caller.question.leg is not Leg.API or not caller.decision:
        return None
    # If possible: a database that is too busy to update the idle time must not log anybody out.
    with contextlib.suppress(Problem):
        login_sessions.note_seen(caller.login_id, caller.login.last_seen_at)
    return Person(caller)
