"""``POST /oauth/client/{x}/whatif``: who would gain or lose access by a change, before the change is made."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.models.clients import OAuthClient
from app.schemas.answers.clients import ForecastShape
from app.schemas.answers.clients import build_forecast_shape
from app.schemas.requests.clients import WhatIf
from app.services.access.callers import Caller
from app.services.inspection import whatif
from app.services.inspection.whatif import Proposal
from app.services.problems import FieldProblem
from app.services.problems import Invalid


@blueprint.post(f"{PREFIX}/oauth/client/<client>/whatif")
@endpoint(answers=ForecastShape, body=WhatIf)
def what_if(caller: Caller, client: str, body: WhatIf) -> Answer:
    """Judge the proposal like the change itself. Users the caller may not know of are only counted."""
    if sum(part is not None for part in (body.update, body.grant, body.revoke)) != 1:
        raise Invalid(FieldProblem("update", "Give one of update, grant and revoke.", "MISSING"))
    found = whatif.get_client(client, caller)
    return Answer(
        build_forecast_shape(whatif.forecast_change(found, _propose(found, body, caller), caller), caller)
    )


def _propose(client: OAuthClient, body: WhatIf, caller: Caller) -> Proposal:
    if body.update is not None:
        return whatif.propose_update(client, body.update.as_change(), caller)
    if body.grant is not None:
        return whatif.propose_grant(body.grant.as_new(), caller)
    return whatif.propose_revocation(body.revoke or 0, caller)
