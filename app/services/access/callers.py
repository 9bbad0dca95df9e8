"""Turn a presented credential into a ``Caller``: the user, with the facts of this moment.

Each takes one query; text of the wrong form takes none. A caller has no permission yet: ask the gate with
``caller.question``.
"""

from __future__ import annotations

import re
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
from app.services.access import client_rows
from app.services.access import credential_rows
from app.services.access import facts
from app.services.access import gate
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import KeyPart
from app.services.access.credential_parts import KeyRow
from app.services.access.credential_parts import ListedClient
from app.services.access.credential_parts import LoginPart
from app.services.access.credential_parts import LoginRow
from app.services.access.credential_parts import SessionRow
from app.services.access.facts import RequiredRight
from app.services.access.throttle import throttle
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.problems import Denied
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import is_same_digest
from app.services.tokens.token_text import read_token

P = TypeVar("P")
API_KEY = re.compile(r"([0-9a-f]{1,15})/([0-9a-f]{1,7})/([A-Za-z0-9_-]{43})", re.ASCII)


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


def from_token(text: str, contact: Contact, leg: Leg = Leg.API) -> Caller | None:
    """Find the caller of a login token or an OAuth access token; ``None`` if this server did not issue it.

    A token that was valid but is superseded, ended or expired gives a caller whose decision refuses.
    """
    token = read_token(text, Kind.LOGIN, Kind.ACCESS)
    if token is None:
        return None
    if token.kind is Kind.LOGIN:
        return _from_login(text, contact, leg)
    row = credential_rows.load_session_row(token.session_id)
    if row is None:
        return None
    return Caller("oauth", facts.build_session_question(row, token, leg, contact), row, contact, text)


def from_cookie(text: str, contact: Contact, leg: Leg = Leg.API) -> Caller | None:
    """Find the caller of the ``argus_session`` cookie, which holds only a login token."""
    return _from_login(text, contact, leg) if read_token(text, Kind.LOGIN) is not None else None


def from_api_key(text: str, contact: Contact, leg: Leg = Leg.API) -> Caller | None:
    """Find the caller of an API key ``<user>/<key>/<secret>`` by its prefix. Raises ``Throttled``."""
    caller = find_by_key(text, contact, leg)
    if caller is None:
        # Only wrong keys are throttled: nobody guesses a right key, and its owner must not be locked out.
        throttle().count_refusal("key", contact.address)
    return caller


def find_by_key(text: str, contact: Contact, leg: Leg) -> Caller | None:
    """As ``from_api_key``, but count nothing: for a key that was right before."""
    row = _load_key_row(text)
    if row is None:
        return None
    return Caller("key", facts.build_key_question(row, leg, contact), row, contact, text)


def from_service_key(client: ClientPart, contact: Contact) -> Caller | None:
    """Find the caller for whom this client, which has authenticated, acts by itself; ``None`` for nobody."""
    user_id, number = client.service_user_id, client.service_key_number
    if user_id is None or number is None:
        return None
    credential_rows.look_ahead_from_key(user_id, number, client.id)
    row = credential_rows.load_key_row(user_id, number)
    if row is None:
        return None
    return Caller("key", facts.build_key_question(row, Leg.API, contact), row, contact)


def _load_key_row(text: str) -> KeyRow | None:
    parts = API_KEY.fullmatch(text)
    row = credential_rows.load_key_row(int(parts[1], 16), int(parts[2], 16)) if parts is not None else None
    return row if row is not None and is_same_digest(row.key.secret_digest, compute_digest(text)) else None


def _from_login(text: str, contact: Contact, leg: Leg) -> Caller | None:
    token = read_token(text, Kind.LOGIN)
    row = credential_rows.load_login_row(token.session_id) if token is not None else None
    if token is None or row is None:
        return None
    return Caller("login", facts.build_login_question(row, token, leg, contact), row, contact, text)


def look_ahead(text: str, client_id: str) -> None:
    """Load the client that a request names in one look-up with the key or login of its user: who asks for
    any of them next in this unit or request finds it there. Nothing is judged, and text of the wrong form
    takes no query.
    """
    parts = API_KEY.fullmatch(text)
    token = read_token(text, Kind.LOGIN) if parts is None else None
    if len(client_id) > client_rows.MOST_ID_CHARACTERS:
        return
    if parts is not None:
        credential_rows.look_ahead_from_key(int(parts[1], 16), int(parts[2], 16), client_id)
    elif token is not None:
        credential_rows.look_ahead_from_login(token.session_id, client_id)


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
