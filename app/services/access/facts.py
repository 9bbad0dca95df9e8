"""Rows into a Question: what ``credential_rows`` read becomes what the policy reads.

``build_session_question``, ``build_code_question`` and their like answer what a presented credential asks;
``build_question`` answers for a user who presents none. No rule is applied here: an ended login is a fact,
not a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """The function an API call needs, by name, and for which customer (``None``: for any)."""

    function: str
    customer: int | None = None


# --- what a presented credential asks ------------------------------------------------------------------


def of_session(
    row: SessionRow, token: Token, leg: Leg, contact: Contact, *, repeated: bool = False
) -> Question:
    """An access or a refresh token is presented. ``repeated``: the last one once more, inside its grace."""
    if token.kind is Kind.ACCESS:
        credential = _access_token(row, token, None if leg is Leg.INTROSPECT else contact)
    else:
        credential = _refresh_token(row, token, repeated=repeated)
    return build_question(
        row,
        leg,
        address=contact.address,
        credential=credential,
        scopes=frozenset(row.oauth.scopes),
        # What a key or a login bought without a person's approval has no consent, nor a refresh token.
        consent_needed=row.grant is not None or leg is Leg.REFRESH,
    )


def of_code(row: CodeRow, leg: Leg, contact: Contact) -> Question:
    """An authorization code is presented."""
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


def of_login(row: LoginRow, token: Token, leg: Leg, contact: Contact) -> Question:
    """The token of a login is presented, as a cookie or as a bearer: so the idle clock counts."""
    credential = CredentialFacts(
        kind="login",
        expires_at=row.login.expires_at,
        ended=row.login.ended_at is not None,
        # A re-opened login has a new cookie; its previous cookie is no longer valid.
        spent=not is_same_digest(row.login.token_digest, token.digest),
        address_ranges=_ranges_of(row.key),
    )
    idle_at = row.login.last_seen_at + timedelta(seconds=settings().login_idle_seconds)
    login = person_facts.login_facts(row, row.login, idle_at)
    return build_question(row, leg, address=contact.address, credential=credential, login=login)


def of_key(row: KeyRow, leg: Leg, contact: Contact) -> Question:
    """An API key is presented."""
    credential = CredentialFacts(
        kind="API key",
        expires_at=row.key.expires_at,
        ended=row.key.revoked_at is not None,
        level=SecurityLevel.EXTERNAL,
        address_ranges=_ranges_of(row.key),
    )
    return build_question(row, leg, address=contact.address, credential=credential)


def supposed_session() -> CredentialFacts:
    """A session that nobody opened: it never ends, and no address is too far for it (explain, what-if)."""
    return CredentialFacts(kind="session")


def _access_token(row: SessionRow, token: Token, used_by: Contact | None) -> CredentialFacts:
    """``used_by`` of ``None``: it is only asked about, from another place than it is used from."""
    bound_to = used_for = ranges = None
    if used_by is not None:
        # What a key bought may be used from where the key itself may be used.
        ranges = _ranges_of(row.key)
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


def _refresh_token(row: SessionRow, token: Token, *, repeated: bool) -> CredentialFacts:
    return CredentialFacts(
        kind="refresh token",
        expires_at=row.oauth.refresh_expires_at,
        spent=not repeated and not is_same_digest(row.oauth.refresh_digest, token.digest),
        ended=row.oauth.ended_at is not None,
        level=SecurityLevel(row.oauth.security_level),
    )


def _ranges_of(key: KeyPart | None) -> tuple[str, ...] | None:
    """Where a key, and what was made from it, may be used."""
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
    """The question that a row's facts pose. What is passed in stands in the place of the row's own."""
    land = held_rights.load_snapshot(row.policy_version)
    if client is None and row.client is not None:
        client = to_client_facts(row.client)
    return Question(
        leg=leg,
        now=clock.now(),
        user=person_facts.user_facts(row.user, land),
        graph=land.graph,
        tree=land.tree,
        client=client,
        credential=credential,
        login=login if login is not None else person_facts.login_of(row),
        grant=grant if grant is not None else grant_facts(row.grant),
        consent_needed=consent_needed,
        scopes=scopes,
        address=address,
        constraints=person_facts.constraints_of(row),
        impersonator=person_facts.impersonator_of(row, land),
    )


def resolve_right_asked(q: Question, asked: RequiredRight) -> RightAsked:
    """Resolve the required function to its current id."""
    return RightAsked(q.graph.by_name(asked.function), asked.function, asked.customer)


def to_client_facts(client: OAuthClient | ClientPart) -> ClientFacts:
    """A client as the policy reads it."""
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


def grant_facts(grant: Grant | GrantPart | None) -> GrantFacts | None:
    """A consent as the policy reads it."""
    if grant is None:
        return None
    return GrantFacts(grant.permission_scope_id, frozenset(grant.scopes), grant.withdrawn_at is not None)
