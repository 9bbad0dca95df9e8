"""Resolve names in filters to ids. Objects the caller may not know of are unknown, like absent ones.

Short names are looked up in ``domains``; without any, in the caller's own domain (contract 1.6).
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable

from app.services.access import directory
from app.services.access.callers import Caller
from app.services.administration.visibility import may_see
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid


def resolve_domains(texts: Iterable[str], field: str = "domain") -> frozenset[int]:
    """Resolve domains by id or name. Raises ``Invalid``."""
    found = [directory.find_domain(text) for text in texts]
    if None in found:
        raise Invalid(FieldProblem(field, "There is no such domain.", "UNKNOWN"))
    return frozenset(domain.id for domain in found if domain is not None)


def resolve_customers(
    texts: Iterable[str], caller: Caller, field: str = "customer", domains: Collection[int] = ()
) -> frozenset[int]:
    """Resolve customers by id or short name, among those where the caller has any right.
    Raises ``Invalid``.
    """
    ids: set[int] = set()
    for text in texts:
        named = (directory.find_customer(text, domain) for domain in domains or (caller.domain_id,))
        found = {one.id for one in named if one is not None and caller.rights.allows_anything(one.id)}
        if not found:
            raise Invalid(FieldProblem(field, "There is no such customer.", "UNKNOWN"))
        ids |= found
    return frozenset(ids)


def resolve_customer_groups(
    texts: Iterable[str], caller: Caller, field: str = "customer", domains: Collection[int] = ()
) -> frozenset[int]:
    """As ``resolve_customers``, with all customers below them: what belongs to a customer group."""
    tops = resolve_customers(texts, caller, field, domains)
    return tops | caller.question.tree.list_below(tops)


def resolve_functions(
    texts: Iterable[str], field: str = "function", *, deleted: bool = False
) -> frozenset[int]:
    """Resolve functions by id or name, also ``deleted`` ones if they are searched. Raises ``Invalid``."""
    ids: set[int] = set()
    for text in texts:
        found = {one.id for one in directory.list_functions_named(text, deleted=deleted)}
        if not found:
            raise Invalid(FieldProblem(field, "There is no such function.", "UNKNOWN"))
        ids |= found
    return frozenset(ids)


def resolve_subjects(
    texts: Iterable[str],
    caller: Caller,
    field: str = "subject",
    guard: Guard = Guard.VIEW_USERS,
    domains: Collection[int] = (),
    *,
    deleted: bool = False,
) -> frozenset[int]:
    """Resolve users and groups by id or short name, among those the caller may know of, also ``deleted``
    ones if they are searched. Raises ``Invalid``.
    """
    ids: set[int] = set()
    for text in texts:
        named = directory.list_subjects_named(text, domains or (caller.domain_id,), deleted=deleted)
        found = {one.id for one in named if may_see(caller, one, guard)}
        if not found:
            raise Invalid(FieldProblem(field, "There is no such user or group.", "UNKNOWN"))
        ids |= found
    return frozenset(ids)
