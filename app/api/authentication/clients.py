"""``/oauth/client`` (contract 2.1-2.4)."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

from pydantic import Field

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.schemas.clients import ClientCreate
from app.api.schemas.clients import ClientUpdate
from app.api.shapes.clients import ClientShape
from app.api.shapes.clients import client_shown
from app.api.shapes.clients import clients_shown
from app.api.wire import QueryModel
from app.services import clients
from app.services import directory
from app.services.callers import Caller
from app.services.problems import FieldProblem
from app.services.problems import Invalid

MOST_ROWS = 100_000
SORTABLE = {
    "id": "id",
    "name": "name",
    "shortName": "short_name",
    "createdTimestamp": "created_at",
    "lastUpdatedTimestamp": "updated_at",
}


class ClientList(QueryModel):
    """Query of ``GET /oauth/client``."""

    customer: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ("shortName",)
    limit: Annotated[int, Field(ge=0, le=MOST_ROWS)] = 25
    offset: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


@blueprint.post(f"{PREFIX}/oauth/client")
@endpoint(answers=ClientShape, body=ClientCreate, statuses=(201,), writes=True)
def create(caller: Caller, body: ClientCreate) -> Answer:
    """Register an application; ``data.id`` is its ``client_id``."""
    return Answer(client_shown(clients.create(body.as_change(), caller), caller), status=201)


@blueprint.get(f"{PREFIX}/oauth/client")
@endpoint(answers=[ClientShape], query=ClientList)
def list_clients(caller: Caller, query: ClientList) -> Answer:
    """The clients this caller may use or administer."""
    customers = [_customer(text, caller) for text in query.customer]
    domains = {directory.domain_or_missing(text, caller.domain_id).id for text in query.domain}
    found = clients.listed(caller, customers=customers, keywords=query.keywords)
    found = [client for client in found if not domains or client.domain_id in domains]
    for wish in reversed(query.sort_by):
        name, descending = wish.removeprefix("-"), wish.startswith("-")
        if name not in SORTABLE:
            allowed = ", ".join(SORTABLE)
            raise Invalid(FieldProblem("sortBy", f"Sort by one of: {allowed}.", "NOT_ALLOWED"))
        found.sort(key=attrgetter(SORTABLE[name]), reverse=descending)
    limit = query.limit or MOST_ROWS
    page = found[query.offset : query.offset + limit]
    return Answer(clients_shown(page, caller), limit=query.limit, offset=query.offset, count=len(found))


@blueprint.get(f"{PREFIX}/oauth/client/<client>")
@endpoint(answers=ClientShape)
def get(caller: Caller, client: str) -> Answer:
    """One client by id or short name; 404 alike for absent and hidden."""
    return Answer(client_shown(clients.visible(client, caller), caller))


@blueprint.put(f"{PREFIX}/oauth/client/<client>")
@endpoint(answers=ClientShape, body=ClientUpdate, statuses=(200, 220), optional_body=True, writes=True)
def update(caller: Caller, client: str, body: ClientUpdate) -> Answer:
    """Change what was sent; 220 when nothing changed."""
    changed, anything = clients.update(client, body.as_change(), caller)
    return Answer(client_shown(changed, caller), status=200 if anything else 220)


@blueprint.delete(f"{PREFIX}/oauth/client/<client>")
@endpoint(answers=ClientShape, writes=True)
def delete(caller: Caller, client: str) -> Answer:
    """Delete for good; answers the client as it was, flagged ``deleted``."""
    return Answer(client_shown(clients.delete(client, caller), caller))


def _customer(text: str, caller: Caller) -> int:
    customer = directory.find_customer(text, caller.domain_id)
    if customer is None or not caller.rights.sees(customer.id):
        raise Invalid(FieldProblem("customer", "There is no such customer.", "UNKNOWN"))
    return customer.id
