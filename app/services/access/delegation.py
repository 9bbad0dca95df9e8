"""Handing on: a caller grants or revokes only rights that the caller could use now, and leaves alone whoever
holds more (rule 59, design decision 23). ``app.policy.ways_in`` compares; here are the facts.
"""

from __future__ import annotations

from app.models.directory import Subject
from app.models.directory import User
from app.policy import ways_in
from app.policy.effective import compute_held_rights
from app.policy.rights import Rights
from app.policy.rights import resolve_rights
from app.policy.ways_in import Lack
from app.services.access import held_rights
from app.services.access.callers import Caller
from app.services.problems import Denied
from app.services.problems import FieldProblem
from app.services.problems import NotHeld
from app.services.problems import NotPersonal
from app.services.problems import Problem
from app.services.problems import StrongerLoginNeeded

GIVING = (
    "You cannot give or take rights that this session may not use: ask somebody who holds them, "
    "or log in more strongly."
)
PROBLEMS: dict[Lack, type[Problem]] = {
    Lack.PERSONAL: NotPersonal,
    Lack.RIGHTS: NotHeld,
    Lack.LEVEL: StrongerLoginNeeded,
}


def holds(caller: Caller, function_id: int, customer_id: int) -> bool:
    """Tell whether the caller holds this function for this customer, within the session's limits, at any
    level and whatever is below it: to change the function itself gives and takes nothing.
    """
    _require_accepted(caller)
    return compute_held_rights(caller.question).allows(function_id, customer_id)


def holds_all(caller: Caller, function_id: int, customer_id: int) -> bool:
    """Tell whether the caller may use this function now, with everything below it, for this customer."""
    return _find_lack(caller, resolve_rights_given(caller, function_id, customer_id)) is None


def resolve_rights_given(caller: Caller, function_id: int, customer_id: int) -> Rights:
    """Return the rights that a permission on this function and customer would give."""
    question = caller.question
    return resolve_rights([(function_id, customer_id)], question.graph, question.tree)


def holds_all_of(caller: Caller, subject: Subject) -> bool:
    """Tell whether the caller may use now everything that the subject was granted.

    Permissions at a disabled customer count too: they come back with the customer.
    """
    return _find_lack(caller, held_rights.resolve_granted_rights(subject.id)) is None


def require_not_above(caller: Caller, user: User) -> None:
    """Require that the user holds nothing that the caller could not use now.
    Raises ``NotHeld``, ``StrongerLoginNeeded``.

    A person may always act on the own account, also by a session or key with fewer rights (rule 54).
    """
    if not caller.is_self(user.id):
        require_no_lack(_find_lack(caller, held_rights.resolve_granted_rights(user.id)))


def find_lack_over_members(caller: Caller, customer_id: int) -> Lack | None:
    """Return what the caller lacks to act on all who belong to the customer, or below it; as on one user."""
    but_not = caller.user_id if caller.is_personal else None
    return _find_lack(caller, held_rights.resolve_rights_of_members(customer_id, but_not))


def require_no_lack(lack: Lack | None) -> None:
    """Raise the problem of what is lacking, if anything is."""
    if lack is not None:
        raise PROBLEMS[lack]


def report_not_held(field: str) -> FieldProblem:
    """Build the problem of a field that names more than the caller may use."""
    return FieldProblem(field, GIVING, "NOT_HELD")


def _require_accepted(caller: Caller) -> None:
    if not caller.decision:
        raise Denied(caller.decision)


def _find_lack(caller: Caller, rights: Rights) -> Lack | None:
    _require_accepted(caller)
    return ways_in.find_lack(caller.question, rights, personal=caller.is_personal)
