"""A caller cannot grant rights that the caller lacks, nor take over a user with more rights (rule 59,
decision 17).
"""

from __future__ import annotations

from app.models.directory import Subject
from app.models.directory import User
from app.policy.rights import Rights
from app.policy.rights import resolve_rights
from app.services.access import held_rights
from app.services.access.callers import Caller
from app.services.problems import FieldProblem
from app.services.problems import NotHeld

GIVING = "You cannot give or take rights that you do not hold yourself."


def holds_all(caller: Caller, function_id: int, customer_id: int) -> bool:
    """Tell whether the caller holds this function, with everything below it, for this customer.

    This compares what is *held* within session constraints, at any security level (design decision 17).
    """
    return caller.delegable_rights.covers(resolve_rights_given(caller, function_id, customer_id))


def resolve_rights_given(caller: Caller, function_id: int, customer_id: int) -> Rights:
    """Return the rights that a permission on this function and customer would give."""
    question = caller.question
    return resolve_rights([(function_id, customer_id)], question.graph, question.tree)


def holds_all_of(caller: Caller, subject: Subject) -> bool:
    """Tell whether the caller holds everything the subject was granted, at any level (decision 17).

    Permissions at a disabled customer count too: they come back with the customer.
    """
    return caller.delegable_rights.covers(held_rights.resolve_granted_rights(subject.id))


def require_not_above(caller: Caller, user: User) -> None:
    """Require that the user holds nothing that the caller lacks. Raises ``NotHeld``.

    A person may always act on the own account, also by a session or key with fewer rights (rule 54).
    """
    if not caller.is_self(user.id) and not holds_all_of(caller, user):
        raise NotHeld


def report_not_held(field: str) -> FieldProblem:
    """Build the problem of a field that names more than the caller holds."""
    return FieldProblem(field, GIVING, "NOT_HELD")
