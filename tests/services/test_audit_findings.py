"""What an audit row holds of a decision, and what is read out of it: in both forms that rows have."""

from __future__ import annotations

from typing import Any

import pytest

from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Leg
from app.policy.facts import Outcome
from app.policy.reasons import PASSED
from app.policy.rights import NO_RIGHTS
from app.services.audit import findings

FAILED = Finding("client_address", Outcome.FAIL, "address_outside", {"address": "198.51.100.7"})


def decision(*found: Finding) -> Decision:
    return Decision(Leg.REDEEM, found, NO_RIGHTS)


@pytest.mark.parametrize("rule", PASSED)
@pytest.mark.parametrize(("outcome", "reason"), findings.REASON_OF.items())
def test_the_short_form_says_all(rule: str, outcome: Outcome, reason: str) -> None:
    taken = decision(Finding(rule, outcome, reason), FAILED)
    held: dict[str, Any] = {"findings": findings.shorten(taken)}
    assert held["findings"][0] == f"{outcome} {rule}"
    assert findings.read(held) == findings.describe(taken)


def test_a_row_of_an_earlier_version_is_read_as_it_is() -> None:
    full = findings.describe(decision(Finding("user_active", Outcome.PASS, "passed"), FAILED))
    assert findings.read({"findings": full}) == full


def test_a_rule_of_another_version_is_still_named() -> None:
    assert findings.read({"findings": ["pass a_rule_that_is_gone"]}) == [
        {"rule": "a_rule_that_is_gone", "outcome": "pass", "reason": "passed", "message": "", "evidence": {}}
    ]


def test_a_row_without_a_decision_has_none() -> None:
    assert findings.read({"method": "password"}) == []
