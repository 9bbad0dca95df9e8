"""``/session`` (contract 3.1): what this session is, may do, and its end."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask import request

from app import edge
from app.api import csrf
from app.api.auth import Answer
from app.api.auth import Unauthenticated
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.shapes import customer_info
from app.api.shapes import function_brief
from app.api.wire import to_millis
from app.policy.effective import session_level
from app.services import audit
from app.services import authority
from app.services import directory
from app.services import logins
from app.services import oauth_sessions
from app.services.callers import Caller
from app.services.facts import Asked
from app.services.problems import Denied
from app.services.problems import Missing

LEVELS = {1: "EXTERNAL", 2: "DEFAULT", 3: "ADMINISTRATIVE"}


@blueprint.get(f"{PREFIX}/session")
@endpoint()
def get_session(caller: Caller) -> Answer:
    """SessionInfo; 401 when the session belongs to another domain than ``domain``."""
    domain = request.args.get("domain")
    if domain is not None:
        expected = directory.find_domain(domain)
        if expected is None or expected.id != caller.domain_id:
            raise Unauthenticated
    return Answer(_info(caller))


@blueprint.delete(f"{PREFIX}/session")
@blueprint.delete(f"{PREFIX}/logout")
def delete_session() -> Response:
    """End this session everywhere; an OAuth bearer ends its own session only, a key nothing at all."""
    response: Response = _end()
    edge.clear_session_cookie(response)
    return response


@endpoint(writes=True)
def _end(caller: Caller) -> Answer:
    if caller.kind == "login":
        logins.end(caller.row.login_id, "logged out", caller.actor)
    elif caller.kind == "oauth" and oauth_sessions.end(caller.row.id, "ended by the application"):
        audit.record("logout", caller.actor, client_id=caller.row.client_id)
    return Answer({})


@blueprint.delete(f"{PREFIX}/session/cache")
@endpoint()
def clear_cache(caller: Caller) -> Answer:  # noqa: ARG001
    """Nothing is ever stale here: every call decides over the facts of its moment."""
    return Answer({})


@blueprint.get(f"{PREFIX}/session/customer")
@endpoint()
def session_customers(caller: Caller) -> Answer:
    """Every customer for which the session may do anything."""
    customers = directory.customers_by_id(caller.rights.reach())
    return Answer([customer_info(customer) for customer in customers])


@blueprint.get(f"{PREFIX}/session/function")
@endpoint()
def session_functions(caller: Caller) -> Answer:
    """Every function the session may use for some customer."""
    return Answer([function_brief(f) for f in authority.functions_by_id(caller.rights.held)])


@blueprint.get(f"{PREFIX}/session/permission/<function>")
@blueprint.get(f"{PREFIX}/session/permission/<function>/<customer>")
@endpoint()
def check_permission(caller: Caller, function: str, customer: str | None = None) -> Answer:
    """200 when held (for this customer, or for any), 403 when not, 404 for what does not exist."""
    found = authority.find_function(function)
    if found is None:
        raise Missing("function")
    at: int | None = None
    if customer is not None:
        named = directory.domain_or_missing(request.args.get("domain"), caller.domain_id)
        place = directory.find_customer(customer, named.id)
        if place is None:
            raise Missing("customer")
        at = place.id
    decision = caller.allows(Asked(found.name, at))
    if not decision:
        raise Denied(decision)
    return Answer({})


def _info(caller: Caller) -> dict[str, Any]:
    row, question = caller.row, caller.question
    by_key = row._mapping.get("login_id") is None
    created = (
        row.created_at if caller.kind == "oauth" else (row.key_created_at if by_key else row.login_created_at)
    )
    used = row.key_last_used_at if by_key else row.login_last_seen_at
    until = question.credential.expires_at if question.credential is not None else None
    interactive = caller.kind == "login"
    return {
        "authenticationMethod": "APIKEY" if by_key else str(row.login_method).upper(),
        "clientIP": (row.login_ip if interactive else caller.contact.address) or "",
        "createdTimestamp": to_millis(created),
        "timestamp": to_millis(row.rotated_at if caller.kind == "oauth" else used),
        "validUntilTimestamp": to_millis(until),
        "securityLevel": LEVELS[max(1, session_level(question))],
        "readOnly": any(bound.read_only for bound in question.constraints),
        "passwordNotSet": False,
        # Only the person's own login may sign for itself; an application never reads it (rule 45).
        "sessionKey": csrf.session_key(caller.token) if interactive else None,
        "sessionIdentifier": caller.session_label,
    }
