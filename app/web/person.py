"""Who is looking at the page: Flask-Login over the server-side login row, and nothing else.

Only Flask-Login's ``request_loader`` is used. Its own session cookie stays valid after logout and its
fingerprint believes any ``X-Forwarded-For`` (pitfall 28, house style 2.5).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from flask import Flask
from flask import Request
from flask import g
from flask_login import UserMixin
from flask_login import current_user

from app import edge
from app.edge import Ambiguous
from app.extensions import login_manager
from app.policy.facts import Leg
from app.services.access.callers import Caller
from app.services.login import login_sessions
from app.services.problems import Problem


@dataclass(frozen=True)
class Person(UserMixin):  # type: ignore[misc]
    """A person whose login stands. The id is the *login session's*, so ending the row ends it everywhere."""

    caller: Caller

    def get_id(self) -> str:
        return self.caller.session_label

    @property
    def name(self) -> str:
        return self.caller.user_name

    @property
    def full_name(self) -> str:
        return self.caller.full_name


def present() -> Person | None:
    """The person of this request, when the login stands."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def known(request: Request) -> Caller | None:
    """Somebody whose login stands, even one who may do nothing: he is told why, not sent to log in again."""
    caller = behind_cookie(request)
    if caller is None or not caller.interactive:
        return None
    return caller if all(f.rule == "user_active" for f in caller.decision.denials) else None


def behind_cookie(request: Request) -> Caller | None:
    """The login a cookie names, whether or not it still stands: to be re-opened or ended."""
    try:
        credential = edge.presented(request)
    except Ambiguous:
        return None
    if credential is None or credential.kind != "cookie":
        return None
    return edge.identify(request, credential)


def is_unclear(request: Request) -> bool:
    """Whether it cannot be told which login this is: two cookies of one name (security rule 44)."""
    try:
        edge.presented(request)
    except Ambiguous:
        return True
    return False


def held_login(request: Request) -> Caller | None:
    """The login whose present cookie this is, live or not; a superseded cookie counts for nothing."""
    caller = behind_cookie(request)
    credential = caller.question.credential if caller is not None else None
    if caller is None or caller.kind != "login" or credential is None or credential.spent:
        return None
    return caller


def leave_out() -> None:
    """Do not ask any more, in this request, who is there."""
    g.argus_nobody_asked = True


def register(app: Flask) -> None:
    """Make Flask-Login load people from the cookie; give every template the person."""
    login_manager.session_protection = None
    login_manager.request_loader(_load)

    @app.context_processor
    def _person() -> dict[str, object]:
        return {"person": present()}


def _load(request: Request) -> Person | None:
    caller = behind_cookie(request) if "argus_nobody_asked" not in g else None
    if caller is None or not caller.interactive:
        return None
    g.argus_user_language = caller.language
    # Leg API with nothing asked: credential, login, idle clock and user, as the decision sees them.
    if caller.question.leg is not Leg.API or not caller.decision:
        return None
    # Best effort: a database too busy for the idle clock must not log anybody out.
    with contextlib.suppress(Problem):
        login_sessions.seen(caller.login_id, caller.login.last_seen_at)
    return Person(caller)
