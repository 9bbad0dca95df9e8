"""Rows into a Question: what ``credential_rows`` read becomes what the policy reads.

``build_session_question``, ``build_code_question`` and their like answer what a presented credential asks;
``build_question`` answers for a user who presents none. No rule is applied here: an ended login is a fact,
not a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import timedelta

from app import clock
from app.models.clients import OAuthClient
from app.models.grants import Grant
from app.policy.facts import ClientFacts
from app.policy.facts import CredentialFacts
from app.policy.facts import GrantFacts
from app.policy.facts import Leg
from app.policy.facts import LoginFacts
from app.policy.facts import Question
from app.policy.facts import RightAsked
from app.policy.facts import SecurityLevel
from app.runtime import settings
from app.services.access import held_rights
from app.services.access import person_facts
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import GrantPart
from app.services.access.credential_parts import KeyPart
from app.services.access.credential_parts import KeyRow
from app.services.access.credential_parts import ListedClient
from app.services.access.credential_parts import LoginRow
from app.services.access.credential_parts import SessionRow
from app.services.access.credential_parts import UserRow
from app.services.contact import Contact
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import Token
from app.services.tokens.token_text import is_same_digest

# A token is accepted this much longer than announced: the official client has no leeway (contract 5.4).
LEEWAY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class RequiredRight:
    """The function that an API call needs, by name, and its customer (``None``: any)."""

    function: str
    customer: int | None = None


# --- what a presented credential asks ------------------------------------------------------------------


def build_session_question(
    row: SessionRow, token: Token, leg: Leg, contact: Contact, *, repeated: bool = False
) -> Question:
    """Build the question of an access or refresh token. ``repeated``:
    the previous one, within its grace period.
    """
    if token.kind is Kind.ACCESS:
        credential = _describe_access_token(row, token, None if leg is Leg.INTROSPECT else contact)
    else:
        credential = _describe_refresh_token(row, token, repeated=repeated)
    return build_question(
        row,
        leg,
        address=contact.address,
        credential=credential,
        scopes=frozenset(row.oauth.scopes),
        # A session started by a key or login without approval has no consent and no refresh token.
        consent_needed=row.grant is not None or leg is Leg.REFRESH,
    )


def from_resource_server(question: Question, server: ClientPart) -> Question:
    """Return the question as a resource server asks it, which calls from its own range and not from that of
    the client whose token it asks about.
    """
    if question.client is None:
        return question
    ranges = tuple(server.client_ip_range or ())
    return replace(question, client=replace(question.client, address_ranges=ranges))


def build_code_question(row: CodeRow, leg: Leg, contact: Contact) -> Question:
    """Build the question of an authorization code."""
    credential = CredentialFacts(
        kind="authorization code",
        expires_at=row.code.expires_at,
        spent=row.code.spent_at is not None,
        ended=row.code.ended_at is not None,
        level=SecurityLevel(row.code.security_level),
    )
    return build_question(
        row,
        leg,
        address=contact.address,
        credential=credential,
        scopes=frozenset(row.code.scopes),
        consent_needed=True,
    )


def build_login_question(row: LoginRow, token: Token, leg: Leg, contact: Contact) -> Question:
    """Build the question of a login token, from cookie or bearer header: its idle time counts."""
    credential = CredentialFacts(
        kind="login",
        expires_at=row.login.expires_at,
        ended=row.login.ended_at is not None,
        # A re-opened login has a new cookie; its previous cookie is no longer valid.
        spent=not is_same_digest(row.login.token_digest, token.digest),
        address_ranges=_list_ranges(row.key),
    )
    idle_at = row.login.last_seen_at + timedelta(seconds=settings().login_idle_seconds)
    login = person_facts.to_login_facts(row, row.login, idle_at)
    return build_question(row, leg, address=contact.address, credential=credential, login=login)


def build_key_question(row: KeyRow, leg: Leg, contact: Contact) -> Question:
    """Build the question of an API key."""
    credential = CredentialFacts(
        kind="API key",
        expires_at=row.key.expires_at,
        ended=row.key.revoked_at is not None,
        level=SecurityLevel.EXTERNAL,
        address_ranges=_list_ranges(row.key),
    )
    return build_question(row, leg, address=contact.address, credential=credential)


def suppose_session() -> CredentialFacts:
    """Describe a hypothetical session: it never ends, and every address is allowed (explain, what-if)."""
    return CredentialFacts(kind="session")


def _describe_access_token(row: SessionRow, token: Token, used_by: Contact | None) -> CredentialFacts:
    """Describe an access token. ``used_by`` of ``None``: another client asks about it (introspection)."""
    bound_to = used_for = ranges = None
    if used_by is not None:
        # What a key bought may be used from where the key itself may be used.
        ranges = _list_ranges(row.key)
        if row.client.require_same_client_ip:
            # The user's address at login, or the address of the caller with the key. An unknown address
            # matches nothing.
            bound_to = row.login_ip or row.oauth.client_ip or ""
        used_for = used_by.asserted if used_by.asserted is not None else used_by.address
    return CredentialFacts(
        kind="access token",
        expires_at=row.oauth.access_expires_at + LEEWAY,
        spent=not is_same_digest(row.oauth.access_digest, token.digest),
        ended=row.oauth.ended_at is not None,
        level=SecurityLevel(row.oauth.security_level),
        address_ranges=ranges,
        bound_to=bound_to,
        used_for=used_for,
    )


def _describe_refresh_token(row: SessionRow, token: Token, *, repeated: bool) -> CredentialFacts:
    return CredentialFacts(
        kind="refresh token",
        expires_at=row.oauth.refresh_expires_at,
        spent=not repeated and not is_same_digest(row.oauth.refresh_digest, token.digest),
        ended=row.oauth.ended_at is not None,
        level=SecurityLevel(row.oauth.security_level),
    )


def _list_ranges(key: KeyPart | None) -> tuple[str, ...] | None:
    """List the ranges from which a key, and sessions started with it, may be used."""
    return tuple(key.valid_sources or ()) if key is not None else None


# --- the question, and its parts -----------------------------------------------------------------------


def build_question(
    row: UserRow,
    leg: Leg,
    *,
    address: str | None = None,
    credential: CredentialFacts | None = None,
    client: ClientFacts | None = None,
    grant: GrantFacts | None = None,
    scopes: frozenset[str] = frozenset(),
    consent_needed: bool = False,
    login: LoginFacts | None = None,
) -> Question:
    """Build the question from a row's facts. Values that are passed in replace the row's own."""
    land = held_rights.load_snapshot(row.versions)
    if client is None and row.client is not None:
        client = to_client_facts(row.client)
    return Question(
        leg=leg,
        now=clock.now(),
        user=person_facts.to_user_facts(row.user, land),
        graph=land.graph,
        tree=land.tree,
        client=client,
        credential=credential,
        login=login if login is not None else person_facts.to_login_or_key_facts(row),
        grant=grant if grant is not None else to_grant_facts(row.grant),
        consent_needed=consent_needed,
        scopes=scopes,
        address=address,
        constraints=person_facts.to_constraints(row),
        impersonator=person_facts.to_impersonator(row, land),
        maker=person_facts.to_maker(row, land),
    )


def resolve_right_asked(q: Question, asked: RequiredRight) -> RightAsked:
    """Resolve the required function to its current id."""
    return RightAsked(q.graph.find_by_name(asked.function), asked.function, asked.customer)


def to_client_facts(client: OAuthClient | ListedClient) -> ClientFacts:
    """Convert a client for the policy."""
    return ClientFacts(
        id=client.id,
        domain=client.domain_id,
        customer=client.customer_id,
        required_function=client.required_function_id,
        permission_scope=client.permission_scope_id,
        deleted=client.deleted_at is not None,
        address_ranges=tuple(client.client_ip_range or ()),
        max_level=SecurityLevel(client.max_security_level),
        name=client.name,
    )


def to_grant_facts(grant: Grant | GrantPart | None) -> GrantFacts | None:
    """Convert a consent for the policy."""
    if grant is None:
        return None
    return GrantFacts(grant.permission_scope_id, frozenset(grant.scopes), grant.withdrawn_at is not None)
