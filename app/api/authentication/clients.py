"""``/oauth/client`` (contract 2.1-2.4)."""

from __future__ import annotations

from collections.abc import Sequence

from app.api.auth import Answer
from app.api.auth import build_page
from app.api.auth import endpoint
from app.api.authentication import PREFIX
from app.api.blueprint import blueprint
from app.policy.ways_in import CLIENT
from app.policy.ways_in import KEY
from app.schemas.answers.clients import ClientShape
from app.schemas.answers.clients import build_client_shape
from app.schemas.answers.clients import build_client_shapes
from app.schemas.answers.infos import Nothing
from app.schemas.answers.infos import SubjectInfo
from app.schemas.requests.clients import ClientCreate
from app.schemas.requests.clients import ClientUpdate
from app.schemas.requests.clients import ServiceUser
from app.schemas.requests.customer_search import ClientList
from app.schemas.requests.customer_search import ClientSearch
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.access.search import Page
from app.services.clients import client_search
from app.services.clients import registry
from app.services.clients import service_users
from app.services.clients.client_search import ClientCriteria


@blueprint.post(f"{PREFIX}/oauth/client")
@endpoint(answers=ClientShape, body=ClientCreate, statuses=(201,), writes=True, way_in=CLIENT)
def create(caller: Caller, body: ClientCreate) -> Answer:
    """Register a client; ``data.id`` is its ``client_id``."""
    return Answer(build_client_shape(registry.create_client(body.as_change(), caller), caller), status=201)


@blueprint.get(f"{PREFIX}/oauth/client")
@endpoint(answers=[ClientShape], query=ClientList)
def list_clients(caller: Caller, query: ClientList) -> Answer:
    """List the clients that the caller may use or administer."""
    return _build_page(query.as_criteria(), query.sort_by, query.page, caller)


@blueprint.post(f"{PREFIX}/oauth/client/search")
@endpoint(answers=[ClientShape], body=ClientSearch)
def search_clients(caller: Caller, body: ClientSearch) -> Answer:
    """Search clients with a criteria object."""
    return _build_page(body.as_criteria(), body.order, body.page, caller)


@blueprint.get(f"{PREFIX}/oauth/client/<client>")
@endpoint(answers=ClientShape)
def get(caller: Caller, client: str) -> Answer:
    """Get one client by id or short name. Absent and hidden clients both give 404."""
    return Answer(build_client_shape(registry.get_visible_client(client, caller), caller))


@blueprint.put(f"{PREFIX}/oauth/client/<client>")
@endpoint(
    answers=ClientShape,
    body=ClientUpdate,
    statuses=(200, 220),
    optional_body=True,
    writes=True,
    way_in=CLIENT,
)
def update(caller: Caller, client: str, body: ClientUpdate) -> Answer:
    """Change the fields that are sent; 220 when nothing changed."""
    changed, anything = registry.update_client(client, body.as_change(), caller)
    return Answer(build_client_shape(changed, caller), status=200 if anything else 220)


@blueprint.delete(f"{PREFIX}/oauth/client/<client>")
@endpoint(answers=ClientShape, writes=True, way_in=CLIENT)
def delete(caller: Caller, client: str) -> Answer:
    """Delete a client permanently; returns it as it was, with the flag ``deleted``."""
    return Answer(build_client_shape(registry.delete_client(client, caller), caller))


@blueprint.get(f"{PREFIX}/oauth/client/<client>/serviceuser")
@endpoint(answers=SubjectInfo)
def get_service_user(caller: Caller, client: str) -> Answer:
    """Return the user for whom the client may act by itself; 404 if there is none."""
    return Answer(SubjectInfo.from_row(service_users.get_service_user(client, caller)))


@blueprint.put(f"{PREFIX}/oauth/client/<client>/serviceuser")
@endpoint(answers=SubjectInfo, body=ServiceUser, writes=True, way_in=KEY)
def set_service_user(caller: Caller, client: str, body: ServiceUser) -> Answer:
    """Let the client start sessions of this user by its own authentication alone (RFC 6749 4.4).

    The user must not hold more than the caller. A user set before is replaced, and its sessions end.
    """
    domain = directory.get_domain(body.domain, caller.domain_id).id
    return Answer(SubjectInfo.from_row(service_users.set_service_user(client, body.user, domain, caller)))


@blueprint.delete(f"{PREFIX}/oauth/client/<client>/serviceuser")
@endpoint(answers=Nothing, writes=True, way_in=CLIENT)
def clear_service_user(caller: Caller, client: str) -> Answer:
    """Let the client no longer act by itself: its sessions of the service user end."""
    service_users.clear_service_user(client, caller)
    return Answer(Nothing())


def _build_page(criteria: ClientCriteria, sort_by: Sequence[str], page: Page, caller: Caller) -> Answer:
    shown = client_search.search_clients(caller, criteria, page, sort_by)
    return build_page(shown, build_client_shapes(shown.rows, caller))
