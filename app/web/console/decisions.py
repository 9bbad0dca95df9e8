"""A recorded decision and a recorded change, put into words for the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.models.audit import AuditEvent
from app.policy.facts import Finding
from app.policy.facts import Leg
from app.policy.facts import Outcome
from app.policy.reasons import PASSED
from app.policy.reasons import REASONS
from app.policy.reasons import private_sentence
from app.policy.reasons import public_sentence
from app.web.language import say
from app.web.words.audit_fields import field_name
from app.web.words.audit_fields import field_value
from app.web.words.client_fields import Change
from app.web.words.labels import leg_name
from app.web.words.labels import rule_name


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's word as it was recorded: ``outcome`` is that of the policy."""

    name: str
    outcome: str
    why: str
    evidence: list[tuple[str, str]]


def checks_of(event: AuditEvent) -> list[Check]:
    """Every check in the order it was made."""
    return [_check(finding) for finding in event.detail.get("findings", ())]


def why_refused(event: AuditEvent) -> list[str]:
    """Why, where nothing was decided about a user; a code without words stays a code."""
    return [
        public_sentence(Finding("", Outcome.FAIL, code), say) if code in REASONS else code
        for code in event.reasons
    ]


def changes_of(event: AuditEvent) -> list[Change]:
    """What was changed; of something new, what it was made with."""
    made = event.detail.get("after")
    if isinstance(made, dict) and not made.keys() <= {"before", "after"}:
        return [
            Change(field_name(name), "", field_value(name, value))
            for name, value in sorted(made.items())
            if value not in (None, "", [])
        ]
    return [
        Change(field_name(name), field_value(name, value["before"]), field_value(name, value["after"]))
        for name, value in sorted(event.detail.items())
        if isinstance(value, dict) and value.keys() == {"before", "after"}
    ]


def rest_of(event: AuditEvent) -> list[tuple[str, str]]:
    """What else was written down."""
    return [
        (field_name(name), field_value(name, value))
        for name, value in sorted(event.detail.items())
        if name not in ("findings", "after") and not (isinstance(value, dict) and "after" in value)
    ]


def moment_name(leg: str | None) -> str:
    """When a decision was asked for."""
    # Here it is not only applications that call.
    return str(_("A call of the API, or a page")) if leg == Leg.API else leg_name(leg or "")


def _check(recorded: Mapping[str, Any]) -> Check:
    rule, outcome, reason = recorded["rule"], recorded["outcome"], recorded["reason"]
    evidence = {str(name): str(value) for name, value in recorded["evidence"].items()}
    why = str(recorded["message"])
    # Said anew in the language of the page, where this version still has the words.
    if rule in PASSED and (reason in REASONS or outcome != Outcome.FAIL):
        why = private_sentence(Finding(rule, Outcome(outcome), reason, evidence), say)
    return Check(rule_name(rule), outcome, why, [(field_name(name), text) for name, text in evidence.items()])
