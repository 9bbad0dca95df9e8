"""The refresh grant: RFC 6749 6 by compare-and-swap, with replay detection (RFC 9700 4.14, design §7)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from app.models.mixins import ArgusTokenMixin
from app.oauth.access_gate import AccessGateMixin
from app.oauth.errors import ArgusOAuthError
from app.oauth.id_token import IDTokenDraft
from app.oauth.id_token import draft_id_token
from app.oauth.requests import ArgusRequest
from app.oauth.token_response import build_token_response
from app.policy.facts import Leg
from app.policy.facts import Question
from app.policy.facts import UserFacts
from app.policy.scopes import drop_unknown
from app.policy.scopes import join_scope
from app.policy.scopes import keep_permitted
from app.policy.scopes import parse_scope
from app.services.access import credential_rows
from app.services.access import facts
from app.services.access.credential_parts import SessionRow
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.tokens import oauth_sessions
from app.services.tokens import token_text
from app.services.tokens.oauth_sessions import TokenPair
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import Token
from app.services.unit_of_work import run_in_transaction


class RefreshView(ArgusTokenMixin):
    """A presented refresh token with its session's row, in the form Authlib expects.

    ``repeated`` is the identical successor if the token is the immediate predecessor within the grace period.
    """

    def __init__(self, token: Token, row: SessionRow) -> None:
        self.token = token
        self.row = row
        self.client_id = row.client.id
        self.scopes = keep_permitted(row.oauth.scopes, row.client.permitted_scopes)
        self.is_current = token_text.is_same_digest(row.oauth.refresh_digest, token.digest)
        self.repeated: TokenPair | None = (
            None if self.is_current else oauth_sessions.repeat_pair(token, row.oauth)
        )

    @property
    def is_replay(self) -> bool:
        """Its tag proves that it was issued, and a later generation exists: the token was used before."""
        return (
            not self.is_current
            and self.repeated is None
            and self.token.generation < self.row.oauth.generation
        )


def _find_session(text: str) -> tuple[Token, SessionRow] | None:
    token = token_text.read_token(text, Kind.REFRESH)
    row = credential_rows.load_session_row(token.session_id, to_sign=True) if token is not None else None
    return (token, row) if token is not None and row is not None else None


class ArgusRefreshTokenGrant(AccessGateMixin, RefreshTokenGrant):  # type: ignore[misc]
    """Rotates. Every refresh gives a new pair; the same statement ends the old refresh and access tokens."""

    INCLUDE_NEW_REFRESH_TOKEN = True
    request: ArgusRequest

    def validate_token_request(self) -> None:
        """As Authlib, but find the session first: its row brings along the client, who is authenticated
        next.
        """
        self.found = _find_session(self.request.form.get("refresh_token", ""))
        if self.found is not None:
            self._ignore_unknown_scopes(self.found[1])
        super().validate_token_request()

    def _ignore_unknown_scopes(self, row: SessionRow) -> None:
        # As at the authorization request: who asked for it there asks for it here too.
        asked = parse_scope(self.request.payload.scope)
        if asked:
            known = drop_unknown(asked, row.client.permitted_scopes)
            self.request.payload.data["scope"] = join_scope(known)

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshView | None:  # noqa: ARG002
        """Return the session of the presented token.
        Invalid tokens and tokens of others change nothing (rules 16, 19).
        """
        if self.found is None:
            return None
        token, row = self.found
        if row.client.id != self.request.client.id:
            detail = {"presented_by": self.request.client.id, "issued_to": row.client.id}
            actor = Actor(contact=self.request.contact)
            run_in_transaction(
                lambda: trail.record_alert(
                    "refresh-token-of-another-client", actor, detail=detail, counted=True
                )
            )
            return None
        return RefreshView(token, row)

    def authenticate_user(self, refresh_token: RefreshView) -> UserFacts:
        """Ask the gate, leg REFRESH, with current facts."""
        self.view = refresh_token
        self._prove_key(refresh_token)
        question = facts.build_session_question(
            refresh_token.row,
            refresh_token.token,
            Leg.REFRESH,
            self.request.contact,
            repeated=refresh_token.repeated is not None,
        )
        return self.pass_gate(question, "refresh")

    def _prove_key(self, view: RefreshView) -> None:
        """What is bound stays bound (RFC 9449 5): for a public client, and for an answer that is repeated, to
        the same key; a client that proves itself may come with another.
        """
        key = view.row.oauth.dpop_jkt
        keeps_key = view.row.client.is_public or view.repeated is not None
        self.dpop_jkt = self.prove_key(key if keeps_key else None, required=key is not None)

    def handle_denial(self, question: Question) -> None:
        """End the session of a replayed token:
        one of its two holders is a thief, and nobody can tell which one.
        """
        if not self.view.is_replay:
            return

        def work() -> None:
            if endings.end(Event.REFRESH_REPLAYED, self.view.row.oauth.id, self.build_actor(question)):
                detail = {"session": self.view.row.oauth.id.hex(), "generation": self.view.token.generation}
                client_id = self.view.row.client.id
                trail.record_alert(
                    "refresh-token-replayed", self.build_actor(question), client_id=client_id, detail=detail
                )

        run_in_transaction(work)

    def issue_token(self, user: UserFacts, refresh_token: RefreshView) -> dict[str, Any]:  # noqa: ARG002
        """Issue the next pair, or repeat the last one.
        Rotating is the write, so ``save_token`` does nothing.
        """
        if refresh_token.repeated is not None:
            return self._repeat(refresh_token)
        login = refresh_token.row.login
        until = login.expires_at if login is not None else None
        asked = parse_scope(self.request.payload.scope) or tuple(refresh_token.scopes)
        draft = self._draft_id_token(refresh_token, asked)
        pair = run_in_transaction(
            lambda: oauth_sessions.rotate_pair(refresh_token.token, asked, until, self.dpop_jkt),
            repeatable=True,
        )
        if pair is not None:
            return self._answer(pair, draft)
        # Another request rotated between our read and our write, or this one did and could not know it. Look
        # again: a duplicate of this call within the grace window gets the identical answer; anything else is
        # a replay and ends the session.
        self.found = _find_session(refresh_token.token.text)
        again = self.authenticate_refresh_token(refresh_token.token.text)
        if again is not None:
            self.authenticate_user(again)
            if again.repeated is not None:
                return self._repeat(again)
        raise ArgusOAuthError("invalid_grant")

    def save_token(self, token: dict[str, Any]) -> None:
        """Do nothing: ``issue_token`` already wrote the row."""

    def revoke_old_credential(self, refresh_token: RefreshView) -> None:
        """Do nothing: the compare-and-swap already ended the old tokens."""

    def _repeat(self, view: RefreshView) -> dict[str, Any]:
        if view.repeated is None:
            raise ArgusOAuthError("invalid_grant")
        user, session = view.row.user, view.row.oauth
        if session.repeated_generation != session.generation:

            def work() -> None:
                if oauth_sessions.count_repeat(session):
                    actor = Actor(user.id, user.short_name, contact=self.request.contact)
                    detail = {"session": session.id.hex(), "times": oauth_sessions.ALERT_AFTER_REPEATS}
                    trail.record_alert("refresh-repeated", actor, client_id=view.row.client.id, detail=detail)

            run_in_transaction(work)
        return self._answer(view.repeated, self._draft_id_token(view, view.repeated.scopes))

    def _draft_id_token(self, view: RefreshView, scopes: Collection[str]) -> IDTokenDraft | None:
        """Draft an ID token that tells of the same login as the first one (OIDC Core 12.2)."""
        return draft_id_token(view.row, scopes, self.decision.rights, view.row.oauth.context)

    def _answer(self, pair: TokenPair, draft: IDTokenDraft | None) -> dict[str, Any]:
        signed = draft.sign(self.request, pair) if draft is not None else None
        return build_token_response(pair, id_token=signed)
