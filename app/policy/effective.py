"""Effective rights: the user's rights, narrowed by client, session and security level.

{ what the user holds now } ∩ descendants of the permission scope, narrowed to the bound customer, to the
session's constraints and to min(login level, client cap): design decision 4.
"""

from __future__ import annotations

from app.policy.facts import Question
from app.policy.rights import Rights


def compute_session_level(q: Question) -> int:
    """Compute the level at which the caller acts: the lowest of login, credential and the client's cap."""
    levels: list[int] = [int(q.login.level) if q.login is not None else 0]
    if q.credential is not None and q.credential.level is not None:
        levels.append(int(q.credential.level))
    if q.client is not None:
        levels.append(int(q.client.max_level))
    return min(levels)


def compute_effective_rights(q: Question) -> Rights:
    """Compute the rights of the session; never more than the user's own."""
    return _narrow_to_level(q, _narrow_to_constraints(q, _narrow_to_client(q, q.user.rights)))


def compute_held_rights(q: Question) -> Rights:
    """Compute what a stronger login would give: held within client and session limits, at any level."""
    return _narrow_to_constraints(q, _narrow_to_client(q, q.user.rights))


def compute_key_rights(q: Question) -> Rights:
    """Compute what the owner of a key holds within the key's limits, at any level."""
    owner = q.impersonator.user if q.impersonator is not None else q.user
    return _narrow_to_constraints(q, owner.rights)


def explain_missing(q: Question, function: int, customer: int | None) -> str:
    """Return the reason code why a function is not effective: the first narrowing that removed it."""
    rights = q.user.rights
    if not rights.allows_anywhere(function):
        return "right_not_held"
    if not _has(rights, function, customer):
        return "right_not_held_for_customer"
    rights = _narrow_to_client(q, rights)
    if not _has(rights, function, customer):
        return "right_outside_client"
    rights = _narrow_to_constraints(q, rights)
    if not _has(rights, function, customer):
        return "right_constrained"
    return "right_above_level"


def _has(rights: Rights, function: int, customer: int | None) -> bool:
    return rights.allows_anywhere(function) if customer is None else rights.allows(function, customer)


def _narrow_to_client(q: Question, rights: Rights) -> Rights:
    if q.client is None:
        return rights
    rights = rights.to_functions(q.graph.list_descendants(q.client.permission_scope))
    return rights if q.client.customer is None else rights.to_customers((q.client.customer,))


def _narrow_to_constraints(q: Question, rights: Rights) -> Rights:
    if q.impersonator is not None:
        rights = rights.intersect(q.impersonator.user.rights)
    for bound in q.constraints:
        if bound.functions is not None:
            allowed = frozenset(f for top in bound.functions for f in q.graph.list_descendants(top))
            rights = rights.to_functions(allowed)
        if bound.customers is not None:
            rights = rights.to_customers(bound.customers)
        if bound.read_only:
            rights = rights.to_functions(q.graph.read_only)
    return rights


def _narrow_to_level(q: Question, rights: Rights) -> Rights:
    level = compute_session_level(q)
    return rights.to_functions(frozenset(f for f in rights.held if q.graph.levels.get(f, 0) <= level))
