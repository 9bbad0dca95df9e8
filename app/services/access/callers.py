"""``Caller``: the user behind a presented credential, with the facts of this moment.

A caller has no permission yet: ask the gate with ``caller.question``. ``presented`` makes callers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from app.models.clients import OAuthClient
from app.policy.facts import Decision
from app.policy.facts import GrantFacts
from app.policy.facts import Leg
from app.policy.facts import Question
from app.policy.rights import Rights
from app.services.access import facts
from app.services.access import gate
from app.services.access.credential_parts import KeyPart
from app.services.access.credential_parts import KeyRow
from app.services.access.credential_parts import ListedClient
from app.services.access.credential_parts import LoginPart
from app.services.access.credential_parts import LoginRow
from app.services.access.credential_parts import SessionRow
from app.services.access.facts import RequiredRight
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.problems import Denied

P = TypeVar("P")


@dataclass(frozen=True)
class Caller:
    """The caller: a login (``interactive``), an OAuth session or an API key.

    ``question`` holds the facts, ``row`` what else the one query brought. The row stays in this room: others
    read the properties.
    """

    kind: str
    question: Question
    row: LoginRow | SessionRow | KeyRow
    contact: Contact
    token: str = ""

    @property
    def user_id(self) -> int:
        return self.question.user.id

    @property
    def user_name(self) -> str:
        return self.question.user.name

    @property
    def full_name(self) -> str:
        return self.row.user.name

    @property
    def language(self) -> str | None:
        return self.row.user.language

    @property
    def domain_id(self) -> int:
        return self.row.user.domain_id

    @property
    def user_epoch(self) -> int:
        """Return the user's session epoch: what is opened now is valid until it changes."""
        return self.row.user.session_epoch

    @property
    def by_key(self) -> bool:
        """Tell whether the caller depends on an API key and on no login."""
        return self.row.login is None

    @property
    def login(self) -> LoginPart:
        """Return the login itself, or the one that an OAuth session depends on. Not ``by_key``."""
        return _require_part(self.row.login)

    @property
    def login_id(self) -> bytes:
        return self.login.id

    @property
    def key(self) -> KeyPart:
        """Return the API key itself, or the one that an OAuth session depends on; as ``login``."""
        return _require_part(self.row.key)

    @property
    def session(self) -> SessionRow:
        """Return the OAuth session, for a caller of that kind only."""
        return _require_part(self.row if isinstance(self.row, SessionRow) else None)

    @property
    def bound_key(self) -> str | None:
        """Return the thumbprint of the key that an OAuth session's access token is bound to."""
        return self.row.oauth.dpop_jkt if self.kind == "oauth" and self.row.oauth is not None else None

    @property
    def opened_at(self) -> datetime:
        """Return when the credential was made."""
        if self.kind == "oauth":
            return self.session.oauth.created_at
        return self.key.created_at if self.by_key else self.login.created_at

    @property
    def used_at(self) -> datetime | None:
        """Return the last recorded use; for an OAuth session, its last refresh."""
        if self.kind == "oauth":
            return self.session.oauth.rotated_at
        return self.key.last_used_at if self.by_key else self.login.last_seen_at

    @property
    def is_interactive(self) -> bool:
        """Tell whether this is a person's own unconstrained login;
        only that may approve (security rule 36).
        """
        return self.kind == "login" and not self.is_constrained

    @property
    def is_constrained(self) -> bool:
        """Tell whether this login was made from another credential, with fewer rights."""
        if self.kind != "login":
            return False
        made = self.login.parent_id is not None or self.row.key is not None
        return made or bool(self.login.constraints)

    @property
    def is_personal(self) -> bool:
        """Tell whether this is a person's own unconstrained credential: a login or a key (rule 54)."""
        return self.is_interactive or (self.kind == "key" and not self.key.constraints)

    @property
    def is_impersonated(self) -> bool:
        """Tell whether somebody else acts in the user's name."""
        return self.question.impersonator is not None

    def is_self(self, user_id: int) -> bool:
        """Tell whether this is the person's own account: who acts for a person is not the person."""
        return user_id == self.user_id and self.is_personal

    @property
    def session_label(self) -> str:
        """Return how audit rows and session lists name the credential;
        it contains nothing that could be presented.
        """
        if self.kind == "key":
            return f"{self.user_id:x}/{self.key.key_number:x}"
        return (self.login_id if self.kind == "login" else self.session.oauth.id).hex()

    @property
    def actor(self) -> Actor:
        """Return who acts: an impersonator, not the user in whose name that is done."""
        user, who = self.question.user, self.question.impersonator
        if who is None:
            return Actor(user.id, user.name, self.session_label, self.contact)
        return Actor(who.user.id, who.user.name, self.session_label, self.contact, (user.id, user.name))

    @cached_property
    def decision(self) -> Decision:
        """Decide whether the credential itself is accepted now, whatever it is used for."""
        return gate.ask(self.question)

    @property
    def rights(self) -> Rights:
        """Return the effective rights: none unless the credential is accepted."""
        return self.decision.rights

    def list_reach(self, function: str) -> frozenset[int]:
        """Return every live customer for which this caller may use the function now: what a list may show."""
        return self.rights.list_reach_of(self.question.graph.find_by_name(function))

    def allows(self, asked: RequiredRight) -> Decision:
        """Decide on one function, for one customer or any."""
        return gate.ask_right(self.question, asked)

    def at_client(
        self, client: OAuthClient, grant: GrantFacts | None = None, scopes: frozenset[str] = frozenset()
    ) -> Question:
        """Build the question of leg LIST: whether this caller might use the client, with any credential."""
        at = facts.to_client_facts(client)
        return facts.build_question(self.row, Leg.LIST, client=at, grant=grant, scopes=scopes)

    def list_open(self, clients: Iterable[OAuthClient | ListedClient]) -> frozenset[str]:
        """List the ids of those that leg LIST allows; asks the same as ``at_client``, of all at once."""
        question = facts.build_question(self.row, Leg.LIST)
        described = (facts.to_client_facts(client) for client in clients)
        return frozenset(one.id for one in gate.list_open_clients(question, described))

    def opens(self, client: OAuthClient | ListedClient) -> bool:
        """Tell whether the caller's own rights, not only those of its user, hold the client's function."""
        function, at = client.required_function_id, client.customer_id
        if self.is_personal or at is None:
            return self.is_personal or self.rights.allows_anywhere(function, client.domain_id)
        return self.rights.allows(function, at)

    def require(self, function: str, customer: int | None = None) -> None:
        """Require this function. Raises ``Denied``."""
        decision = self.allows(RequiredRight(function, customer))
        if not decision:
            raise Denied(decision)


def leave_unproven(caller: Caller, reason: str) -> Caller:
    """Return the caller with the fact that the key of its token was not shown, and why."""
    held = caller.question.credential
    if held is None:
        raise LookupError("this caller presented nothing")
    return replace(caller, question=replace(caller.question, credential=replace(held, unproven=reason)))


def question_on_leg(caller: Caller, leg: Leg) -> Question:
    """Return the same facts for another leg."""
    return replace(caller.question, leg=leg)


def _require_part(part: P | None) -> P:
    if part is None:
        raise LookupError("this credential has no such part")
    return part
