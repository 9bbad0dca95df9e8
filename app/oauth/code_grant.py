"""The authorization code grant: RFC 6749 4.1 with RFC 9700's single use, replay and PKCE.

The phases of the code flow, and where each stands:

1.  Read the request strictly: ``request_checks``.
2.  Judge client and redirect URI; nothing redirects before both are good: ``authorize.validate_request``.
3.  Judge response type, prompt, PKCE and scopes: ``authorize``, ``pkce``.
4.  Log the user in, if nobody is there or the request demands it: ``authorize.must_log_in``.
5.  Ask the gate, leg AUTHORIZE: ``authorize.build_question``.
6.  Get the user's consent, unless an earlier one covers this; write it and the code at once: ``approval``.
7.  Authenticate the client at the token endpoint: ``client_auth``.
8.  Find the code; compare redirect URI and PKCE verifier: here, ``pkce``.
9.  Ask the gate, leg REDEEM, over today's facts: here, ``access_gate``.
10. Draft the tokens and sign the ID token: all that can fail, before anything is written: here, ``id_token``.
11. Claim the code and write the session in one unit; a second use ends the session: here.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from app.models.mixins import ArgusCodeMixin
from app.oauth.access_gate import AccessGateMixin
from app.oauth.authorization_answer import AuthorizationAnswer
from app.oauth.authorization_answer import build_answer
from app.oauth.errors import ArgusOAuthError
from app.oauth.id_token import draft_id_token
from app.oauth.requests import ArgusRequest
from app.oauth.token_response import build_token_response
from app.policy.facts import Leg
from app.policy.facts import Question
from app.policy.facts import UserFacts
from app.policy.scopes import keep_permitted
from app.services.access import credential_rows
from app.services.access import facts
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import CodeRow
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.tokens import codes
from app.services.tokens import oauth_sessions
from app.services.tokens import token_text
from app.services.tokens.codes import Approval
from app.services.tokens.oauth_sessions import SessionOpening
from app.services.tokens.oauth_sessions import SessionParent
from app.services.tokens.oauth_sessions import TokenPair
from app.services.tokens.token_text import Kind
from app.services.unit_of_work import run_in_transaction


class CodeView(ArgusCodeMixin):
    """A code with everything its one query loaded, in the form Authlib expects."""

    def __init__(self, row: CodeRow) -> None:
        self.row = row
        self.redirect_uri = row.code.redirect_uri
        self.redirect_uri_given = row.code.redirect_uri_given
        self.scopes = keep_permitted(row.code.scopes, row.client.permitted_scopes)
        self.nonce = row.code.nonce
        self.code_challenge = row.code.code_challenge


def _find_code(text: str) -> CodeRow | None:
    token = token_text.read_token(text, Kind.CODE)
    row = credential_rows.load_code_row(token.session_id) if token is not None else None
    if token is None or row is None or not token_text.is_same_digest(row.code.digest, token.digest):
        return None
    return row


class ArgusAuthorizationCodeGrant(AccessGateMixin, AuthorizationCodeGrant):  # type: ignore[misc]
    """Approve and redeem. Reads happen outside a transaction; claim and writes in one."""

    request: ArgusRequest

    # --- approve -------------------------------------------------------------------------------------

    def generate_authorization_code(self) -> str:
        """Write the code's row and return its text.
        Both happen together, so ``save_authorization_code`` has nothing to do.
        """
        approval: Approval = self.request.approval
        return codes.issue_code(approval)

    def create_authorization_response(
        self,
        redirect_uri: str,  # noqa: ARG002 - it is that of the way
        grant_user: UserFacts,
    ) -> tuple[int, AuthorizationAnswer, list[tuple[str, str]]]:
        """As Authlib, but in the response mode that was asked for."""
        self.request.user = grant_user
        params = [("code", self.generate_authorization_code())]
        if self.request.payload.state:
            params.append(("state", self.request.payload.state))
        return 200, build_answer(self.request.way, params), []

    def save_authorization_code(self, code: str, request: ArgusRequest) -> None:
        """Do nothing: ``generate_authorization_code`` already wrote the code."""

    # --- redeem --------------------------------------------------------------------------------------

    def validate_token_request(self) -> None:
        """As Authlib, but find the code first: its row brings along the client, who is authenticated next."""
        self.found = _find_code(self.request.form.get("code", ""))
        super().validate_token_request()

    def query_authorization_code(self, code: str, client: ClientPart) -> CodeView | None:  # noqa: ARG002
        """Return the code if we issued it to this client. Changes nothing."""
        row = self.found
        if row is None:
            return None
        if row.client.id != client.id:
            detail = {"presented_by": client.id, "issued_to": row.client.id}
            run_in_transaction(
                lambda: trail.record_alert(
                    "code-of-another-client", self._build_stranger(), detail=detail, counted=True
                )
            )
            return None
        return CodeView(row)

    def authenticate_user(self, authorization_code: CodeView) -> UserFacts:
        """Ask the gate, leg REDEEM, with current facts. A refusal does not use up the code."""
        row = authorization_code.row
        sent = self.request.payload.redirect_uri
        if sent is not None and sent != row.code.redirect_uri:
            raise ArgusOAuthError("invalid_grant")
        self.dpop_jkt = self.prove_key(row.code.dpop_jkt)
        return self.pass_gate(facts.build_code_question(row, Leg.REDEEM, self.request.contact), "redeem")

    def handle_denial(self, question: Question) -> None:
        """Treat a used code that is otherwise valid as a replay: end the session it started (rule 13)."""
        if question.credential is not None and question.credential.spent:
            self._end_replayed(self.request.authorization_code.row, question)

    def generate_token(  # Authlib's signature: all of it is in the code's row and in the request
        self,
        user: UserFacts,  # noqa: ARG002
        scope: str,  # noqa: ARG002
        include_refresh_token: bool,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Draft the session's tokens and sign the ID token:
        everything that can fail, before anything is written.
        """
        row = self.request.authorization_code.row
        self.opening = SessionOpening(
            client_id=row.client.id,
            user_id=row.user.id,
            user_name=row.user.short_name,
            parent=SessionParent(row.login.expires_at, login_session_id=row.login.id),
            grant_id=row.grant.id,
            scopes=tuple(self.request.authorization_code.scopes),
            security_level=min(row.code.security_level, row.client.max_security_level),
            session_epoch=row.user.session_epoch,
            address=self.request.contact.address,
            with_refresh=self.request.issues_refresh_token,
            context=row.code.context,
            dpop_jkt=self.dpop_jkt,
        )
        self.pair: TokenPair = oauth_sessions.draft_pair(self.opening)
        draft = draft_id_token(row, self.pair.scopes, self.decision.rights, row.code.context, row.code.nonce)
        signed = draft.sign(self.request, self.pair) if draft is not None else None
        return build_token_response(self.pair, id_token=signed)

    def save_token(self, token: dict[str, Any]) -> None:  # noqa: ARG002
        """Claim the code and write the session in one transaction.
        If the claim fails, another request was first.
        """
        view = self.request.authorization_code
        if run_in_transaction(lambda: self._claim(view.row), repeatable=True):
            return
        fresh = credential_rows.load_code_row(view.row.code.id)
        if fresh is not None and fresh.code.oauth_session_id == self.pair.session_id:
            # By ourselves: the unit was committed, the answer to its COMMIT was lost, and it was tried again.
            return
        # Another request claimed it between our read and our write: the gate refuses, and its session ends.
        if fresh is not None:
            self.request.authorization_code = CodeView(fresh)
            self.authenticate_user(self.request.authorization_code)
        raise ArgusOAuthError("invalid_grant")

    def delete_authorization_code(self, authorization_code: CodeView) -> None:
        """Do nothing: the used row is kept for ten minutes, so that a replay can be recognised."""

    def _claim(self, row: CodeRow) -> bool:
        if not codes.claim_code(row.code.id, self.pair.session_id):
            return False
        oauth_sessions.store_session(self.opening, self.pair, crowded=row.crowded)
        trail.record(
            "redeem",
            Actor(row.user.id, row.user.short_name, self.pair.session_id.hex(), self.request.contact),
            decision=self.decision,
            client_id=row.client.id,
        )
        return True

    def _end_replayed(self, row: CodeRow, question: Question) -> None:
        def work() -> None:
            actor, session_id = self.build_actor(question), row.code.oauth_session_id
            ended = session_id is not None and endings.end(Event.CODE_REPLAYED, session_id, actor)
            trail.record_alert(
                "code-replayed",
                actor,
                client_id=row.client.id,
                detail={"session": (session_id or b"").hex()},
                counted=not ended,
            )

        run_in_transaction(work)

    def _build_stranger(self) -> Actor:
        return Actor(contact=self.request.contact)
