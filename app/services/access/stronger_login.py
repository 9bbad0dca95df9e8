"""Step-up authentication of an application's user (RFC 9470): which login would let a refused call through.

The application sends its user to authorize again with the ``acr_values`` of the challenge, and repeats the
call with what it gets.
"""

from __future__ import annotations

from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Question
from app.policy.facts import SecurityLevel
from app.services.access.callers import Caller

ERROR = "insufficient_user_authentication"
STATUS = 401


def find_level_needed(caller: Caller, decision: Decision) -> SecurityLevel | None:
    """Return the level of a login that would lift every denial; ``None`` if no login would.

    Only of an application's session that a person's login began; what the application's own cap keeps away
    no login opens.
    """
    question = caller.question
    if caller.kind != "oauth" or caller.by_key or question.login is None or not decision.denials:
        return None
    levels = [_find_level(question, finding) for finding in decision.denials]
    needed = max((level or 0 for level in levels), default=0)
    return None if None in levels or needed <= question.login.level else SecurityLevel(needed)


def _find_level(question: Question, finding: Finding) -> int | None:
    """Return the level that lifts one denial; ``None`` if it is about something else."""
    if finding.reason == "level_too_low":
        return int(finding.evidence["needed"])
    if finding.reason != "right_above_level" or question.client is None:
        return None
    function = question.graph.find_by_name(finding.evidence["function"])
    level = question.graph.levels.get(function, 0) if function is not None else 0
    return level if level <= question.client.max_level else None


def describe_levels(needed: SecurityLevel) -> str:
    """Return the parameters of a challenge: every level that is strong enough, by its name as ``acr``."""
    enough = " ".join(level.name.lower() for level in SecurityLevel if level >= needed)
    return f'error="{ERROR}", error_description="A stronger login is needed.", acr_values="{enough}"'
