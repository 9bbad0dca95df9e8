"""What a use case can answer instead of a result. Each edge renders these once.

Problem
├── Denied        the decision refuses (carries it, with its number)          401 or 403
├── Invalid       one or more fields are wrong                                412
├── Missing       no such thing, or not for this caller to know               404
├── Conflict      somebody else changed or took it first                      412
├── NotHeld       the caller would touch more than he holds himself           403
├── BadCsrf       a call by the cookie lacks the proof that the caller's own script made it   403
├── Throttled     too many failures, try again in ``seconds``                 429
└── Unavailable   the database cannot do it now; nothing was committed        503
"""

from __future__ import annotations

from dataclasses import dataclass

from app.policy.facts import Decision


class Problem(Exception):
    """The base: an expected refusal, safe to show."""


class Denied(Problem):
    """The gate said no."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.number)
        self.decision = decision


class Refused(Denied):
    """Refused at authorize, already written down: always 403, whatever the reason (design §8)."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """``field`` is the wire name; ``message`` says what to do; ``code`` is stable and upper case."""

    field: str
    message: str
    code: str = "INVALID"


class Invalid(Problem):
    """The input is wrong; every wrong field is named, nothing was changed."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


class Missing(Problem):
    """No such object, or none that this caller may know of."""

    def __init__(self, what: str = "object") -> None:
        super().__init__(what)
        self.what = what


class NotHeld(Problem):
    """The caller would take over, give or take more than he holds himself."""


class Conflict(Problem):
    """Somebody else changed or took the same thing at the same time."""


class BadCsrf(Problem):
    """The header is missing, stale, for another URL or not signed with the session key."""


class Throttled(Problem):
    """Too many failures."""

    def __init__(self, seconds: int) -> None:
        super().__init__(str(seconds))
        self.seconds = max(1, seconds)


class Unavailable(Problem):
    """The database cannot do it now. Nothing was committed."""
