"""``POST /oauth/client/{x}/whatif``: who would gain or lose access, before anything is changed."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.schemas.clients import WhatIf
from app.api.shapes.clients import ForecastShape
from app.api.shapes.clients import forecast_shown
from app.services import clients
from app.services import facts
from app.services import permissions
from app.services import whatif
from app.services.callers import Caller
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.whatif import Proposal


@blueprint.post(f"{PREFIX}/oauth/client/<client>/whatif")
@endpoint(answers=ForecastShape, body=WhatIf)
def what_if(caller: Caller, client: str, body: WhatIf) -> Answer:
    """Judged as the change itself would be; those the caller may not be told of are only counted."""
    if sum(part is not None for part in (body.update, body.grant, body.revoke)) != 1:
        raise Invalid(FieldProblem("update", "Give one of update, grant and revoke.", "MISSING"))
    found = clients.visible(client, caller)
    caller.needs(Guard.VIEW_OAUTH_CLIENTS_DETAILS, clients.guard_customer(found))
    return Answer(forecast_shown(whatif.forecast(found, _proposal(client, body, caller), caller), caller))


def _proposal(client: str, body: WhatIf, caller: Caller) -> Proposal:
    if body.update is not None:
        changed = clients.proposed(client, body.update.as_change(), caller)
        return Proposal(client=facts.client_facts(changed))
    if body.grant is not None:
        subject, function, customer = permissions.judged(body.grant.as_new(), caller)
        return Proposal(granted=(subject.id, function.id, customer.id))
    return Proposal(revoked=permissions.revocable(body.revoke or 0, caller).id)
