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
from app.api.domains import asked_domain
from app.models.directory import User
from app.schemas.answers.methods import MethodName
from app.schemas.answers.methods import MethodNames
from app.schemas.answers.methods import MethodShape
from app.schemas.answers.methods import method_shown
from app.schemas.answers.methods import methods_shown
from app.schemas.common import InDomain
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.administration.visibility import other_user
from app.services.login import login_methods
from app.services.login.login_sessions import Proof
from app.services.login.reauthentication import personal

NAMES: tuple[str, ...] = get_args(MethodName)


@blueprint.get(f"{PREFIX}/methods")
@public(answers=[MethodNames])
def list_methods() -> Answer:
    """List every login method, and the one that this browser used last."""
    last = next(iter(cookies.sent(request, cookies.LAST_METHOD)), None)
    known = last if last in NAMES else None
    shown = [MethodNames.model_validate(name) for name in NAMES]
    return Answer(shown, metadata={"lastUsedAuthenticationMethod": known})


@blueprint.get(f"{PREFIX}/session/authmethods")
@blueprint.get("/currentuser/v1/authmethods")
@endpoint(answers=[MethodShape])
def own_methods(caller: Caller) -> Answer:
    """List the caller's own login methods."""
    personal(caller)
    return Answer(methods_shown(login_methods.methods_of(directory.user_by_id(caller.user_id))))


@blueprint.get(f"{PREFIX}/user/<user>/methods")
@endpoint(answers=[MethodShape], query=InDomain)
def methods_of_user(caller: Caller, user: str, query: InDomain) -> Answer:
    """List the login methods of a user."""
    found = visibility.visible_user(caller, user, asked_domain(query, caller))
    return Answer(methods_shown(login_methods.methods_of(found)))


@blueprint.put(f"{PREFIX}/user/<user>/enable/<method>")
@endpoint(answers=MethodShape, query=InDomain, writes=True)
def enable_method(caller: Caller, user: str, method: str, query: InDomain) -> Answer:
    """Allow the user to log in by this method again."""
    found = other_user(caller, user, asked_domain(query, caller), login_methods.guard_of_method(method))
    login_methods.enable_method(found, method, caller.actor)
    return Answer(_shown(found, method))


@blueprint.put(f"{PREFIX}/user/<user>/disable/<method>")
@endpoint(answers=MethodShape, query=InDomain, writes=True)
def disable_method(caller: Caller, user: str, method: str, query: InDomain) -> Answer:
    """Stop logins by this method. Keys are revoked, not disabled."""
    found = other_user(caller, user, asked_domain(query, caller), login_methods.guard_of_method(method))
    login_methods.disable_method(found, method, caller.actor)
    return Answer(_shown(found, method))


def remember(proof: Proof) -> None:
    """Store in the browser which login method was used last."""

    @after_this_request
    def keep(response: Response) -> Response:
        cookies.store(response, cookies.LAST_METHOD, proof.method.upper())
        return response


def _shown(user: User, name: str) -> MethodShape:
    return next(method_shown(method) for method in login_methods.methods_of(user) if method.name == name)
