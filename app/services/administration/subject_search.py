"""Search users and groups: as an administrator, or in the reduced view that everybody may have."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import false
from sqlalchemy import or_
from sqlalchemy import select

from app.extensions import db
from app.models.authority import Permission
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import Subject
from app.services.access import held_rights
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Column
from app.services.access.search import Condition
from app.services.access.search import Criteria
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
from app.services.administration import subject_fields
from app.services.administration.subject_fields import SubjectFields
from app.services.guards import Guard

S = TypeVar("S", bound=Subject)
PEOPLE: dict[str, Column] = {
    "id": Subject.id,
    "createdByUser": Subject.created_by_id,
    "lastUpdatedByUser": Subject.updated_by_id,
    "deletedByUser": Subject.deleted_by_id,
}


@dataclass(frozen=True, slots=True)
class HeldPermission:
    """A permission that the subject must have been granted, directly or through groups."""

    function: str
    customer: str | None = None


@dataclass(frozen=True, kw_only=True)
class SubjectCriteria(Criteria):
    """Names are ids or short names; ``parents`` are groups with direct membership,
    ``ancestors`` with any membership.
    """

    kind: str | None = None
    domains: Sequence[str] = ()
    customers: Sequence[str] = ()
    subjects: Sequence[str] = ()
    subject_fields: Collection[str] = ()
    parents: Sequence[str] = ()
    ancestors: Sequence[str] = ()
    holdings: Sequence[HeldPermission] = ()


def search_administered(
    kind: type[S], caller: Caller, criteria: SubjectCriteria, page: Page, sort_by: Sequence[str]
) -> Found[S]:
    """Search subjects of customers where the caller holds ``viewUsers``. Raises ``Denied``, ``Invalid``."""
    return _search(kind, caller, Guard.VIEW_USERS, subject_fields.ADMINISTERED, criteria, page, sort_by)


def search_related(
    kind: type[S], caller: Caller, criteria: SubjectCriteria, page: Page, sort_by: Sequence[str]
) -> Found[S]:
    """Search subjects of customers where the caller holds ``viewRelatedBasicSubject``.
    Raises as ``search_administered``.

    Private fields cannot be searched without their guard, because a match would reveal them (rule 58).
    """
    guard = Guard.VIEW_RELATED_BASIC_SUBJECT
    return _search(kind, caller, guard, subject_fields.build_basic_fields(caller), criteria, page, sort_by)


def _search(
    kind: type[S],
    caller: Caller,
    guard: Guard,
    fields: SubjectFields,
    criteria: SubjectCriteria,
    page: Page,
    sort_by: Sequence[str],
) -> Found[S]:
    caller.require(guard)

    def own(one: SubjectCriteria) -> list[Condition]:
        return _build_filters(caller, guard, fields, one)

    condition = search.build_condition(criteria, own) & search.limit_to_reach(
        caller, guard, Subject.customer_id
    )
    if kind is not Subject:
        condition &= Subject.kind == kind.__mapper__.polymorphic_identity
    if not criteria.wants_deleted:
        condition &= Subject.deleted_at.is_(None)
    return search.fetch_page(
        kind, condition, page, search.build_ordering(sort_by, fields.sortable, "shortName")
    )


def _build_filters(
    caller: Caller, guard: Guard, fields: SubjectFields, criteria: SubjectCriteria
) -> list[Condition]:
    fields.require_searchable(criteria)
    found: list[Condition] = []
    if criteria.kind is not None:
        found.append(Subject.kind == criteria.kind)
    if criteria.domains:
        found.append(Subject.domain_id.in_(filter_names.resolve_domains(criteria.domains)))
    if criteria.customers:
        found.append(Subject.customer_id.in_(filter_names.resolve_customers(criteria.customers, caller)))
    if criteria.subjects:
        ids = filter_names.resolve_subjects(criteria.subjects, caller, guard=guard)
        chosen = criteria.subject_fields or ("id",)
        columns = [c for name, c in PEOPLE.items() if name in chosen or "all" in chosen]
        found.append(or_(false(), *(column.in_(ids) for column in columns)))
    if criteria.parents:
        groups = filter_names.resolve_subjects(criteria.parents, caller, "parent", guard)
        inside = select(Membership.member_id).where(
            Membership.group_id.in_(groups), Membership.removed_at.is_(None)
        )
        found.append(Subject.id.in_(inside))
    if criteria.ancestors:
        groups = filter_names.resolve_subjects(criteria.ancestors, caller, "ancestor", guard)
        found.append(Subject.id.in_({m for group in groups for m in held_rights.list_member_ids(group)}))
    found += [_match_holding(caller, holding) for holding in criteria.holdings]
    found += search.match_keywords(criteria, fields.keywords)
    found += search.match_flags(criteria, fields.flags)
    return found + search.match_times(criteria, fields.times)


def _match_holding(caller: Caller, holding: HeldPermission) -> Condition:
    """Match subjects with the function or one above it, for the customer or one above it."""
    graph, tree = caller.question.graph, caller.question.tree
    (function,) = filter_names.resolve_functions([holding.function], "permissions.function")
    above = [f for f in graph.names if function in graph.list_descendants(f)]
    statement = select(Permission.subject_id).where(
        Permission.function_id.in_(above), Permission.revoked_at.is_(None)
    )
    if holding.customer is not None:
        (customer,) = filter_names.resolve_customers([holding.customer], caller, "permissions.customer")
        statement = statement.where(Permission.customer_id.in_(tree.list_ancestors(customer)))
    # Only permissions that the caller may see can be used as a filter.
    statement = statement.where(search.limit_to_reach(caller, Guard.VIEW_PERMISSIONS, Permission.customer_id))
    granted = set(db.session.execute(statement).scalars())
    groups = db.session.execute(select(Group.id).where(Group.id.in_(granted))).scalars()
    return Subject.id.in_(granted | {m for group in groups for m in held_rights.list_member_ids(group)})
