"""Sessions, as users and administrators list and end them: logins with application sessions (design §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.clients import OAuthClient
from app.models.directory import Subject
from app.models.directory import User
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.access import delegation
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Condition
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
from app.services.administration.visibility import may_see
from app.services.audit import trail
from app.services.clients import registry
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.login import login_sessions
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class LoginBranch:
    """One login with the application sessions under it, each with its client."""

    login: LoginSession
    applications: Sequence[tuple[OAuthSession, OAuthClient]]

    @property
    def shown(self) -> Sequence[tuple[OAuthSession, OAuthClient]]:
        """Return as many as a page holds, newest first: an application may log in again many times."""
        return list(reversed(self.applications))[:MOST_SHOWN]

    @property
    def more(self) -> int:
        """Count the older ones that are not shown; they end with the login."""
        return max(0, len(self.applications) - MOST_SHOWN)


@dataclass(frozen=True, slots=True)
class UserLogin:
    """One login with its application sessions, and its user."""

    user: Subject
    branch: LoginBranch


def list_branches(user: User) -> list[LoginBranch]:
    """List the user's live logins, newest first; two queries."""
    return build_branches(login_sessions.list_live_logins(user))


def build_branches(roots: Sequence[LoginSession]) -> list[LoginBranch]:
    """Build each login with its live application sessions; one query.

    Expired sessions are left out.
    """
    until = func.coalesce(OAuthSession.refresh_expires_at, OAuthSession.access_expires_at)
    statement = (
        select(OAuthSession, OAuthClient)
        .join(OAuthClient, OAuthClient.id == OAuthSession.client_id)
        .where(
            OAuthSession.login_session_id.in_([login.id for login in roots]),
            OAuthSession.ended_at.is_(None),
            until > clock.now(),
            OAuthClient.deleted_at.is_(None),
        )
        .order_by(OAuthSession.created_at)
    )
    under: dict[bytes, list[tuple[OAuthSession, OAuthClient]]] = {}
    for session, client in db.session.execute(statement):
        under.setdefault(session.login_session_id or b"", []).append((session, client))
    return [LoginBranch(login, under.get(login.id, ())) for login in roots]


def search_open_logins(caller: Caller, user: str, client: str, page: Page) -> Found[UserLogin]:
    """Search live logins of users whose sessions the caller may end, newest first.

    Optionally of one user, or with a session of one client; a fixed number of queries per page. Raises
    ``Denied``, ``Invalid``.
    """
    caller.require(Guard.DELETE_SESSION)
    owner = select(User.id).where(
        User.id == LoginSession.user_id,
        func.coalesce(User.session_epoch, 0) == LoginSession.session_epoch,
        # Both guards, because ending requires both: what the caller may not know of is absent.
        search.limit_to_reach(caller, Guard.DELETE_SESSION, User.customer_id),
        search.limit_to_reach(caller, Guard.VIEW_USERS, User.customer_id),
    )
    condition: Condition = (
        LoginSession.ended_at.is_(None) & (LoginSession.expires_at > clock.now()) & owner.exists()
    )
    if user:
        condition &= LoginSession.user_id.in_(filter_names.resolve_subjects([user], caller, "user"))
    if client:
        under = select(OAuthSession.login_session_id).where(
            OAuthSession.client_id == _get_client(client, caller).id, OAuthSession.ended_at.is_(None)
        )
        condition &= LoginSession.id.in_(under)
    newest = (LoginSession.created_at.desc(), LoginSession.id.desc())
    logins = search.fetch_page(LoginSession, condition, page, newest)
    users = directory.load_subjects_by_id(login.user_id for login in logins.rows)
    opened = [UserLogin(users[b.login.user_id], b) for b in build_branches(logins.rows)]
    return Found(opened, logins.count, page)


def end_session(identifier: str, caller: Caller) -> LoginSession | OAuthSession:
    """End one session by its identifier: an own one, or with ``deleteSession`` another user's.

    Raises ``Missing`` for absent and hidden sessions alike, ``Denied``, ``NotHeld``.
    """
    session = _find_session(identifier)
    if session is None:
        raise Missing("session")
    user = directory.get_user(session.user_id)
    if user.id != caller.user_id:
        if not may_see(caller, user):
            raise Missing("session")
        caller.require(Guard.DELETE_SESSION, user.customer_id)
        delegation.require_not_above(caller, user)
    if isinstance(session, LoginSession):
        endings.end(Event.ENDED_BY_NAME, session.id, caller.actor)
    elif endings.end(Event.SESSION_ENDED, session.id, caller.actor):
        trail.record("logout", caller.actor, user=(user.id, user.short_name), client_id=session.client_id)
    return session


def end_all_sessions(user: User, caller: Caller) -> int:
    """End all sessions of the user; returns the number of logins."""
    count = len(login_sessions.list_live_logins(user))
    endings.end(Event.ENDED_BY_ADMINISTRATOR, user, caller.actor)
    return count


def end_own_sessions(caller: Caller) -> None:
    """End all sessions of the caller, everywhere, including this login."""
    endings.end(Event.LOGGED_OUT_EVERYWHERE, directory.get_user(caller.user_id), caller.actor)


def name_method(session: LoginSession | OAuthSession) -> str:
    """Return the login method of this session: ``PASSWORD`` and the like, ``APIKEY`` for a key."""
    if isinstance(session, LoginSession):
        return session.method.upper()
    login = db.session.get(LoginSession, session.login_session_id) if session.login_session_id else None
    return login.method.upper() if login is not None else "APIKEY"


def _find_session(identifier: str) -> LoginSession | OAuthSession | None:
    if len(identifier) != 32:
        return None
    try:
        key = bytes.fromhex(identifier)
    except ValueError:
        return None
    login = db.session.get(LoginSession, key)
    if login is not None:
        return login if login.ended_at is None else None
    session = db.session.get(OAuthSession, key)
    return session if session is not None and session.ended_at is None else None


def _get_client(text: str, caller: Caller) -> OAuthClient:
    try:
        return registry.get_visible_client(text, caller)
    except Missing:
        raise Invalid(FieldProblem("client", "There is no such application.", "UNKNOWN")) from None
