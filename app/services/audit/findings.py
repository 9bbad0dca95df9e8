"""The findings of a decision as data: in full for explain, and short in an audit row.

A row of every use holds a finding of every rule. What did not refuse has no evidence, so the row holds only
its outcome and rule, as ``pass client_enabled``, and the words are added when somebody reads it. Rows of
earlier versions hold every finding in full; the chain seals either as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from app.policy.answers import word_privately
from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Outcome
from app.policy.reasons import PASSED

REASON_OF = {Outcome.PASS: "passed", Outcome.NOT_APPLICABLE: "not_applicable"}


def describe(decision: Decision) -> list[dict[str, Any]]:
    """Return the whole decision as data, evidence included."""
    return [_describe(finding) for finding in decision.findings]


def shorten(decision: Decision) -> list[str | dict[str, Any]]:
    """Return the decision as its audit row holds it."""
    return [
        _describe(finding) if finding.outcome is Outcome.FAIL else _name(finding.outcome, finding.rule)
        for finding in decision.findings
    ]


def read(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the findings of an audit row in full; none for a refusal before a user was known."""
    return [one if isinstance(one, dict) else _expand(one) for one in detail.get("findings", ())]


def _describe(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "outcome": str(finding.outcome),
        "reason": finding.reason,
        "message": word_privately(finding),
        "evidence": dict(finding.evidence),
    }


@cache
def _name(outcome: Outcome, rule: str) -> str:
    return f"{outcome} {rule}"


def _expand(short: str) -> dict[str, Any]:
    outcome, _, rule = short.partition(" ")
    finding = Finding(rule, Outcome(outcome), REASON_OF[Outcome(outcome)])
    if rule in PASSED:
        return _describe(finding)
    # A rule of another version, whose words are gone.
    return {"rule": rule, "outcome": outcome, "reason": finding.reason, "message": "", "evidence": {}}
