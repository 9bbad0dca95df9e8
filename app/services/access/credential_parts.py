"""The rows that ``credential_rows`` returns: frozen and typed, with one part for each joined table.

A part's fields have the names of its table's columns. The first one is the primary key: where an outer join
found nothing it is empty, and the row has ``None`` for the part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing import NamedTuple

from app.models.mixins import ArgusClientMixin
from app.policy.login_contexts import LoginContext
from app.services.tokens.oauth_sessions import OAuthPart


class PolicyVersions(NamedTuple):
    """What graph, tree and rights are cached under; ``policy`` moves with either of the others."""

    policy: int
    graph: int
    tree: int


@dataclass(frozen=True, slots=True)
class PersonPart:
    """The facts about a user that the decision needs."""

    id: int
    short_name: str
    customer_id: int
    blocked_at: datetime | None
    deleted_at: datetime | None
    session_epoch: int
    rights_version: int


@dataclass(frozen=True, slots=True)
class UserPart(PersonPart):
    """The user of a credential, with what claims and pages say about the user."""

    name: str
    language: str | None
    domain_id: int
    email: str | None
    email_confirmed_at: datetime | None
    phone_country_code: str | None
    phone_national_number: str | None
    updated_at: datetime
    force_password_change: bool


@dataclass(frozen=True, slots=True)
class CustomerPart:
    """The customer that a user belongs to, as claims name it."""

    id: int
    domain_id: int
    short_name: str
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class ListedClient:
    """What the decision reads of a client: for lists of many."""

    id: str
    name: str
    domain_id: int
    customer_id: int | None
    required_function_id: int
    permission_scope_id: int
    client_ip_range: list[str]
    max_security_level: int
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClientPart(ListedClient, ArgusClientMixin):
    """The OAuth client of a protocol request, a code or a session, in the form Authlib expects."""

    description: str
    main_uri: str
    authentication_method: str
    secret_hash: str | None
    secret_digest: bytes | None
    previous_secret_hash: str | None
    previous_secret_digest: bytes | None
    previous_secret_until: datetime | None
    jwks: dict[str, Any] | None
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    permitted_scopes: list[str]
    require_pkce: bool
    require_pushed_authorization_requests: bool
    dpop_bound_access_tokens: bool
    fapi2_security_profile: bool
    allow_device_grant: bool
    insecure_without_pkce: bool
    require_same_client_ip: bool
    enable_string_group_claim: bool
    open_id_custom_claims: list[dict[str, Any]]
    id_token_signed_response_alg: str
    resource_servers: list[str]
    service_user_id: int | None
    service_key_number: int | None


@dataclass(frozen=True, slots=True)
class GrantPart:
    """The consent that a session or a code depends on."""

    id: str
    permission_scope_id: int
    scopes: list[str]
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActiveConsent(GrantPart):
    """The consent that a new session at a client would depend on."""

    created_at: datetime


@dataclass(frozen=True, slots=True)
class LoginPart:
    """A login session. ``parent_ended_at`` belongs to the login that this one was made from."""

    id: bytes
    security_level: int
    session_epoch: int
    ended_at: datetime | None
    expires_at: datetime
    last_seen_at: datetime
    authenticated_at: datetime
    method: str
    parent_id: bytes | None
    client_ip: str | None
    constraints: dict[str, Any] | None
    token_digest: bytes
    created_at: datetime
    parent_ended_at: datetime | None

    @property
    def context(self) -> LoginContext:
        """Return when, how strongly and by which method its user logged in."""
        return LoginContext(self.authenticated_at, self.security_level, self.method)


@dataclass(frozen=True, slots=True)
class KeyPart:
    """An API key."""

    id: int
    revoked_at: datetime | None
    expires_at: datetime | None
    valid_sources: list[str]
    constraints: dict[str, Any] | None
    secret_digest: bytes
    key_number: int
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class CodePart:
    """An authorization code. Its user, client, consent and login are parts of their own."""

    id: bytes
    digest: bytes
    login_session_id: bytes
    redirect_uri: str
    redirect_uri_given: bool
    scopes: list[str]
    nonce: str | None
    code_challenge: str | None
    dpop_jkt: str | None
    security_level: int
    authenticated_at: datetime
    login_method: str | None
    created_at: datetime
    expires_at: datetime
    wrong_verifiers: int
    spent_at: datetime | None
    ended_at: datetime | None
    oauth_session_id: bytes | None

    @property
    def context(self) -> LoginContext:
        """Return the login as it was at the approval."""
        return LoginContext(self.authenticated_at, self.security_level, self.login_method or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """A user, and the other parts of a credential's row. A part that the query does not join is ``None``.

    ``maker``: the user who made the key for its owner.
    """

    versions: PolicyVersions
    user: UserPart
    client: ClientPart | None = None
    oauth: OAuthPart | None = None
    grant: GrantPart | None = None
    login: LoginPart | None = None
    key: KeyPart | None = None
    impersonator: PersonPart | None = None
    maker: PersonPart | None = None

    @property
    def login_ip(self) -> str | None:
        """Return the user's address at login."""
        return self.login.client_ip if self.login is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow(UserRow):
    """An API key and its user."""

    key: KeyPart


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRow(UserRow):
    """A login session and its user; the key that it was made from, and the user's impersonator."""

    login: LoginPart


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow(UserRow):
    """An OAuth session with its user, client and consent, and the login or key that it depends on.

    ``active_kid``: the key that signs its ID tokens now, where one may have to be signed.
    """

    client: ClientPart
    oauth: OAuthPart
    customer: CustomerPart
    active_kid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow(UserRow):
    """An authorization code with its user, client, consent and login.

    ``crowded``: the user has as many sessions at this client as there may be.
    """

    client: ClientPart
    grant: GrantPart
    login: LoginPart
    code: CodePart
    customer: CustomerPart
    active_kid: str
    crowded: bool
