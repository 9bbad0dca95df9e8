"""Words for a recorded decision and a recorded change, for the audit log."""

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
    """The recorded finding of one rule; ``outcome`` is the policy's."""

    name: str
    outcome: str
    why: str
    evidence: list[tuple[str, str]]


def checks_of(event: AuditEvent) -> list[Check]:
    """List every check in the order it was made."""
    return [_check(finding) for finding in event.detail.get("findings", ())]


def why_refused(event: AuditEvent) -> list[str]:
    """List the reasons of a refusal without a user; a code without words is shown as a code."""
    return [
        public_sentence(Finding("", Outcome.FAIL, code), say) if code in REASONS else code
        for code in event.reasons
    ]


def changes_of(event: AuditEvent) -> list[Change]:
    """List what was changed; for a new object, its initial values."""
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
    """List the other recorded fields."""
    return [
        (field_name(name), field_value(name, value))
        for name, value in sorted(event.detail.items())
        if name not in ("findings", "after") and not (isinstance(value, dict) and "after" in value)
    ]


def moment_name(leg: str | None) -> str:
    """Return the label of the moment of a decision."""
    # Here callers other than applications are possible.
    return str(_("A call of the API, or a page")) if leg == Leg.API else leg_name(leg or "")


def _check(recorded: Mapping[str, Any]) -> Check:
    rule, outcome, reason = recorded["rule"], recorded["outcome"], recorded["reason"]
    evidence = {str(name): str(value) for name, value in recorded["evidence"].items()}
    why = str(recorded["message"])
    # Translated again to the language of the page, if this version still has the sentence.
    if rule in PASSED and (reason in REASONS or outcome != Outcome.FAIL):
        why = private_sentence(Finding(rule, Outcome(outcome), reason, evidence), say)
    return Check(rule_name(rule), outcome, why, [(field_name(name), text) for name, text in evidence.items()])
