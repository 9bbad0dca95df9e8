"""Search users and groups: as an administrator, or in the reduced view that everybody may have."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import TypeVar

from sqlalchemy import or_
from sqlalchemy import select

from app.models.authority import Permission
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.preferences import Preference
from app.services.access import directory
from app.services.access import held_rights
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Condition
from app.services.access.search import Criteria
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
from app.services.administration import subject_fields
from app.services.administration.subject_fields import SubjectFields
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid

S = TypeVar("S", bound=Subject)
SHOWN: dict[str, Condition] = {"deleted": Subject.deleted_at.is_(None)}


@dataclass(frozen=True, slots=True)
class HeldPermission:
    """A permission that the subject has been granted, directly or through groups: for ``customer``, else for
    any customer, of ``domain``, else of the caller's own domain.
    """

    function: str
    customer: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class PreferenceWish:
    """A preference that the user has, with this value if one is given; or, without ``exists``, has not."""

    value: str | None = None
    exists: bool = True


@dataclass(frozen=True, kw_only=True)
class SubjectCriteria(Criteria):
    """Names are ids or short names; ``parents`` are groups with direct membership,
    ``ancestors`` with any membership. One of the ``holdings`` must be held. ``subjects`` are looked for in
    ``subject_fields``, with ``every_subject_field`` in each of them.
    """

    kind: str | None = None
    domains: Sequence[str] = ()
    customers: Sequence[str] = ()
    subjects: Sequence[str] = ()
    subject_fields: Collection[str] = ()
    every_subject_field: bool = False
    parents: Sequence[str] = ()
    ancestors: Sequence[str] = ()
    holdings: Sequence[HeldPermission] = ()
    preferences: Mapping[str, PreferenceWish] = field(default_factory=dict)


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

    condition = search.build_condition(criteria, own, SHOWN)
    condition &= search.limit_to_reach(caller, guard, Subject.customer_id)
    if kind is not Subject:
        condition &= Subject.kind == kind.__mapper__.polymorphic_identity
    return search.fetch_page(
        kind, condition, page, search.build_ordering(sort_by, fields.sortable, "shortName")
    )


def list_groups_of(
    subject: Subject, caller: Caller, page: Page, sort_by: Sequence[str], *, inherited: bool
) -> Found[Group]:
    """List the live groups of a subject, with ``inherited`` also groups of groups, where the caller
    administers their customer. Raises ``Invalid``.
    """
    ids = (
        [group.id for group in directory.list_groups(subject.id)]
        if inherited
        else [group.id for group in directory.load_direct_groups([subject.id]).get(subject.id, ())]
    )
    reached = search.limit_to_reach(caller, Guard.VIEW_USERS, Subject.customer_id)
    order = search.build_ordering(sort_by, subject_fields.ADMINISTERED.sortable, "shortName")
    return search.fetch_page(Group, Subject.id.in_(ids) & reached, page, order)


def _build_filters(
    caller: Caller, guard: Guard, fields: SubjectFields, criteria: SubjectCriteria
) -> list[Condition]:
    fields.require_searchable(criteria)
    domains = filter_names.resolve_domains(criteria.domains)
    found: list[Condition] = []
    if criteria.kind is not None:
        found.append(Subject.kind == criteria.kind)
    if domains:
        found.append(Subject.domain_id.in_(domains))
    if criteria.customers:
        customers = filter_names.resolve_customer_groups(criteria.customers, caller, domains=domains)
        found.append(search.limit_to(caller, customers, Subject.customer_id))
    if criteria.subjects:
        ids = filter_names.resolve_subjects(
            criteria.subjects, caller, "subject", guard, domains, deleted=criteria.asks_for("deleted")
        )
        chosen, every = criteria.subject_fields or ("id",), criteria.every_subject_field
        found.append(search.match_people(chosen, subject_fields.PEOPLE, ids, every=every))
    if criteria.parents:
        groups = filter_names.resolve_subjects(criteria.parents, caller, "parent", guard, domains)
        inside = select(Membership.member_id).where(
            Membership.group_id.in_(groups), Membership.removed_at.is_(None)
        )
        found.append(Subject.id.in_(inside))
    if criteria.ancestors:
        groups = filter_names.resolve_subjects(criteria.ancestors, caller, "ancestor", guard, domains)
        found.append(held_rights.match_members(Subject.id, groups))
    if criteria.holdings:
        found.append(or_(*(_match_holding(caller, holding) for holding in criteria.holdings)))
    found += [_match_preference(fields, key, wish) for key, wish in criteria.preferences.items()]
    found += search.match_keywords(criteria, fields.keywords)
    found += search.match_flags(criteria, fields.flags)
    return found + search.match_times(criteria, fields.times)


def _match_holding(caller: Caller, holding: HeldPermission) -> Condition:
    """Match subjects with the function or one above it, for the customer or one above it."""
    graph, tree = caller.question.graph, caller.question.tree
    functions = filter_names.resolve_functions([holding.function], "permissions.function")
    named = filter_names.resolve_domains([holding.domain] if holding.domain else [], "permissions.domain")
    domains = named or {caller.domain_id}
    if holding.customer is not None:
        field = "permissions.customer"
        customers = filter_names.resolve_customers([holding.customer], caller, field, domains)
        at = frozenset(up for customer in customers for up in tree.list_ancestors(customer))
    else:
        at = frozenset(customer for customer, domain in tree.domains.items() if domain in domains)
    granted = select(Permission.subject_id).where(
        Permission.function_id.in_(functions | graph.list_above(functions)),
        Permission.customer_id.in_(at),
        Permission.revoked_at.is_(None),
        # Only permissions that the caller may see can be used as a filter.
        search.limit_to_reach(caller, Guard.VIEW_PERMISSIONS, Permission.customer_id),
    )
    groups = select(Group.id).where(Group.id.in_(granted), Group.deleted_at.is_(None))
    return Subject.id.in_(granted) | Subject.id.in_(held_rights.select_member_ids(groups))


def _match_preference(fields: SubjectFields, key: str, wish: PreferenceWish) -> Condition:
    if not fields.preferences:
        raise Invalid(FieldProblem("userPreferences", "You may not search by this.", "NOT_ALLOWED"))
    having = select(Preference.user_id).where(Preference.key == key)
    if wish.value is not None:
        having = having.where(Preference.value == wish.value)
    return Subject.id.in_(having) if wish.exists else Subject.id.not_in(having)
