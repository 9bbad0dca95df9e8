"""``/oauth/client`` (contract 2.1-2.4)."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

from pydantic import Field

from app.api.auth import Answer
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.api.body import read_body
from app.api.body import read_query
from app.api.schemas.clients import ClientCreate
from app.api.schemas.clients import ClientUpdate
from app.api.schemas.clients import client_json
from app.api.wire import QueryModel
from app.models.clients import OAuthClient
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
@endpoint(writes=True)
def create(caller: Caller) -> Answer:
    """Register an application; ``data.id`` is its ``client_id``."""
    client = clients.create(read_body(ClientCreate).as_change(), caller)
    return Answer(_shown(client, caller), status=201)


@blueprint.get(f"{PREFIX}/oauth/client")
@endpoint()
def list_clients(caller: Caller) -> Answer:
    """The clients this caller may use or administer."""
    query = read_query(ClientList)
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
    data = [_shown(client, caller) for client in page]
    return Answer(data, limit=query.limit, offset=query.offset, count=len(found))


@blueprint.get(f"{PREFIX}/oauth/client/<client>")
@endpoint()
def get(caller: Caller, client: str) -> Answer:
    """One client by id or short name; 404 alike for absent and hidden."""
    return Answer(_shown(clients.visible(client, caller), caller))


@blueprint.put(f"{PREFIX}/oauth/client/<client>")
@endpoint(writes=True)
def update(caller: Caller, client: str) -> Answer:
    """Change what was sent; 220 when nothing changed."""
    changed, anything = clients.update(client, read_body(ClientUpdate, allow_empty=True).as_change(), caller)
    return Answer(_shown(changed, caller), status=200 if anything else 220)


@blueprint.delete(f"{PREFIX}/oauth/client/<client>")
@endpoint(writes=True)
def delete(caller: Caller, client: str) -> Answer:
    """Delete for good; answers the client as it was, flagged ``deleted``."""
    return Answer(_shown(clients.delete(client, caller), caller))


def _shown(client: OAuthClient, caller: Caller) -> dict[str, object]:
    people = directory.subjects_by_id(
        i for i in (client.created_by_id, client.updated_by_id) if i is not None
    )
    return client_json(client, people, details=clients.may_see_details(client, caller))


def _customer(text: str, caller: Caller) -> int:
    customer = directory.find_customer(text, caller.domain_id)
    if customer is None or not caller.rights.sees(customer.id):
        raise Invalid(FieldProblem("customer", "There is no such customer.", "UNKNOWN"))
    return customer.id
