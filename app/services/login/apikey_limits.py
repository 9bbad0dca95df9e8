"""The limits of a new API key, checked against the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.models.apikeys import APIKey
from app.models.directory import User
from app.policy import network
from app.services.access import apikeys
from app.services.access import delegation
from app.services.access import directory
from app.services.access.apikeys import ANYWHERE
from app.services.access.apikeys import DEFAULT_DAYS
from app.services.access.callers import Caller
from app.services.guards import ALL_FUNCTIONS
from app.services.problems import FieldProblem
from app.services.problems import Invalid

MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The request; ``None`` means *not sent*. Ids and names are still text."""

    expiration_days: int | None = None
    disable_expiration: bool = False
    sources: Sequence[str] | None = None
    functions: Sequence[str] | None = None
    customers: Sequence[str] | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """With ``days`` of ``None`` the key never expires; ``sources`` is never empty."""

    days: int | None
    sources: tuple[str, ...]
    constraints: dict[str, Any] | None


def check_limits(caller: Caller, asked: KeyRequest) -> KeyLimits:
    """Compute the limits, no wider than requested. Raises ``Invalid`` naming every wrong field."""
    problems: list[FieldProblem] = []
    days: int | None = DEFAULT_DAYS if asked.expiration_days is None else asked.expiration_days
    if asked.disable_expiration or days == 0:
        # A key that never expires requires that the caller holds everything for the domain.
        days = None
        if not _may_last_for_ever(caller):
            problems.append(
                FieldProblem("expirationDays", "You may not make a key that never expires.", "NOT_ALLOWED")
            )
    elif days is not None and not 0 < days <= MOST_DAYS:
        problems.append(FieldProblem("expirationDays", f"Choose 1 to {MOST_DAYS} days.", "OUT_OF_RANGE"))
    sources: tuple[str, ...] = ANYWHERE
    if asked.sources is not None:
        wrong = network.list_range_problems(list(asked.sources))
        problems += [
            FieldProblem("validSources" if i < 0 else f"validSources[{i}]", p.problem, "INVALID_RANGE")
            for i, p in wrong
        ]
        if not wrong:
            sources = tuple(network.parse_ranges(list(asked.sources)))
    constraints = _check_constraints(caller, asked, problems)
    if problems:
        raise Invalid(*problems)
    return KeyLimits(days, sources, constraints)


def create_key(user: User, description: str, asked: KeyRequest, caller: Caller) -> tuple[APIKey, str]:
    """Create a key of this user, within the requested limits; its text is returned once.
    Inside a unit of work.

    Whether the caller may create a key is checked before. Raises ``Invalid``.
    """
    limits = check_limits(caller, asked)
    return apikeys.create_key(
        user,
        description,
        caller.actor,
        days=limits.days,
        sources=limits.sources,
        constraints=limits.constraints,
    )


def _may_last_for_ever(caller: Caller) -> bool:
    top = directory.find_function(ALL_FUNCTIONS)
    return top is not None and delegation.holds(
        caller, top.id, directory.get_root_customer(caller.domain_id).id
    )


def _check_constraints(
    caller: Caller, asked: KeyRequest, problems: list[FieldProblem]
) -> dict[str, Any] | None:
    stored: dict[str, Any] = {}
    if asked.functions is not None:
        found = [directory.find_function(text) for text in asked.functions]
        if None in found:
            problems.append(
                FieldProblem("sessionConstraints.function", "There is no such function.", "UNKNOWN")
            )
        stored["functions"] = [function.id for function in found if function is not None]
    if asked.customers is not None:
        places = [directory.find_customer(text, caller.domain_id) for text in asked.customers]
        if any(place is None or not caller.rights.allows_anything(place.id) for place in places):
            problems.append(
                FieldProblem("sessionConstraints.customerID", "There is no such customer.", "UNKNOWN")
            )
        stored["customers"] = [place.id for place in places if place is not None]
    if asked.read_only:
        stored["readOnly"] = True
    return stored or None
