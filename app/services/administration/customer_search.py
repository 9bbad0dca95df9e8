"""Search customers: as an administrator, or in the reduced view."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import String
from sqlalchemy import and_
from sqlalchemy import cast

from app.models.directory import Customer
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Column
from app.services.access.search import Condition
from app.services.access.search import Criteria
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
from app.services.guards import Guard

FLAG_NAMES = (
    "denyNewMembers",
    "denySubmitForAnonymousUser",
    "allowGlobalData",
    "excludeFromProduction",
    "networkBaseCustomer",
    "singleNetworkDomain",
    "customerDataDeleted",
    "rootCustomerGroup",
)
KEYWORDS: dict[str, Column] = {
    "id": cast(Customer.id, String),
    "name": Customer.name,
    "shortName": Customer.short_name,
}
# What people search their own customers by (contract 4.2).
OWN_KEYWORDS: dict[str, Column] = {name: KEYWORDS[name] for name in ("name", "shortName")}
SORTABLE: dict[str, Column] = {
    "id": Customer.id,
    "name": Customer.name,
    "shortName": Customer.short_name,
    "relevance": Customer.short_name,
    "createdTimestamp": Customer.created_at,
}
# The flags are one JSON list; its text contains each name in quotes, on either database.
FLAGS: dict[str, Condition] = {
    "disabled": Customer.disabled_at.is_not(None),
    **{name: cast(Customer.flags, String).like(f'%"{name}"%') for name in FLAG_NAMES},
}
SHOWN: dict[str, Condition] = {"disabled": Customer.disabled_at.is_(None)}


@dataclass(frozen=True, kw_only=True)
class CustomerCriteria(Criteria):
    """``parents`` match directly above, ``ancestors`` anywhere above; each by id or short name."""

    customers: Sequence[str] = ()
    parents: Sequence[str] = ()
    ancestors: Sequence[str] = ()
    domains: Sequence[str] = ()
    types: Collection[str] = ()


def search_customers(
    caller: Caller,
    guard: Guard,
    criteria: CustomerCriteria,
    page: Page,
    sort_by: Sequence[str],
) -> Found[Customer]:
    """Search the customers for which the caller holds the guard. Disabled ones only on request.

    Raises ``Denied``, ``Invalid``.
    """
    caller.require(guard)

    def own(one: CustomerCriteria) -> list[Condition]:
        return _build_filters(caller, one)

    reached = caller.list_reach(guard)
    if criteria.reveals("disabled"):
        # A disabled customer, and what is below it, is in nobody's reach; an administrator above it sees it.
        reached |= caller.question.tree.list_below(reached)
    condition = search.build_condition(criteria, own, SHOWN) & search.limit_to(caller, reached, Customer.id)
    return search.fetch_page(Customer, condition, page, search.build_ordering(sort_by, SORTABLE, "shortName"))


def list_own_customers(
    caller: Caller, keywords: Sequence[str], functions: Sequence[str], page: Page
) -> Found[Customer]:
    """List the customers for which this session has any right, and holds each of these functions, by short
    name. Raises ``Invalid``.
    """
    reached = caller.rights.list_reach()
    for name in functions:
        (function,) = filter_names.resolve_functions([name], "requiredFunction")
        reached &= caller.rights.list_reach_of(function)
    condition = and_(
        search.limit_to(caller, reached, Customer.id),
        *search.match_keywords(Criteria(keywords=keywords), OWN_KEYWORDS),
    )
    return search.fetch_page(Customer, condition, page, search.build_ordering((), SORTABLE, "shortName"))


def _build_filters(caller: Caller, criteria: CustomerCriteria) -> list[Condition]:
    domains = filter_names.resolve_domains(criteria.domains)
    conditions: list[Condition] = []
    if domains:
        conditions.append(Customer.domain_id.in_(domains))
    if criteria.customers:
        customers = filter_names.resolve_customers(criteria.customers, caller, domains=domains)
        conditions.append(Customer.id.in_(customers))
    if criteria.parents:
        parents = filter_names.resolve_customers(criteria.parents, caller, "parent", domains)
        conditions.append(Customer.parent_id.in_(parents))
    if criteria.ancestors:
        tops = filter_names.resolve_customers(criteria.ancestors, caller, "ancestor", domains)
        conditions.append(Customer.id.in_(caller.question.tree.list_below(tops)))
    if criteria.types:
        conditions.append(Customer.type.in_(list(criteria.types)))
    conditions += search.match_keywords(criteria, KEYWORDS)
    return conditions + search.match_flags(criteria, FLAGS)
