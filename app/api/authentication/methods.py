"""Login methods (contract 3.1, 3.9): which exist, which a user has, which an administrator allows."""

from __future__ import annotations

from typing import get_args

from flask import Response
from flask import after_this_request
from flask import request

from app import cookies
from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import public
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.domains import get_domain_id
from app.models.directory import User
from app.policy.ways_in import METHOD
from app.schemas.answers.methods import MethodName
from app.schemas.answers.methods import MethodNames
from app.schemas.answers.methods import MethodShape
from app.schemas.answers.methods import build_method_shape
from app.schemas.answers.methods import build_method_shapes
from app.schemas.common import InDomain
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.administration.own_data import Own
from app.services.administration.visibility import get_other_user
from app.services.login import login_methods
from app.services.login.login_sessions import Proof

NAMES: tuple[str, ...] = get_args(MethodName)


@blueprint.get(f"{PREFIX}/methods")
@public(answers=[MethodNames])
def list_methods() -> Answer:
    """List every login method, and the one that this browser used last."""
    last = next(iter(cookies.read_cookie_values(request, cookies.LAST_METHOD)), None)
    known = last if last in NAMES else None
    shown = [MethodNames.model_validate(name) for name in NAMES]
    return Answer(shown, metadata={"lastUsedAuthenticationMethod": known})


@blueprint.get(f"{PREFIX}/session/authmethods")
@blueprint.get("/currentuser/v1/authmethods")
@endpoint(answers=[MethodShape], own=Own.CREDENTIALS)
def own_methods(caller: Caller) -> Answer:
    """List the caller's own login methods."""
    return Answer(build_method_shapes(login_methods.list_methods(directory.get_user(caller.user_id))))


@blueprint.get(f"{PREFIX}/user/<user>/methods")
@endpoint(answers=[MethodShape], query=InDomain)
def methods_of_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """List the login methods of a user."""
    found = visibility.get_visible_user(caller, user, get_domain_id(query, caller))
    return Answer(build_method_shapes(login_methods.list_methods(found)))


@blueprint.put(f"{PREFIX}/user/<user>/enable/<method>")
@endpoint(answers=MethodShape, query=InDomain, writes=True, way_in=METHOD)
def enable_method(caller: Caller, user: str, method: str, query: InDomain) -> Answer:
    """Allow the user to log in by this method again.

    ``password`` lets in a user who has a second factor by the password alone.
    """
    guard = login_methods.get_method_guard(method)
    found = get_other_user(caller, user, get_domain_id(query, caller), guard, METHOD)
    login_methods.enable_method(found, method, caller.actor)
    return Answer(_build_shape(found, method))


@blueprint.put(f"{PREFIX}/user/<user>/disable/<method>")
@endpoint(answers=MethodShape, query=InDomain, writes=True, way_in=METHOD)
def disable_method(caller: Caller, user: str, method: str, query: InDomain) -> Answer:
    """Stop logins by this method. Keys are revoked, not disabled."""
    guard = login_methods.get_method_guard(method)
    found = get_other_user(caller, user, get_domain_id(query, caller), guard, METHOD)
    login_methods.disable_method(found, method, caller.actor)
    return Answer(_build_shape(found, method))


def remember_method(proof: Proof) -> None:
    """Store in the browser which login method was used last."""

    @after_this_request
    def keep(response: Response) -> Response:
        cookies.store(response, cookies.LAST_METHOD, proof.method.upper())
        return response


def _build_shape(user: User, name: str) -> MethodShape:
    return next(
        build_method_shape(method) for method in login_methods.list_methods(user) if method.name == name
    )
