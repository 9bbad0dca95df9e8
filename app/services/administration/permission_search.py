"""Search permissions and memberships, of the customers for which the caller may see them."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_
from sqlalchemy import or_
from sqlalchemy import select

from app.models.authority import Function
from app.models.authority import Permission
from app.models.directory import Customer
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
from app.services.guards import Guard

TIMES: dict[str, Column] = {
    "grantedTimestamp": Permission.granted_at,
    "revokedTimestamp": Permission.revoked_at,
}
SHOWN: dict[str, Condition] = {"deleted": Permission.revoked_at.is_(None)}
SUBJECT_NAME = select(Subject.short_name).where(Subject.id == Permission.subject_id).scalar_subquery()
FUNCTION_NAME = select(Function.name).where(Function.id == Permission.function_id).scalar_subquery()
CUSTOMER_NAME = select(Customer.short_name).where(Customer.id == Permission.customer_id).scalar_subquery()
KEYWORDS: dict[str, Column] = {
    "function": FUNCTION_NAME,
    "subject": SUBJECT_NAME,
    "customer": CUSTOMER_NAME,
}
SORTABLE: dict[str, Column] = {
    "id": Permission.id,
    "subject": SUBJECT_NAME,
    "function": FUNCTION_NAME,
    "customer": CUSTOMER_NAME,
    "grantedTimestamp": Permission.granted_at,
}
MEMBERSHIP_TIMES: dict[str, Column] = {
    "addedTimestamp": Membership.added_at,
    "removedTimestamp": Membership.removed_at,
}
MEMBERSHIP_PEOPLE: dict[str, Column] = {
    "group": Membership.group_id,
    "member": Membership.member_id,
    "addedByUser": Membership.added_by_id,
    "removedByUser": Membership.removed_by_id,
}
MEMBERSHIP_SORTABLE: dict[str, Column] = {"id": Membership.id, "addedTimestamp": Membership.added_at}
MEMBERSHIP_PARTIES = (Membership.group_id, Membership.member_id)
MEMBERSHIP_SHOWN: dict[str, Condition] = {
    "deleted": and_(
        Membership.removed_at.is_(None),
        *(
            search.match_named(column, Subject.id, Subject.deleted_at.is_(None))
            for column in MEMBERSHIP_PARTIES
        ),
    )
}


@dataclass(frozen=True, slots=True)
class FilterReach:
    """Whether a filter also matches what is above or below the object it names."""

    above: bool = True
    below: bool = True


@dataclass(frozen=True, kw_only=True)
class PermissionCriteria(Criteria):
    """Each filter by id or name. Permissions are those for customers of ``domain``, where names are looked
    up; without one, of any domain.
    """

    domain: str | None = None
    subjects: Sequence[str] = ()
    customers: Sequence[str] = ()
    functions: Sequence[str] = ()
    around_subjects: FilterReach = FilterReach()
    around_customers: FilterReach = FilterReach()
    around_functions: FilterReach = FilterReach()


@dataclass(frozen=True, kw_only=True)
class MembershipCriteria(Criteria):
    """``subject_fields`` tell the role of the subjects in the membership:
    group, member, addedByUser, removedByUser. ``customers`` own the group or the member. Names are looked up
    in ``domain``.
    """

    domain: str | None = None
    customers: Sequence[str] = ()
    subjects: Sequence[str] = ()
    subject_fields: Collection[str] = ()


def search_permissions(
    caller: Caller, criteria: PermissionCriteria, page: Page, sort_by: Sequence[str] = ()
) -> Found[Permission]:
    """Search permissions for the customers where the caller holds ``viewPermissions``.
    Raises ``Denied``, ``Invalid``.
    """
    caller.require(Guard.VIEW_PERMISSIONS)

    def own(one: PermissionCriteria) -> list[Condition]:
        return _build_filters(caller, one)

    condition = search.build_condition(criteria, own, SHOWN)
    condition &= search.limit_to_reach(caller, Guard.VIEW_PERMISSIONS, Permission.customer_id)
    return search.fetch_page(Permission, condition, page, search.build_ordering(sort_by, SORTABLE, "id"))


def list_held_permissions(
    subject: Subject, caller: Caller, page: Page, *, inherited: bool, deleted: bool
) -> Found[Permission]:
    """List the permissions of one subject; with ``inherited`` also through its groups. Raises ``Denied``."""
    caller.require(Guard.VIEW_PERMISSIONS)
    condition = search.limit_to_reach(caller, Guard.VIEW_PERMISSIONS, Permission.customer_id)
    return _list_granted(subject.id, condition, page, inherited=inherited, deleted=deleted)


def list_own_permissions(caller: Caller, page: Page, *, inherited: bool) -> Found[Permission]:
    """List the permissions of the caller; session constraints do not reduce them (contract 4.2)."""
    return _list_granted(caller.user_id, Permission.id.is_not(None), page, inherited=inherited, deleted=False)


def search_memberships(
    caller: Caller, criteria: MembershipCriteria, page: Page, sort_by: Sequence[str] = ()
) -> Found[Membership]:
    """Search memberships in groups of customers where the caller holds ``viewUsers``. Raises as
    ``search_permissions``."""
    caller.require(Guard.VIEW_USERS)

    def filters(one: MembershipCriteria) -> list[Condition]:
        return _build_membership_filters(caller, one)

    named = search.limit_to_reach(caller, Guard.VIEW_USERS, Subject.customer_id)
    shown = MEMBERSHIP_SHOWN
    if not criteria.reveals("deleted"):
        # The same in one look-up for each party.
        shown, named = {"deleted": Membership.removed_at.is_(None)}, named & Subject.deleted_at.is_(None)
    condition = search.build_condition(criteria, filters, shown)
    for column in MEMBERSHIP_PARTIES:
        condition &= search.match_named(column, Subject.id, named)
    order = search.build_ordering(sort_by, MEMBERSHIP_SORTABLE, "id")
    return search.fetch_page(Membership, condition, page, order)


def _list_granted(
    subject_id: int, condition: Condition, page: Page, *, inherited: bool, deleted: bool
) -> Found[Permission]:
    ids = [subject_id, *(held_rights.list_group_ids(subject_id) if inherited else ())]
    condition = condition & Permission.subject_id.in_(ids)
    if not deleted:
        condition &= Permission.revoked_at.is_(None)
    return search.fetch_page(Permission, condition, page, [Permission.id.asc()])


def _build_filters(caller: Caller, criteria: PermissionCriteria) -> list[Condition]:
    graph, tree = caller.question.graph, caller.question.tree
    domains, deleted = _resolve_domain(criteria.domain), criteria.asks_for("deleted")
    conditions: list[Condition] = []
    if domains:
        inside = Customer.domain_id.in_(domains)
        conditions.append(search.match_named(Permission.customer_id, Customer.id, inside))
    if criteria.subjects:
        ids = filter_names.resolve_subjects(criteria.subjects, caller, domains=domains, deleted=deleted)
        wanted = set(ids)
        if criteria.around_subjects.above:
            wanted |= {group for one in ids for group in held_rights.list_group_ids(one)}
        of: list[Condition] = [Permission.subject_id.in_(wanted)]
        if criteria.around_subjects.below:
            of.append(held_rights.match_members(Permission.subject_id, ids))
        conditions.append(or_(*of))
    if criteria.customers:
        ids = filter_names.resolve_customers(criteria.customers, caller, domains=domains)
        around = criteria.around_customers
        line = {up for one in ids for up in tree.list_ancestors(one)} if around.above else set()
        conditions.append(
            Permission.customer_id.in_(ids | line | (tree.list_below(ids) if around.below else set()))
        )
    if criteria.functions:
        ids = filter_names.resolve_functions(criteria.functions, deleted=deleted)
        around = criteria.around_functions
        ids |= (graph.list_above(ids) if around.above else frozenset()) | (
            graph.list_below(ids) if around.below else frozenset()
        )
        conditions.append(Permission.function_id.in_(ids))
    conditions += search.match_keywords(criteria, KEYWORDS)
    return conditions + search.match_times(criteria, TIMES)


def _build_membership_filters(caller: Caller, criteria: MembershipCriteria) -> list[Condition]:
    domains = _resolve_domain(criteria.domain)
    conditions: list[Condition] = []
    if criteria.customers:
        customers = filter_names.resolve_customer_groups(criteria.customers, caller, domains=domains)
        owned = search.limit_to(caller, customers, Subject.customer_id)
        conditions.append(
            or_(*(search.match_named(column, Subject.id, owned) for column in MEMBERSHIP_PARTIES))
        )
    if criteria.subjects:
        ids = filter_names.resolve_subjects(
            criteria.subjects, caller, domains=domains, deleted=criteria.asks_for("deleted")
        )
        chosen = criteria.subject_fields or ("group", "member")
        conditions.append(search.match_people(chosen, MEMBERSHIP_PEOPLE, ids))
    return conditions + search.match_times(criteria, MEMBERSHIP_TIMES)


def _resolve_domain(name: str | None) -> frozenset[int]:
    return filter_names.resolve_domains([name] if name is not None else [])
