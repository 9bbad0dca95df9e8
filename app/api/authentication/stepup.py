"""Proof of presence (contract 3.4): what every sensitive call asks for, and ``/authorization/validate``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Response

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.auth import interactive
from app.api.auth import personal
from app.api.authentication import PREFIX
from app.api.authentication.users import guarded_user
from app.api.blueprint import blueprint
from app.api.errors import action
from app.api.errors import failure
from app.api.schemas.common import InDomain
from app.api.schemas.stepup import Authorizing
from app.api.schemas.stepup import ValidateAuthorization
from app.api.shapes.stepup import ValidatedShape
from app.api.shapes.stepup import authorization_shown
from app.api.shapes.stepup import validated_shown
from app.models.directory import User
from app.policy.facts import SecurityLevel
from app.services import accounts
from app.services import directory
from app.services import people
from app.services import stepup
from app.services.accounts import LoginFailed
from app.services.callers import Caller
from app.services.guards import Guard
from app.services.logins import Proof
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Problem
from app.services.stepup import NotProven
from app.services.unit import write

T = TypeVar("T")


class StrongerLogin(Problem):
    """Who has a second factor changes it only in a login by a second factor: 403."""


class OtherMethod(Problem):
    """Presence is proven by the method the session was begun by: 403."""


@blueprint.errorhandler(StrongerLogin)
def _stronger(_: StrongerLogin) -> Response:
    return failure(403, action("Log in with your second factor first, then do this.", "STRONGER_LOGIN"))


@blueprint.errorhandler(OtherMethod)
def _other(_: OtherMethod) -> Response:
    return failure(403, action("Prove it the way you logged in to this session.", "OTHER_METHOD"))


@blueprint.post(f"{PREFIX}/authorization/validate")
@endpoint(answers=ValidatedShape, body=ValidateAuthorization)
def validate_authorization(caller: Caller, body: ValidateAuthorization) -> Answer:
    """What an authorization says, when it counts for this operation; it still counts afterwards."""
    personal(caller)
    try:
        row, user = stepup.validate(
            body.authorization,
            body.operation,
            body.context or {},
            allow_expired=body.allow_expired,
            allow_replay=body.allow_replay,
        )
        if not people.may_see(caller, user):
            raise NotProven("step_up_foreign")
    except NotProven as problem:
        stepup.refused(caller.actor, body.operation, problem)
        raise
    return Answer(validated_shown(row, user))


def may_authorize(caller: Caller, proof: Proof) -> None:
    """Go on only in a person's own login, begun by this very method. Raises ``Problem``."""
    interactive(caller)
    if caller.row.login_method != proof.method:
        raise OtherMethod


def authorized(caller: Caller, body: Authorizing) -> Answer:
    """The authorization, for one who has just proven presence."""

    def work() -> stepup.Issued:
        now = stepup.again(caller)
        user = directory.user_by_id(now.user_id)
        return stepup.issue(user, body.operation, body.context or {}, now.actor, login_id=now.row.login_id)

    return Answer(authorization_shown(write(work), body.next_uri))


def confirm_password(caller: Caller, password: str, field: str = "password") -> None:
    """Go on only with the caller's own password. Not under a lock. Raises ``Invalid``, ``Throttled``."""
    try:
        accounts.verify_password(caller.domain_id, caller.user_name, password, caller.contact, proof=None)
    except LoginFailed:
        raise Invalid(FieldProblem(field, "This is not your password.", "WRONG")) from None


def proven(
    caller: Caller,
    operation: str,
    password: str | None,
    authorization: str | None,
    work: Callable[[Caller], T],
) -> T:
    """Run ``work`` in one unit after proof of presence: the password, or an authorization, which it spends.

    Raises ``Invalid`` naming what is missing or wrong.
    """
    if authorization is not None:
        return stepup.spending(authorization, operation, caller, work)
    if password is None:
        raise Invalid(FieldProblem("password", "Send your password once more.", "MISSING"))
    confirm_password(caller, password)
    return write(lambda: work(stepup.again(caller)))


def strong_enough(caller: Caller) -> None:
    """Go on when there is no second factor yet, or this login was by one. Raises ``StrongerLogin``.

    Else whoever learned the password could put a second factor of his own in the place of the owner's.
    """
    weak = caller.row.login_level < SecurityLevel.ADMINISTRATIVE
    if weak and accounts.has_second_factor(caller.user_id):
        raise StrongerLogin


def other_user(caller: Caller, text: str, query: InDomain, guard: Guard) -> User:
    """Another user whose way in this caller may change; one's own is changed by proof of presence."""
    personal(caller)
    user = guarded_user(caller, text, query, guard)
    if user.id == caller.user_id:
        raise Invalid(FieldProblem("user", "Change your own account by proof of presence.", "OWN_ACCOUNT"))
    return user
