"""The ID token (OIDC Core 2, 3.1.3.6)."""

from __future__ import annotations

from typing import Any

from authlib.oidc.core.grants import OpenIDCode

from app import clock
from app.oauth.claims import build_claims
from app.oauth.requests import ArgusRequest
from app.policy.claims import PROTOCOL_CLAIMS
from app.policy.rights import Rights
from app.runtime import settings
from app.services.access.credential_parts import CodeRow
from app.services.tokens import signing_keys
from app.services.tokens.oauth_sessions import TokenPair


def sign_id_token(request: ArgusRequest, row: CodeRow, pair: TokenPair, rights: Rights) -> str:
    """Sign the ID token of a code's redemption (OIDC Core 2, 3.1.3.6).

    It is signed before the code is claimed, so that nothing can fail after the commit. Authlib's hook would
    sign after it.
    """
    token = {"access_token": pair.access, "scope": " ".join(pair.scopes)}
    return str(_IDToken(row, pair, rights).encode_id_token(token, request))


class _IDToken(OpenIDCode):  # type: ignore[misc]
    """Builds one ID token: with our one active key (pitfall D4), a plain ``aud``, a true ``auth_time``."""

    def __init__(self, row: CodeRow, pair: TokenPair, rights: Rights) -> None:
        super().__init__(require_nonce=False)
        self._row, self._pair, self._rights = row, pair, rights
        self._signer = signing_keys.load_signer(row.active_kid)

    def exists_nonce(self, nonce: str, request: object) -> bool:  # noqa: ARG002
        """Always false: a reloaded authorize page repeats its nonce (pitfall 16)."""
        return False

    def get_client_algorithm(self, client: object) -> str:  # noqa: ARG002
        return signing_keys.ALGORITHM

    def get_encode_header(self, client: object) -> dict[str, Any]:  # noqa: ARG002
        return {"alg": signing_keys.ALGORITHM, "kid": self._signer.kid, "typ": "JWT"}

    def resolve_client_private_key(self, client: object) -> Any:  # noqa: ARG002
        return self._signer.key

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        now = int(clock.now().timestamp())
        return {
            "iss": settings().base_url,
            "aud": client.get_client_id(),
            "iat": now,
            "exp": now + settings().access_token_seconds,
        }

    def generate_user_info(self, user: object, scope: str) -> dict[str, Any]:  # noqa: ARG002
        claims = build_claims(self._row, self._pair.scopes, self._rights)
        return {name: value for name, value in claims.items() if name not in PROTOCOL_CLAIMS or name == "sub"}
