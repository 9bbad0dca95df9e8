"""Every login that stands, of the users one may end sessions of: what is open right now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy import select

from app import clock
from app.models.clients import OAuthClient
from app.models.directory import Subject
from app.models.directory import User
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.access import directory
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Condition
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
from app.services.clients import registry
from app.services.guards import Guard
from app.services.inspection import session_admin
from app.services.inspection.session_admin import Branch
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing


@dataclass(frozen=True, slots=True)
class Opened:
    """One login with its applications, and whose it is."""

    user: Subject
    branch: Branch


def found(caller: Caller, user: str, client: str, page: Page) -> Found[Opened]:
    """The newest first; of one user, or with a session of one client, when named. A few queries for any page.

    Raises ``Denied``, ``Invalid``.
    """
    caller.needs(Guard.DELETE_SESSION)
    owner = select(User.id).where(
        User.id == LoginSession.user_id,
        func.coalesce(User.session_epoch, 0) == LoginSession.session_epoch,
        # Both, as ending asks for both: what one may not know of is as absent.
        search.within_reach(caller, Guard.DELETE_SESSION, User.customer_id),
        search.within_reach(caller, Guard.VIEW_USERS, User.customer_id),
    )
    condition: Condition = (
        LoginSession.ended_at.is_(None) & (LoginSession.expires_at > clock.now()) & owner.exists()
    )
    if user:
        condition &= LoginSession.user_id.in_(filter_names.subjects([user], caller, "user"))
    if client:
        under = select(OAuthSession.login_session_id).where(
            OAuthSession.client_id == _client_named(client, caller).id, OAuthSession.ended_at.is_(None)
        )
        condition &= LoginSession.id.in_(under)
    newest = (LoginSession.created_at.desc(), LoginSession.id.desc())
    logins = search.fetch(LoginSession, condition, page, newest)
    users = directory.subjects_by_id(login.user_id for login in logins.rows)
    opened = [Opened(users[b.login.user_id], b) for b in session_admin.branches(logins.rows)]
    return Found(opened, logins.count, page)


def _client_named(text: str, caller: Caller) -> OAuthClient:
    try:
        return registry.visible(text, caller)
    except Missing:
        raise Invalid(FieldProblem("client", "There is no such application.", "UNKNOWN")) from None
