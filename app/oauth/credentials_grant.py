"""``client_credentials``: a short session within the client's limits, always of a user.

In Argus's form (contract 2.7) a *user's* key or login comes with a ``client_id``, and the session is the
user's. By RFC 6749 4.4 the client authenticates alone, and the session is its service user's; a client
without one is ``unauthorized_client`` (docs/decisions/057).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from authlib.oauth2.rfc6749.grants import BaseGrant
from authlib.oauth2.rfc6749.grants import TokenEndpointMixin

from app.oauth.access_gate import AccessGateMixin
from app.oauth.client_auth import authenticate_client
from app.oauth.client_auth import check_address
from app.oauth.client_auth import check_proof
from app.oauth.client_auth import get_client
from app.oauth.errors import ArgusOAuthError
from app.oauth.requests import ArgusRequest
from app.oauth.requests import ClientCredentials
from app.oauth.token_response import build_token_response
from app.policy.client_methods import NO_SECRET
from app.policy.facts import Leg
from app.services.access import facts
from app.services.access import presented
from app.services.access.credential_parts import ClientPart
from app.services.audit import trail
from app.services.tokens import oauth_sessions
from app.services.tokens import session_crowd
from app.services.tokens.oauth_sessions import SessionOpening
from app.services.tokens.oauth_sessions import SessionParent
from app.services.unit_of_work import run_in_transaction

NO_USER = (
    "This grant acts for a user: send Argus-API-Key, or a login as bearer. A client that has a service user"
    " authenticates instead."
)
NO_SERVICE_USER = "This client has no service user: an administrator can give it one."


class ArgusClientCredentialsGrant(AccessGateMixin, BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Issues no refresh token; the session ends with the credential that started it."""

    GRANT_TYPE = "client_credentials"
    request: ArgusRequest

    def validate_token_request(self) -> None:
        """Check the user's credential, the client and the scopes. Raises ``ArgusOAuthError``."""
        given = self.request.client_credentials
        if given is None or given.client_id is None:
            raise ArgusOAuthError("invalid_request", "The parameter client_id is missing.")
        client = self._identify_user(given) if self.request.credential else self._authenticate_alone(given)
        scope = client.get_allowed_scope(self.request.payload.scope)
        if scope is None:
            raise ArgusOAuthError("invalid_scope")
        self.request.client = client
        self.request.scope = scope

    def _authenticate_alone(self, given: ClientCredentials) -> ClientPart:
        if given.method is NO_SECRET:
            # The client is not what failed: without proof of the client this grant is a user's.
            raise ArgusOAuthError("invalid_request", NO_USER)
        client = authenticate_client(self.server.query_client, self.request)
        self.request.caller = presented.from_service_key(client, self.request.contact)
        if self.request.caller is None:
            raise ArgusOAuthError("unauthorized_client", NO_SERVICE_USER)
        return client

    def _identify_user(self, given: ClientCredentials) -> ClientPart:
        """Require a user's own credential, and find the client that it names."""
        caller = self.request.caller
        if caller is None:
            raise ArgusOAuthError("invalid_grant", "The user's API key or login is not valid.")
        if not (caller.kind == "key" or caller.is_interactive):
            # A session that was started this way never starts another (design decision 11).
            raise ArgusOAuthError("invalid_grant", "Only an API key or a login may start a session.")
        client = get_client(self.server.query_client, self.request, given.client_id or "")
        if given.secret is not None or given.assertion is not None or client.fapi2_security_profile:
            # First the address: a caller outside the client's range must not try secrets either (security
            # rule 29).
            check_address(self.request, client)
            check_proof(self.request, client, given)
        return client

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Ask the gate, leg REDEEM, with the caller's own facts under this client; then write one row."""
        client: ClientPart = self.request.client
        caller = self.request.caller
        if caller is None:
            raise ArgusOAuthError("invalid_request", NO_USER)
        scopes = tuple(self.request.scope.split())
        question = replace(
            caller.question, leg=Leg.REDEEM, client=facts.to_client_facts(client), scopes=frozenset(scopes)
        )
        dpop_jkt = self.prove_key(None)
        self.pass_gate(question, "client-credentials")
        level = question.login.level if question.login is not None else 0
        opening = SessionOpening(
            client_id=client.id,
            user_id=caller.user_id,
            user_name=caller.user_name,
            parent=SessionParent(caller.key.expires_at, api_key_id=caller.key.id)
            if caller.kind == "key"
            else SessionParent(caller.login.expires_at, login_session_id=caller.login_id),
            grant_id=None,
            scopes=scopes,
            security_level=min(level, client.max_security_level),
            session_epoch=caller.user_epoch,
            address=self.request.contact.address,
            with_refresh=self.request.issues_refresh_token,
            dpop_jkt=dpop_jkt,
        )
        pair = oauth_sessions.draft_pair(opening)
        crowded = not session_crowd.has_room(caller.user_id, client.id)

        def work() -> None:
            oauth_sessions.store_session(opening, pair, crowded=crowded)
            trail.record("client-credentials", caller.actor, decision=self.decision, client_id=client.id)

        run_in_transaction(work)
        documented = self.request.credential is not None
        return 200, build_token_response(pair, explicit_nulls=documented), self.TOKEN_RESPONSE_HEADER
