"""Nobody gives what he does not hold, nor takes over who holds more (security rule 59, decision 17)."""

from __future__ import annotations

from app.models.directory import Subject
from app.models.directory import User
from app.policy.rights import Rights
from app.services import standing
from app.services.callers import Caller
from app.services.problems import FieldProblem
from app.services.problems import NotHeld

GIVING = "You cannot give or take rights that you do not hold yourself."


def rights_of(subject: Subject) -> Rights:
    """What the subject holds today, through its groups too."""
    version = standing.policy_version()
    # Groups have no version of their own: theirs is the policy version, which dates them too.
    own = subject.rights_version or 0 if isinstance(subject, User) else version
    return standing.rights_of(subject.id, own, version)


def holds_all_of(caller: Caller, subject: Subject) -> bool:
    """Whether the caller holds everything the subject holds."""
    return caller.delegable.covers(rights_of(subject))


def insist_not_above(caller: Caller, user: User) -> None:
    """Go on only when the user holds nothing that the caller lacks. Raises ``NotHeld``."""
    if user.id != caller.user_id and not holds_all_of(caller, user):
        raise NotHeld


def not_held(field: str) -> FieldProblem:
    """The problem of a field that names more than the caller holds."""
    return FieldProblem(field, GIVING, "NOT_HELD")
