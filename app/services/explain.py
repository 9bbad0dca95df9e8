"""Why may, or may not, this person use this client? The decision itself, every check in order (design §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.clients import OAuthClient
from app.models.directory import User
from app.models.grants import Grant
from app.policy import network
from app.policy.facts import CredentialFacts
from app.policy.facts import Decision
from app.policy.facts import Leg
from app.policy.facts import LoginFacts
from app.policy.facts import Question
from app.policy.facts import SecurityLevel
from app.policy.reasons import REASONS
from app.policy.reasons import public_sentence
from app.services import audit
from app.services import fact_rows
from app.services import facts
from app.services import gate
from app.services import grants
from app.services.problems import Missing


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and the question it answers, ready to be shown."""

    decision: Decision
    question: Question
    customer: int | None = None

    def as_data(self, *, evidence: bool = True) -> dict[str, Any]:
        """The wire form. Without ``evidence`` only what the person concerned may be told."""
        found = audit.findings(self.decision)
        if not evidence:
            for data, finding in zip(found, self.decision.findings, strict=True):
                data["evidence"] = {}
                if finding in self.decision.denials:
                    data["message"] = public_sentence(finding)
        rights = self.decision.rights
        if self.customer is not None:
            rights = rights.to_customers((self.customer,))
        graph, tree = self.question.graph, self.question.tree
        return {
            "decision": self.decision.number,
            "allowed": self.decision.allowed,
            "leg": str(self.decision.leg),
            "findings": found,
            "permissions": [
                {"function": graph.names[function], "customer": tree.names[top]}
                for function, tops in sorted(rights.held.items())
                for top in sorted(tops)
            ],
            "missing": [
                {
                    "function": graph.names[m.function],
                    "reason": m.reason,
                    "message": self._why(m.function, m.reason),
                }
                for m in gate.missing(self.question)
            ],
        }

    def _why(self, function: int, reason: str) -> str:
        who = {"user": self.question.user.name, "function": self.question.graph.names[function]}
        return REASONS[reason].private.format_map(who)


def explain(
    client: OAuthClient,
    user: User,
    *,
    address: str | None = None,
    customer: int | None = None,
    scopes: Sequence[str] = (),
    leg: Leg = Leg.API,
    level: SecurityLevel | None = None,
) -> Explanation:
    """Ask the gate what it would answer now, were this person logged in at ``level`` (default: by password).

    Without an address the client is taken to call from inside its range. Consent is judged when the
    person was ever asked for it.
    """
    row = fact_rows.user_row(user.id)
    if row is None:
        raise Missing("user")
    grant = _latest_grant(user.id, client.id)
    question = facts.question(
        row,
        leg,
        address=address if address is not None else network.first_address(client.client_ip_range),
        client=facts.client_facts(client),
        credential=CredentialFacts(kind="session"),
        login=LoginFacts(level=level or SecurityLevel.STANDARD),
        grant=grants.as_facts(grant),
        scopes=frozenset(scopes),
        consent_needed=grant is not None,
    )
    return Explanation(gate.ask(replace(question, leg=leg)), question, customer)


def recorded(number: str) -> dict[str, Any]:
    """A decision as it was written down. Raises ``Missing``."""
    event = audit.by_decision(number)
    if event is None:
        raise Missing("decision")
    return {
        "decision": event.decision,
        "timestamp": int(event.at.timestamp() * 1000),
        "action": event.action,
        "outcome": event.outcome,
        "leg": event.leg,
        "user": event.user_name,
        "client": event.client_id,
        "clientIP": event.address,
        "reasons": event.reasons,
        "findings": event.detail.get("findings", []),
    }


def _latest_grant(user_id: int, client_id: str) -> Grant | None:
    return (
        db.session.execute(
            select(Grant)
            .where(Grant.user_id == user_id, Grant.client_id == client_id)
            .order_by(Grant.withdrawn_at.is_not(None), Grant.updated_at.desc())
        )
        .scalars()
        .first()
    )
