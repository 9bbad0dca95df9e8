"""Search OAuth clients: those that the caller may use or administer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.extensions import db
from app.models.clients import OAuthClient
from app.services.access import client_rows
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.credential_parts import ListedClient
from app.services.access.search import Column
from app.services.access.search import Condition
from app.services.access.search import Criteria
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
from app.services.clients import registry

KEYWORDS: dict[str, Column] = {
    "id": OAuthClient.id,
    "shortName": OAuthClient.short_name,
    "name": OAuthClient.name,
}
FLAGS: dict[str, Condition] = {
    "deleted": OAuthClient.deleted_at.is_not(None),
    "hidden": OAuthClient.hidden.is_(True),
}
SHOWN: dict[str, Condition] = {
    "deleted": OAuthClient.deleted_at.is_(None),
    "hidden": OAuthClient.hidden.is_(False),
}
SORTABLE: dict[str, Column] = {
    "id": OAuthClient.id,
    "name": OAuthClient.name,
    "shortName": OAuthClient.short_name,
    "createdTimestamp": OAuthClient.created_at,
    "lastUpdatedTimestamp": OAuthClient.updated_at,
}


@dataclass(frozen=True, kw_only=True)
class ClientCriteria(Criteria):
    """Filters of a search for clients, each by id or name."""

    customers: Sequence[str] = ()
    domains: Sequence[str] = ()
    required_functions: Sequence[str] = ()


def search_clients(
    caller: Caller, criteria: ClientCriteria, page: Page, sort_by: Sequence[str] = ()
) -> Found[OAuthClient]:
    """Search the clients the caller may know of; deleted and hidden ones only on request.

    ``customers``: bound to one of these or below. Raises ``Invalid``.
    """

    def own(one: ClientCriteria) -> list[Condition]:
        return _build_filters(caller, one)

    order = search.build_ordering(sort_by, SORTABLE, "shortName")
    statement = client_rows.select_listed_clients().where(search.build_condition(criteria, own, SHOWN))
    rows = db.session.execute(statement.order_by(*order))
    seen = search.cut_page(registry.list_seen([ListedClient(*row) for row in rows], caller), page)
    shown = {one.id: one for one in registry.list_by_id((one.id for one in seen.rows), with_names=True)}
    return Found([shown[one.id] for one in seen.rows if one.id in shown], seen.count, page)


def _build_filters(caller: Caller, criteria: ClientCriteria) -> list[Condition]:
    domains = filter_names.resolve_domains(criteria.domains)
    conditions: list[Condition] = []
    if domains:
        conditions.append(OAuthClient.domain_id.in_(domains))
    if criteria.customers:
        customers = filter_names.resolve_customer_groups(criteria.customers, caller, domains=domains)
        conditions.append(search.limit_to(caller, customers, OAuthClient.customer_id))
    if criteria.required_functions:
        functions = filter_names.resolve_functions(criteria.required_functions, "requiredFunction")
        conditions.append(OAuthClient.required_function_id.in_(functions))
    conditions += search.match_keywords(criteria, KEYWORDS)
    return conditions + search.match_flags(criteria, FLAGS)
