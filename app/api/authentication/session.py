"""``/session`` (contract 3.1): describe this session, list what it may do, and end it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.policy.facts import SecurityLevel
from app.schemas.answers.events import LoginTreeShape
from app.schemas.answers.events import build_ended_session_shape
from app.schemas.answers.events import build_login_tree_shapes
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import FunctionBrief
from app.schemas.answers.infos import Nothing
from app.schemas.answers.sessions import CredentialsShape
from app.schemas.answers.sessions import LoginShape
from app.schemas.answers.sessions import SessionShape
from app.schemas.answers.sessions import build_login_shape
from app.schemas.answers.sessions import build_session_shape
from app.schemas.common import LEVELS
from app.schemas.common import InDomain
from app.schemas.requests.logins import ConstrainRequest
from app.schemas.requests.logins import ImpersonateRequest
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.administration import filter_names
from app.services.administration import visibility
from app.services.administration.own_data import Own
from app.services.audit import trail
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.guards import Guard
from app.services.inspection import session_admin
from app.services.login import login_sessions
from app.services.login.reauthentication import require_personal
from app.services.problems import Denied
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.problems import Unauthenticated
from app.services.tokens.token_text import Token


@blueprint.get(f"{PREFIX}/session")
@endpoint(answers=SessionShape, query=InDomain)
def get_session(caller: Caller, query: InDomain) -> Answer:
    """Return SessionInfo; 401 when the session belongs to another domain than ``domain``."""
    if query.domain is not None:
        expected = directory.find_domain(query.domain)
        if expected is None or expected.id != caller.domain_id:
            raise Unauthenticated
    return Answer(build_session_shape(caller))


@blueprint.delete(f"{PREFIX}/session")
@blueprint.delete(f"{PREFIX}/logout")
@endpoint(answers=Nothing, writes=True)
def delete_session(caller: Caller) -> Answer:
    """End this session everywhere. An OAuth bearer ends only its own session; an API key ends nothing."""
    if caller.kind == "login":
        endings.end(Event.LOGGED_OUT, caller.login_id, caller.actor)
    elif caller.kind == "oauth":
        session = caller.session
        if endings.end(Event.APPLICATION_LEFT, session.oauth.id, caller.actor):
            trail.record("logout", caller.actor, client_id=session.client.id)
    return Answer(Nothing(), cookie="")


@blueprint.delete(f"{PREFIX}/session/<path:identifier>")
@endpoint(answers=SessionShape, writes=True)
def evict_session(caller: Caller, identifier: str) -> Answer:
    """End one session by its identifier: an own session, or another user's with ``deleteSession``."""
    require_personal(caller)
    return Answer(build_ended_session_shape(session_admin.end_session(identifier, caller)))


@blueprint.get(f"{PREFIX}/sessions")
@endpoint(answers=[LoginTreeShape], own=Own.CREDENTIALS)
def own_sessions(caller: Caller) -> Answer:
    """List the caller's own logins with the application sessions under them."""
    return Answer(build_login_tree_shapes(session_admin.list_branches(directory.get_user(caller.user_id))))


@blueprint.post(f"{PREFIX}/session/constrain")
@endpoint(answers=LoginShape, body=ConstrainRequest, optional_body=True, writes=True)
def constrain_session(caller: Caller, body: ConstrainRequest) -> Answer:
    """Start a session with fewer rights, in the cookie and in the answer.
    It ends with the session it came from.
    """
    token = _constrain(caller, body)
    return Answer(build_login_shape(token, caller.contact.address), cookie=token.text)


@blueprint.post(f"{PREFIX}/constrain")
@endpoint(answers=CredentialsShape, body=ConstrainRequest, optional_body=True, writes=True)
def constrain(caller: Caller, body: ConstrainRequest) -> Answer:
    """As above, in the older form."""
    return Answer(build_login_shape(_constrain(caller, body), caller.contact.address).credentials)


