"""Customers (contract 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Literal

from app.models.directory import Customer
from app.policy.rights import CustomerTree
from app.schemas.answers.infos import CustomerInfo
from app.schemas.answers.infos import DomainInfo
from app.schemas.answers.infos import History
from app.schemas.answers.infos import SubjectInfo
from app.schemas.answers.infos import collect_history_fields
from app.schemas.answers.infos import collect_people_ids
from app.schemas.answers.infos import list_set_flags
from app.schemas.common import Language
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.access import directory

CustomerType = Literal["group", "leaf"]
CustomerFlag = Literal[
    "disabled",
    "denySubmitForAnonymousUser",
    "allowGlobalData",
    "excludeFromProduction",
    "networkBaseCustomer",
    "singleNetworkDomain",
    "customerDataDeleted",
    "rootCustomerGroup",
]


class CustomerShape(History):
    """A customer as an administrator sees it."""

    id: int
    short_name: str
    name: str
    domain: DomainInfo
    parent: CustomerInfo | None
    type: CustomerType
    language: Language
    time_zone: str
    flags: list[CustomerFlag]
    deleted_timestamp: int
    deleted_by_user: SubjectInfo | None


class BasicCustomer(Shape):
    """A customer as everybody sees it; ``ancestorIDs`` begins with the customer itself."""

    id: int
    short_name: str
    name: str
    domain: DomainInfo
    type: CustomerType
    language: Language
    time_zone: str
    flags: list[CustomerFlag]
    parent_id: int | None
    ancestor_ids: list[int]
    properties: dict[str, str] | None


def build_customer_shapes(rows: Sequence[Customer]) -> list[CustomerShape]:
    """Build the shapes of all rows with the users and parents they name; two queries."""
    people = directory.load_subjects_by_id(collect_people_ids(rows, "created_by_id", "updated_by_id"))
    parents = {c.id: c for c in directory.list_customers_by_id(collect_people_ids(rows, "parent_id"))}
    return [
        CustomerShape(
            **_collect_common_fields(row),
            parent=CustomerInfo.from_row(parents[row.parent_id]) if row.parent_id is not None else None,
            **collect_history_fields(row, people),
            deleted_timestamp=to_millis(row.disabled_at),
            deleted_by_user=None,
        )
        for row in rows
    ]


def build_customer_shape(row: Customer) -> CustomerShape:
    """Build the shape of one customer."""
    return build_customer_shapes([row])[0]


def build_basic_customer(row: Customer, tree: CustomerTree) -> BasicCustomer:
    """Build the reduced view."""
    return BasicCustomer(
        **_collect_common_fields(row),
        parent_id=row.parent_id,
        ancestor_ids=list(tree.list_ancestors(row.id)),
        properties=None,
    )


def _collect_common_fields(row: Customer) -> dict[str, Any]:
    return {
        "id": row.id,
        "short_name": row.short_name,
        "name": row.name,
        "domain": DomainInfo.from_row(row.domain),
        "type": row.type,
        "language": row.language,
        "time_zone": row.time_zone,
        "flags": [*row.flags, *list_set_flags(("disabled", row.disabled_at))],
    }
