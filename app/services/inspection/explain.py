"""Why this person may, or may not, use this client: the decision itself, every check in order (design §8)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.clients import OAuthClient
from app.models.directory import User
from app.models.grants import Grant
from app.policy import network
from app.policy.answers import word_privately
from app.policy.answers import word_publicly
from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Leg
from app.policy.facts import LoginFacts
from app.policy.facts import MissingFunction
from app.policy.facts import Outcome
from app.policy.facts import Question
from app.policy.facts import SecurityLevel
from app.policy.reasons import REASONS
from app.policy.rights import Rights
from app.services import problems
from app.services.access import credential_rows
from app.services.access import facts
from app.services.access import gate
from app.services.audit import findings
from app.services.audit import trail


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and its question, ready to be shown."""

    decision: Decision
    question: Question
    customer: int | None = None

    @property
    def rights(self) -> Rights:
        """Return the effective rights, for the customer in question if there is one."""
        rights = self.decision.rights
        return rights if self.customer is None else rights.to_customers((self.customer,))

    def list_missing(self, translate: Callable[[str], str] = str) -> list[tuple[MissingFunction, str]]:
        """List each function of the permission scope that the session does not get, and the sentence why."""
        return [
            (one, self._explain_missing(one, translate)) for one in gate.list_missing_functions(self.question)
        ]

    def as_data(self, *, evidence: bool = True) -> dict[str, Any]:
        """Return the wire form. Without ``evidence`` only what the person concerned may be told."""
        graph, tree = self.question.graph, self.question.tree
        return {
            "decision": self.decision.number,
            "allowed": self.decision.allowed,
            "leg": str(self.decision.leg),
            "findings": [
                data
                if evidence
                else {**data, "evidence": {}, "message": describe_finding(finding, evidence=False)}
                for data, finding in zip(
                    findings.describe(self.decision), self.decision.findings, strict=True
                )
            ],
            "permissions": [
                {"function": graph.names[function], "customer": tree.names[top]}
                for function, tops in sorted(self.rights.held.items())
                for top in sorted(tops)
            ],
            "missing": [
                {"function": graph.names[one.function], "reason": one.reason, "message": why}
                for one, why in self.list_missing()
            ],
        }

    def _explain_missing(self, missing: MissingFunction, translate: Callable[[str], str]) -> str:
        who = {"user": self.question.user.name, "function": self.question.graph.names[missing.function]}
        return translate(REASONS[missing.reason].private).format_map(who)


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision as it was recorded."""

    decision: str
    at: datetime
    action: str
    outcome: str
    leg: str | None
    user: str | None
    client: str | None
    client_ip: str | None
    reasons: tuple[str, ...]
    found: tuple[Mapping[str, Any], ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what each rule said then; empty for a refusal before a user was known."""
        return tuple(
            Finding(one["rule"], Outcome(one["outcome"]), one["reason"], one["evidence"])
            for one in self.found
        )

    def as_data(self, *, evidence: bool = True) -> dict[str, Any]:
        """Return the wire form. Without ``evidence`` only the codes of the reasons."""
        return {
            "decision": self.decision,
            "timestamp": int(self.at.timestamp() * 1000),
            "action": self.action,
            "outcome": self.outcome,
            "leg": self.leg,
            "user": self.user,
            "client": self.client,
            "clientIP": self.client_ip,
            "reasons": list(self.reasons),
            "findings": list(self.found) if evidence else [],
        }


def describe_finding(finding: Finding, *, evidence: bool, translate: Callable[[str], str] = str) -> str:
    """Return the sentence of a finding: the public one, or the one with the ``evidence``."""
    if finding.outcome is Outcome.FAIL and not evidence:
        return word_publicly(finding, translate)
    return word_privately(finding, translate)


def explain_decision(
    client: OAuthClient,
    user: User,
    *,
    address: str | None = None,
    customer: int | None = None,
    scopes: Sequence[str] = (),
    leg: Leg = Leg.API,
    level: SecurityLevel | None = None,
) -> Explanation:
    """Ask the gate what it would answer if this person were logged in at ``level`` (default: by password).

    Without an address, the client is assumed to call from inside its range. Consent is judged if the person
    was ever asked for it.
    """
    row = credential_rows.load_user_row(user.id)
    if row is None:
        raise problems.Missing("user")
    grant = _find_latest_grant(user.id, client.id)
    question = facts.build_question(
        row,
        leg,
        address=address if address is not None else network.pick_address(client.client_ip_range),
        client=facts.to_client_facts(client),
        credential=facts.suppose_session(),
        login=LoginFacts(level=level or SecurityLevel.STANDARD),
        grant=facts.to_grant_facts(grant),
        scopes=frozenset(scopes),
        consent_needed=grant is not None,
    )
    return Explanation(gate.ask(replace(question, leg=leg)), question, customer)


def get_recorded(number: str) -> RecordedDecision:
    """Return a recorded decision. Raises ``problems.Missing``."""
    event = trail.find_by_decision(number)
    if event is None or event.decision is None:
        raise problems.Missing("decision")
    return RecordedDecision(
        decision=event.decision,
        at=event.at,
        action=event.action,
        outcome=event.outcome,
        leg=event.leg,
        user=event.user_name,
        client=event.client_id,
        client_ip=event.address,
        reasons=tuple(event.reasons),
        found=tuple(findings.read(event.detail)),
    )


def _find_latest_grant(user_id: int, client_id: str) -> Grant | None:
    return (
        db.session.execute(
            select(Grant)
            .where(Grant.user_id == user_id, Grant.client_id == client_id)
            .order_by(Grant.withdrawn_at.is_not(None), Grant.updated_at.desc())
        )
        .scalars()
        .first()
    )