@blueprint.post(f"{PREFIX}/session/impersonate")
@endpoint(answers=LoginShape, body=ImpersonateRequest, writes=True)
def impersonate_session(caller: Caller, body: ImpersonateRequest) -> Answer:
    """Start a session that acts as another user, with the rights that both users hold."""
    token = _impersonate(caller, body)
    return Answer(build_login_shape(token, caller.contact.address), cookie=token.text)


@blueprint.post(f"{PREFIX}/impersonate")
@endpoint(answers=CredentialsShape, body=ImpersonateRequest, writes=True)
def impersonate(caller: Caller, body: ImpersonateRequest) -> Answer:
    """As above, in the older form."""
    return Answer(build_login_shape(_impersonate(caller, body), caller.contact.address).credentials)


@blueprint.delete(f"{PREFIX}/session/cache")
@endpoint(answers=Nothing)
def clear_cache(caller: Caller) -> Answer:  # noqa: ARG001
    """Do nothing: there is no cache, every call decides with current facts."""
    return Answer(Nothing())


@blueprint.get(f"{PREFIX}/session/customer")
@endpoint(answers=[CustomerInfo])
def session_customers(caller: Caller) -> Answer:
    """List every customer for which the session has any right."""
    customers = directory.list_customers_by_id(caller.rights.list_reach())
    return Answer([CustomerInfo.from_row(customer) for customer in customers])


@blueprint.get(f"{PREFIX}/session/function")
@endpoint(answers=[FunctionBrief])
def session_functions(caller: Caller) -> Answer:
    """List every function that the session may use for some customer."""
    return Answer([FunctionBrief.from_row(f) for f in directory.list_functions_by_id(caller.rights.held)])


@blueprint.get(f"{PREFIX}/session/permission/<function>")
@blueprint.get(f"{PREFIX}/session/permission/<function>/<customer>")
@blueprint.get("/currentuser/v1/permission/<function>/<customer>")
@endpoint(answers=Nothing, query=InDomain)
def check_permission(caller: Caller, function: str, query: InDomain, customer: str | None = None) -> Answer:
    """200 if held (for this customer, or for any), 403 if not, 404 for an absent or hidden customer."""
    found = directory.find_function(function)
    if found is None:
        raise Missing("function")
    at: int | None = None
    if customer is not None:
        place = directory.find_customer(customer, get_domain_id(query, caller))
        may_name = caller.question.may_name if caller.is_personal else caller.rights.allows_anything
        if place is None or not may_name(place.id):
            raise Missing("customer")
        at = place.id
    decision = caller.allows(RequiredRight(found.name, at))
    if not decision:
        raise Denied(decision)
    return Answer(Nothing())


def _constrain(caller: Caller, body: ConstrainRequest) -> Token:
    require_personal(caller)
    return login_sessions.constrain_login(
        caller, _read_constraints(caller, body.functions, body.customers, read_only=body.read_only)
    )


def _impersonate(caller: Caller, body: ImpersonateRequest) -> Token:
    require_personal(caller)
    name = body.user or body.user_name
    if name is None:
        raise Invalid(FieldProblem("user", "Name the user to act as.", "MISSING"))
    user = visibility.get_visible_user(caller, name, directory.get_domain(body.domain, caller.domain_id).id)
    caller.require(Guard.IMPERSONATE, user.customer_id)
    if user.id == caller.user_id:
        raise Invalid(FieldProblem("user", "You are this user already.", "NOT_ALLOWED"))
    level = LEVELS[body.security_level] if body.security_level is not None else SecurityLevel.ADMINISTRATIVE
    bounds = _read_constraints(caller, body.function, body.customer, read_only=False)
    return login_sessions.impersonate_user(caller, user, bounds, int(level))


def _read_constraints(
    caller: Caller, functions: Sequence[str] | None, customers: Sequence[str] | None, *, read_only: bool
) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    if functions is not None:
        bounds["functions"] = sorted(filter_names.resolve_functions(functions))
    if customers is not None:
        bounds["customers"] = sorted(filter_names.resolve_customers(customers, caller))
    return bounds | ({"readOnly": True} if read_only else {})
