"""Introspection (RFC 7662) and revocation (RFC 7009): a client's own tokens, any hint, no leaks. A resource
server also introspects access tokens of the clients that name it (docs/decisions/058).

Authlib's endpoints refuse unknown hints, miss tokens under a wrong hint and reveal which tokens exist
(pitfalls 22, 23). So only their registration and client authentication are used.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import TokenEndpoint

from app.oauth.errors import ArgusOAuthError
from app.oauth.requests import ArgusRequest
from app.oauth.signed_introspection import MEDIA_TYPE
from app.oauth.signed_introspection import sign_answer
from app.policy.client_methods import METHOD_NAMES
from app.policy.facts import Leg
from app.policy.scopes import join_scope
from app.policy.scopes import keep_permitted
from app.services.access import credential_rows
from app.services.access import facts
from app.services.access import gate
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import SessionRow
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.tokens import token_text
from app.services.tokens.oauth_sessions import OAuthPart
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import Token
from app.services.unit_of_work import run_in_transaction

Answer = tuple[int, Any, list[tuple[str, str]]]
JSON = [("Content-Type", "application/json")]
SIGNED = [("Content-Type", MEDIA_TYPE)]
INACTIVE = {"active": False}


class _OwnTokenEndpoint(TokenEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = METHOD_NAMES

    def find_token(self, request: ArgusRequest) -> tuple[Token, SessionRow] | None:
        """Authenticate the client and find the token of the request if it may know of it. The hint is not
        needed. The token is looked up first: its row brings the client along.
        """
        text = request.form.get("token")
        token = token_text.read_token(text or "", Kind.ACCESS, Kind.REFRESH)
        row = credential_rows.load_session_row(token.session_id) if token is not None else None
        self.authenticate_endpoint_client(request)
        if text is None:
            raise ArgusOAuthError("invalid_request", "The parameter token is missing.")
        if token is None or row is None or not self.may_know(token, row, request.client):
            return None
        return token, row

    def may_know(self, token: Token, row: SessionRow, asker: ClientPart) -> bool:  # noqa: ARG002
        """Tell whether this client may know of the token: it was issued to it."""
        return row.client.id == asker.id


class IntrospectionEndpoint(_OwnTokenEndpoint):
    """Makes the same decision as every use; anything but an allowance is ``{"active":
    false}`` and nothing more.
    """

    ENDPOINT_NAME = "introspection"

    def create_endpoint_response(self, request: ArgusRequest) -> Answer:
        found = self.find_token(request)
        answer = self._introspect(request, *found) if found else INACTIVE
        if request.wants_signed_answer:
            return 200, sign_answer(answer, request.client), SIGNED
        return 200, answer, JSON

    def may_know(self, token: Token, row: SessionRow, asker: ClientPart) -> bool:
        """As of every endpoint; and a resource server that the client of an access token names."""
        if super().may_know(token, row, asker):
            return True
        return token.kind is Kind.ACCESS and not asker.is_public and asker.id in row.client.resource_servers

    def _introspect(self, request: ArgusRequest, token: Token, row: SessionRow) -> dict[str, Any]:
        user, session = row.user, row.oauth
        question = facts.build_session_question(row, token, Leg.INTROSPECT, request.contact)
        if request.client.id != row.client.id:
            question = facts.from_resource_server(question, request.client)
        decision = gate.ask(question)
        if not decision:
            actor = Actor(user.id, user.short_name, session.id.hex(), request.contact)
            trail.record_refusal("introspect", actor, decision, question)
            return INACTIVE
        is_access = token.kind is Kind.ACCESS
        granted = session.access_scopes if is_access else session.scopes
        # A session without a refresh token was refused above.
        expires_at = (None if is_access else session.refresh_expires_at) or session.access_expires_at
        return {
            "active": True,
            "client_id": row.client.id,
            "username": user.short_name,
            "sub": str(user.id),
            "scope": join_scope(keep_permitted(granted, row.client.permitted_scopes)),
            "token_type": "DPoP" if session.dpop_jkt is not None else "Bearer",
            "exp": int(expires_at.timestamp()),
            "iat": int(session.rotated_at.timestamp()),
        } | self._tell_of_login_and_key(session)

    @staticmethod
    def _tell_of_login_and_key(session: OAuthPart) -> dict[str, Any]:
        """Tell how the person had logged in (RFC 9470 6.2), for who asks for a stronger login; and by which
        key who takes the token asks for a proof (RFC 9449 6.2).
        """
        login = session.context.build_claims() if session.context is not None else {}
        told: dict[str, Any] = {name: login[name] for name in ("acr", "auth_time") if name in login}
        return told | ({"cnf": {"jkt": session.dpop_jkt}} if session.dpop_jkt is not None else {})


class RevocationEndpoint(_OwnTokenEndpoint):
    """Revoking either token ends the pair; any other token gives an empty 200 (RFC 7009 2.2)."""

    ENDPOINT_NAME = "revocation"

    def create_endpoint_response(self, request: ArgusRequest) -> Answer:
        found = self.find_token(request)
        if found is not None:
            token, row = found
            current = token_text.is_same_digest(
                row.oauth.access_digest, token.digest
            ) or token_text.is_same_digest(row.oauth.refresh_digest, token.digest)
            # A rotated token belongs to the same session, whose newer tokens a thief may hold.
            rotated = token.kind is Kind.REFRESH and token.generation < row.oauth.generation
            if current or rotated:
                run_in_transaction(lambda: self._end(request, row))
        return 200, "", []

    @staticmethod
    def _end(request: ArgusRequest, row: SessionRow) -> None:
        actor = Actor(row.user.id, row.user.short_name, row.oauth.id.hex(), request.contact)
        if endings.end(Event.TOKEN_REVOKED, row.oauth.id, actor):
            trail.record("revoke", actor, client_id=row.client.id)
