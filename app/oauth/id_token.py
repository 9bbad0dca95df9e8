"""The ID token of a code's redemption and of a refresh (OIDC Core 2, 3.1.3.6, 12.2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from authlib.oidc.core.grants import OpenIDCode

from app import clock
from app.oauth.claims import build_claims
from app.oauth.requests import ArgusRequest
from app.policy.claims import PROTOCOL_CLAIMS
from app.policy.login_contexts import LoginContext
from app.policy.rights import Rights
from app.runtime import settings
from app.services.access.credential_parts import CodeRow
from app.services.access.credential_parts import SessionRow
from app.services.tokens import signing_keys
from app.services.tokens.oauth_sessions import TokenPair
from app.services.tokens.session_text import compute_sid


class IDTokenDraft(OpenIDCode):  # type: ignore[misc]
    """An ID token before it is signed: with our one active key (pitfall D4), a plain ``aud``, a true
    ``auth_time``.

    Whatever can fail is done when it is made, so that nothing can after a commit; Authlib's hook would do all
    of it then. ``context`` is the login of the approval (Core 12.2: of the original authentication), and
    ``nonce`` the authorization request's: a refresh has none.
    """

    def __init__(
        self,
        row: CodeRow | SessionRow,
        scopes: Collection[str],
        rights: Rights,
        context: LoginContext | None,
        nonce: str | None = None,
    ) -> None:
        super().__init__(require_nonce=False)
        self._about_user = build_claims(row, scopes, rights)
        self._context, self._nonce = context, nonce
        self._sid = compute_sid(row.login.id, row.client.id) if row.login is not None else None
        self._signer = signing_keys.load_signer(row.active_kid, row.client.id_token_signed_response_alg)

    def sign(self, request: ArgusRequest, pair: TokenPair) -> str:
        """Sign it for these tokens."""
        token = {"access_token": pair.access, "scope": " ".join(pair.scopes)}
        return str(self.encode_id_token(token, request))

    def exists_nonce(self, nonce: str, request: object) -> bool:  # noqa: ARG002
        """Always false: a reloaded authorize page repeats its nonce (pitfall 16)."""
        return False

    def get_client_algorithm(self, client: object) -> str:  # noqa: ARG002
        return self._signer.algorithm

    def get_encode_header(self, client: object) -> dict[str, Any]:  # noqa: ARG002
        return {"alg": self._signer.algorithm, "kid": self._signer.kid, "typ": "JWT"}

    def resolve_client_private_key(self, client: object) -> Any:  # noqa: ARG002
        return self._signer.key

    def get_authorization_code_claims(self, authorization_code: object) -> dict[str, Any]:  # noqa: ARG002
        """Nothing: a refresh has no code, and ``get_compatible_claims`` says the same for both."""
        return {}

    def get_compatible_claims(self, request: ArgusRequest) -> dict[str, Any]:
        """Exactly ours: Authlib's would call now the ``auth_time`` where none is known."""
        client, now = request.client, int(clock.now().timestamp())
        claims = {
            "iss": settings().base_url,
            "aud": client.get_client_id(),
            "azp": client.get_client_id(),
            "iat": now,
            "exp": now + settings().access_token_seconds,
        }
        if self._sid is not None:
            claims["sid"] = self._sid
        if self._nonce is not None:
            claims["nonce"] = self._nonce
        return claims | (self._context.build_claims() if self._context is not None else {})

    def generate_user_info(self, user: object, scope: str) -> dict[str, Any]:  # noqa: ARG002
        return {
            name: value
            for name, value in self._about_user.items()
            if name not in PROTOCOL_CLAIMS or name == "sub"
        }


def draft_id_token(
    row: CodeRow | SessionRow,
    scopes: Collection[str],
    rights: Rights,
    context: LoginContext | None,
    nonce: str | None = None,
) -> IDTokenDraft | None:
    """Draft the ID token of an answer with these scopes; ``None`` if ``openid`` is not one of them."""
    return IDTokenDraft(row, scopes, rights, context, nonce) if "openid" in scopes else None
