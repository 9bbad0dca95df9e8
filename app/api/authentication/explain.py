"""``POST /oauth/client/{x}/explain`` (design §5, §8): the decision itself, every check in order."""

from __future__ import annotations

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.schemas.clients import Explain
from app.api.schemas.common import LEVELS
from app.api.shapes.clients import ExplanationShape
from app.policy.facts import Leg
from app.policy.network import canonical_address
from app.policy.scopes import parse_scope
from app.services import clients
from app.services import directory
from app.services import explain as explaining
from app.services.callers import Caller
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing


@blueprint.post(f"{PREFIX}/oauth/client/<client>/explain")
@endpoint(answers=ExplanationShape, body=Explain)
def explain(caller: Caller, client: str, body: Explain) -> Answer:
    """Free about oneself, without evidence; about others with both guards."""
    asked = body
    found = clients.deleted(client) or clients.find(client, caller.domain_id)
    recorded = explaining.recorded(asked.decision) if asked.decision is not None else None
    name = asked.user or (recorded["user"] if recorded is not None else None)
    if name is None:
        raise Invalid(FieldProblem("user", "Name the user to explain.", "MISSING"))
    if recorded is not None and recorded["client"] != found.id:
        raise Missing("decision")
    user = directory.find_user(name, caller.domain_id)
    oneself = user is not None and user.id == caller.user_id
    if oneself:
        clients.visible_or_refused(found, caller)
    else:
        caller.needs(Guard.VIEW_OAUTH_CLIENTS_DETAILS, clients.guard_customer(found))
        if user is None:
            raise Invalid(FieldProblem("user", "There is no such user.", "UNKNOWN"))
        caller.needs(Guard.VIEW_PERMISSIONS, user.customer_id)
    if user is None:
        raise Missing("user")
    explained = explaining.explain(
        found,
        user,
        address=_address(asked),
        customer=_customer(asked, caller),
        scopes=_scopes(asked),
        leg=Leg(asked.leg) if asked.leg is not None else Leg.API,
        level=LEVELS[asked.security_level] if asked.security_level is not None else None,
    )
    data = explained.as_data(evidence=not oneself)
    if recorded is not None:
        if oneself:
            recorded["findings"] = []
        data = {**data, "recorded": recorded}
    return Answer(ExplanationShape(**data))


def _address(asked: Explain) -> str | None:
    if asked.client_ip is None:
        return None
    address = canonical_address(asked.client_ip)
    if address is None:
        raise Invalid(FieldProblem("clientIP", "Write one IPv4 or IPv6 address.", "INVALID_PATTERN"))
    return str(address)


def _customer(asked: Explain, caller: Caller) -> int | None:
    if asked.customer is None:
        return None
    customer = directory.find_customer(asked.customer, caller.domain_id)
    if customer is None or not caller.rights.sees(customer.id):
        raise Invalid(FieldProblem("customer", "There is no such customer.", "UNKNOWN"))
    return customer.id


def _scopes(asked: Explain) -> tuple[str, ...]:
    scopes = parse_scope(asked.scope)
    if scopes is None:
        raise Invalid(FieldProblem("scope", "Write scope names separated by a space.", "INVALID_PATTERN"))
    return scopes
