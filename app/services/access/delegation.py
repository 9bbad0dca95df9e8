"""Nobody gives what he does not hold, nor takes over who holds more (security rule 59, decision 17)."""

from __future__ import annotations

from app.models.directory import Subject
from app.models.directory import User
from app.policy.rights import Rights
from app.policy.rights import resolve
from app.services.access import held_rights
from app.services.access.callers import Caller
from app.services.problems import FieldProblem
from app.services.problems import NotHeld

GIVING = "You cannot give or take rights that you do not hold yourself."


def holds_all(caller: Caller, function_id: int, customer_id: int) -> bool:
    """Whether the caller holds this function, with everything below it, for this customer.

    Compares what is *held* within session constraints and whatever the level (design decision 17).
    """
    return caller.delegable.covers(rights_given(caller, function_id, customer_id))


def rights_given(caller: Caller, function_id: int, customer_id: int) -> Rights:
    """The rights that a permission on this function and customer would give anybody."""
    question = caller.question
    return resolve([(function_id, customer_id)], question.graph, question.tree)


def holds_all_of(caller: Caller, subject: Subject) -> bool:
    """Whether the caller holds everything the subject was granted, whatever the level (decision 17).

    What is held at a disabled customer counts too: it is back when the customer is.
    """
    return caller.delegable.covers(held_rights.granted_to(subject.id))


def insist_not_above(caller: Caller, user: User) -> None:
    """Go on only when the user holds nothing that the caller lacks. Raises ``NotHeld``.

    A person is not above himself; a session or key of his that may do less is below him (rule 54).
    """
    himself = user.id == caller.user_id and caller.personal
    if not himself and not holds_all_of(caller, user):
        raise NotHeld


def not_held(field: str) -> FieldProblem:
    """The problem of a field that names more than the caller holds."""
    return FieldProblem(field, GIVING, "NOT_HELD")
