"""``AccessGateMixin``: the first base of every grant.
It asks the gate and turns a denial into an OAuth error.

Each grant checks required function, customer binding, IP range and scope intersection by asking the one
decision.
"""

from __future__ import annotations

from app.oauth.errors import build_token_refusal
from app.oauth.requests import ArgusRequest
from app.policy.client_methods import METHOD_NAMES
from app.policy.facts import Decision
from app.policy.facts import Question
from app.policy.facts import UserFacts
from app.services.access import gate
from app.services.audit import trail
from app.services.audit.trail import Actor


class AccessGateMixin:
    """Asks the gate when a code, refresh token or user credential starts or renews a session."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHOD_NAMES
    request: ArgusRequest
    decision: Decision

    def pass_gate(self, question: Question, action: str) -> UserFacts:
        """Return the user if the decision allows; else record the refusal and raise its OAuth error."""
        self.decision = gate.ask(question)
        if not self.decision:
            self.handle_denial(question)
            actor = self.build_actor(question)
            self.decision = trail.record_refusal(action, actor, self.decision, question)
            raise build_token_refusal(self.decision)
        return question.user

    def handle_denial(self, question: Question) -> None:
        """Do more on a denial. A grant that can recognise a replay overrides this."""

    def build_actor(self, question: Question) -> Actor:
        """Return the actor: the client acts for the user from the client's address."""
        return Actor(question.user.id, question.user.name, contact=self.request.contact)
