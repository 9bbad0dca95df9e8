"""Words for a recorded decision and a recorded change, for the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.models.audit import AuditEvent
from app.policy.answers import word_privately
from app.policy.answers import word_publicly
from app.policy.facts import Finding
from app.policy.facts import Leg
from app.policy.facts import Outcome
from app.policy.reasons import PASSED
from app.policy.reasons import REASONS
from app.services.audit import findings
from app.web.language import translate_sentence
from app.web.words.audit_fields import describe_value
from app.web.words.audit_fields import label_field
from app.web.words.client_fields import Change
from app.web.words.labels import label_leg
from app.web.words.labels import label_rule


@dataclass(frozen=True, slots=True)
class RecordedCheck:
    """The recorded finding of one rule; ``outcome`` is the policy's."""

    name: str
    outcome: str
    why: str
    evidence: list[tuple[str, str]]


def list_checks(event: AuditEvent) -> list[RecordedCheck]:
    """List every check in the order it was made."""
    return [_to_check(finding) for finding in findings.read(event.detail)]


def list_refusal_reasons(event: AuditEvent) -> list[str]:
    """List the reasons of a refusal without a user; a code without words is shown as a code."""
    return [
        word_publicly(Finding("", Outcome.FAIL, code), translate_sentence) if code in REASONS else code
        for code in event.reasons
    ]


def list_changes(event: AuditEvent) -> list[Change]:
    """List what was changed; for a new object, its initial values."""
    made = event.detail.get("after")
    if isinstance(made, dict) and not made.keys() <= {"before", "after"}:
        return [
            Change(label_field(name), "", describe_value(name, value))
            for name, value in sorted(made.items())
            if value not in (None, "", [])
        ]
    return [
        Change(label_field(name), describe_value(name, value["before"]), describe_value(name, value["after"]))
        for name, value in sorted(event.detail.items())
        if isinstance(value, dict) and value.keys() == {"before", "after"}
    ]


def list_other_fields(event: AuditEvent) -> list[tuple[str, str]]:
    """List the other recorded fields."""
    return [
        (label_field(name), describe_value(name, value))
        for name, value in sorted(event.detail.items())
        if name not in ("findings", "after") and not (isinstance(value, dict) and "after" in value)
    ]


def label_moment(leg: str | None) -> str:
    """Return the label of the moment of a decision."""
    # Here callers other than applications are possible.
    return str(_("A call of the API, or a page")) if leg == Leg.API else label_leg(leg or "")


def _to_check(recorded: Mapping[str, Any]) -> RecordedCheck:
    rule, outcome, reason = recorded["rule"], recorded["outcome"], recorded["reason"]
    evidence = {str(name): str(value) for name, value in recorded["evidence"].items()}
    why = str(recorded["message"])
    # Translated again to the language of the page, if this version still has the sentence.
    if rule in PASSED and (reason in REASONS or outcome != Outcome.FAIL):
        why = word_privately(Finding(rule, Outcome(outcome), reason, evidence), translate_sentence)
    return RecordedCheck(
        label_rule(rule), outcome, why, [(label_field(name), text) for name, text in evidence.items()]
    )
