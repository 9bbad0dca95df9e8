"""Resolve names in filters to ids. Objects the caller may not know of are unknown, like absent ones."""

from __future__ import annotations

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


def resolve_customers(texts: Iterable[str], caller: Caller, field: str = "customer") -> frozenset[int]:
    """Resolve customers by id or short name, among those where the caller has any right.
    Raises ``Invalid``.
    """
    found = [directory.find_customer(text, caller.domain_id) for text in texts]
    if any(one is None or not caller.rights.allows_anything(one.id) for one in found):
        raise Invalid(FieldProblem(field, "There is no such customer.", "UNKNOWN"))
    return frozenset(one.id for one in found if one is not None)


def resolve_functions(texts: Iterable[str], field: str = "function") -> frozenset[int]:
    """Resolve live functions by id or name. Raises ``Invalid``."""
    found = [directory.find_function(text) for text in texts]
    if None in found:
        raise Invalid(FieldProblem(field, "There is no such function.", "UNKNOWN"))
    return frozenset(one.id for one in found if one is not None)


def resolve_subjects(
    texts: Iterable[str], caller: Caller, field: str = "subject", guard: Guard = Guard.VIEW_USERS
) -> frozenset[int]:
    """Resolve live users and groups by id or short name, among those the caller may know of.
    Raises ``Invalid``.
    """
    ids = set()
    for text in texts:
        found = directory.find_subject(text, caller.domain_id)
        if found is None or not may_see(caller, found, guard):
            raise Invalid(FieldProblem(field, "There is no such user or group.", "UNKNOWN"))
        ids.add(found.id)
    return frozenset(ids)
