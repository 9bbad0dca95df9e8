"""How a decision is answered: with which sentence of the catalogue, which values and which status."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Outcome
from app.policy.reasons import NOT_APPLICABLE
from app.policy.reasons import PASSED
from app.policy.reasons import REASONS
from app.policy.reasons import UNNAMED_CUSTOMER
from app.policy.reasons import Reason


def word_publicly(finding: Finding, translate: Callable[[str], str] = str) -> str:
    """Return what the refused person or program may be told; ``translate`` translates it."""
    told = {k: translate(v) if v == UNNAMED_CUSTOMER else v for k, v in finding.told.items()}
    return translate(REASONS[finding.reason].public).format_map(_Values(told))


def word_missing_function(reason: str, function: str, translate: Callable[[str], str] = str) -> str:
    """Return why a session lacks a function, for the person it acts for."""
    return translate(REASONS[reason].public).format_map(_Values({"function": function}))


def word_privately(finding: Finding, translate: Callable[[str], str] = str) -> str:
    """Return what audit and explain say, evidence included; ``translate`` translates it."""
    if finding.outcome is Outcome.PASS:
        return translate(PASSED[finding.rule])
    if finding.outcome is Outcome.NOT_APPLICABLE:
        return translate(NOT_APPLICABLE)
    return translate(REASONS[finding.reason].private).format_map(_Values(finding.evidence))


def choose_api_status(decision: Decision) -> int:
    """Return 403 if only the right is missing, else 401: then the credential itself is not accepted."""
    return max((REASONS[f.reason].status for f in decision.denials), key=lambda s: s == 401, default=200)


def choose_token_reason(decision: Decision) -> Reason:
    """Return the reason that the token endpoint reports:
    a wrong address (``invalid_client``) before any other.
    """
    reasons = [REASONS[f.reason] for f in decision.denials]
    return next((r for r in reasons if r.oauth_error == "invalid_client"), reasons[0])


class _Values(dict[str, str]):
    """Substitution that cannot fail or leak: a missing value becomes *it*."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)

    def __missing__(self, key: str) -> str:
        return "it"
