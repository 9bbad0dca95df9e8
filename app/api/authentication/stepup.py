"""Proof of presence (contract 3.4), which every sensitive call requires, and ``/authorization/validate``."""

from __future__ import annotations

from collections.abc import Callable

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.schemas.answers.stepup import ValidatedShape
from app.schemas.answers.stepup import build_authorization_shape
from app.schemas.answers.stepup import build_validated_shape
from app.schemas.requests.stepup import Authorizing
from app.schemas.requests.stepup import ValidateAuthorization
from app.services.access.callers import Caller
from app.services.administration import visibility
from app.services.login import reauthentication
from app.services.login import stepup_operations
from app.services.login import stepup_tokens
from app.services.login.reauthentication import require_personal
from app.services.login.stepup_tokens import NotProven


@blueprint.post(f"{PREFIX}/authorization/validate")
@endpoint(answers=ValidatedShape, body=ValidateAuthorization)
def validate_authorization(caller: Caller, body: ValidateAuthorization) -> Answer:
    """Return the content of an authorization that is valid for this operation. This does not use it up."""
    require_personal(caller)
    operation = stepup_operations.BY_NAME[body.operation]
    try:
        row, user = stepup_tokens.validate_token(
            body.authorization,
            operation,
            body.context or {},
            allow_expired=body.allow_expired,
            allow_replay=body.allow_replay,
        )
        if not visibility.may_see(caller, user):
            raise NotProven("step_up_foreign")
    except NotProven as problem:
        stepup_tokens.record_refusal(caller.actor, operation, problem)
        raise
    return Answer(build_validated_shape(row, user))


def issue_authorization(caller: Caller, body: Authorizing, prove: Callable[[], None]) -> Answer:
    """Issue the authorization after a successful proof of presence, for the object named in ``context``."""
    operation = stepup_operations.BY_NAME[body.operation]
    issued = reauthentication.issue_authorization(caller, operation, body.context or {}, prove)
    return Answer(build_authorization_shape(issued, body.next_uri))
