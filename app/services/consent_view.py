"""What a consent page says about a decision: functions by customer, and what falls away and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.policy.facts import Decision
from app.policy.facts import Question
from app.policy.reasons import REASONS
from app.services import gate


@dataclass(frozen=True, slots=True)
class CustomerRights:
    """The functions a session would have for one customer and all below it."""

    customer: str
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fallen:
    """A function of the permission scope that the session would not have."""

    function: str
    message: str


def rights_by_customer(decision: Decision, question: Question) -> list[CustomerRights]:
    """The very functions and customers of the decision's rights, by name."""
    by_customer: dict[int, list[str]] = {}
    for function, tops in decision.rights.held.items():
        for top in tops:
            by_customer.setdefault(top, []).append(question.graph.names[function])
    named = [
        CustomerRights(question.tree.names.get(customer, ""), tuple(sorted(functions)))
        for customer, functions in by_customer.items()
    ]
    return sorted(named, key=lambda one: one.customer)


def fallen(question: Question) -> list[Fallen]:
    """What the application could do at most and will not be able to do for this person."""
    found = []
    for missing in gate.missing(question):
        name = question.graph.names.get(missing.function, "")
        text: Mapping[str, str] = {"function": name}
        found.append(Fallen(name, REASONS[missing.reason].public.format_map(dict(text))))
    return sorted(found, key=lambda one: one.function)
