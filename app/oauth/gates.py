"""``AccessGateMixin``: the first base of every grant. It asks the gate and speaks a denial as an OAuth error.

Here the customer's sentence is kept: required function, customer binding, IP range and scope intersection
are checked by each grant, by asking the one decision.
"""

from __future__ import annotations

from app.oauth.errors import token_refusal
from app.oauth.requests import ArgusRequest
from app.policy.client_methods import METHOD_NAMES
from app.policy.facts import Decision
from app.policy.facts import Question
from app.policy.facts import UserFacts
from app.services.access import gate
from app.services.audit import trail
from app.services.audit.trail import Actor


class AccessGateMixin:
    """Asks the gate at the moment a code, refresh token or user credential buys a session."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHOD_NAMES
    request: ArgusRequest
    decision: Decision

    def pass_gate(self, question: Question, action: str) -> UserFacts:
        """The user, when the decision allows; else writes the refusal down and raises its OAuth error."""
        self.decision = gate.ask(question)
        if not self.decision:
            self.denied(question)
            trail.refused(action, self.actor(question), self.decision, question)
            raise token_refusal(self.decision)
        return question.user

    def denied(self, question: Question) -> None:
        """What else a denial does; a grant that can recognise a replay overrides this."""

    def actor(self, question: Question) -> Actor:
        """Who is at work: the client acts for the user from the client's address."""
        return Actor(question.user.id, question.user.name, contact=self.request.contact)
