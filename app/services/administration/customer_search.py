"""Search customers: as an administrator, or in the reduced view."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import String
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


@dataclass(frozen=True, kw_only=True)
class CustomerCriteria(Criteria):
    """``parents`` match directly above, ``ancestors`` anywhere above; each by id or short name."""

    customers: Sequence[str] = ()
    parents: Sequence[str] = ()
    ancestors: Sequence[str] = ()
    domains: Sequence[str] = ()
    types: Collection[str] = ()

    @property
    def wants_disabled(self) -> bool:
        """Tell whether disabled customers are included."""
        return self.wants_deleted or "disabled" in self.include_flags


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

    condition = search.build_condition(criteria, own)
    if criteria.wants_disabled:
        # A disabled customer is in nobody's reach; an administrator of its parent sees it.
        condition &= search.limit_to_reach(caller, guard, Customer.id) | search.limit_to_reach(
            caller, guard, Customer.parent_id
        )
    else:
        condition &= search.limit_to_reach(caller, guard, Customer.id) & Customer.disabled_at.is_(None)
    return search.fetch_page(Customer, condition, page, search.build_ordering(sort_by, SORTABLE, "shortName"))


def _build_filters(caller: Caller, criteria: CustomerCriteria) -> list[Condition]:
    tree = caller.question.tree
    conditions: list[Condition] = []
    if criteria.domains:
        conditions.append(Customer.domain_id.in_(filter_names.resolve_domains(criteria.domains)))
    if criteria.customers:
        conditions.append(Customer.id.in_(filter_names.resolve_customers(criteria.customers, caller)))
    if criteria.parents:
        conditions.append(
            Customer.parent_id.in_(filter_names.resolve_customers(criteria.parents, caller, "parent"))
        )
    if criteria.ancestors:
        tops = filter_names.resolve_customers(criteria.ancestors, caller, "ancestor")
        conditions.append(
            Customer.id.in_([c for c in tree.parents if not tops.isdisjoint(tree.list_ancestors(c))])
        )
    if criteria.types:
        conditions.append(Customer.type.in_(list(criteria.types)))
    conditions += search.match_keywords(criteria, KEYWORDS)
    return conditions + search.match_flags(criteria, FLAGS)
