"""``AccessGateMixin``: the first base of every grant.
It asks the gate and turns a denial into an OAuth error.

Each grant checks required function, customer binding, IP range and scope intersection by asking the one
decision.
"""

from __future__ import annotations

from app.oauth import dpop
from app.oauth.errors import build_token_refusal
from app.oauth.requests import ArgusRequest
from app.policy.client_methods import METHOD_NAMES
from app.policy.facts import Decision
from app.policy.facts import Question
from app.policy.facts import UserFacts
from app.services.access import gate
from app.services.access.credential_parts import ClientPart
from app.services.access.proofs import Proof
from app.services.audit import trail
from app.services.audit.trail import Actor


class AccessGateMixin:
    """Asks the gate when a code, refresh token or user credential starts or renews a session."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHOD_NAMES
    request: ArgusRequest
    decision: Decision
    proof: Proof | None = None

    def prove_key(self, key: str | None, *, required: bool = False) -> str | None:
        """Return the thumbprint of the key that the new tokens are bound to: of the proof that came, which
        must be of ``key`` if one is given. Raises ``ArgusOAuthError``.
        """
        client: ClientPart = self.request.client
        required = required or client.must_bind
        self.proof = dpop.judge(self.request, key=key, required=required)
        return self.proof.thumbprint if self.proof is not None else None

    def pass_gate(self, question: Question, action: str) -> UserFacts:
        """Return the user if the decision allows; else record the refusal and raise its OAuth error."""
        self.decision = gate.ask(question)
        if not self.decision:
            self.handle_denial(question)
            actor = self.build_actor(question)
            self.decision = trail.record_refusal(action, actor, self.decision, question)
            raise build_token_refusal(self.decision)
        if self.proof is not None:
            dpop.spend(self.request, self.proof)
        return question.user

    def handle_denial(self, question: Question) -> None:
        """Do more on a denial. A grant that can recognise a replay overrides this."""

    def build_actor(self, question: Question) -> Actor:
        """Return the actor: the client acts for the user from the client's address."""
        return Actor(question.user.id, question.user.name, contact=self.request.contact)
