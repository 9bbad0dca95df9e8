"""Authlib's reading of OpenID Connect RP-Initiated Logout 1.0. What becomes of it: ``logout_requests``."""

from __future__ import annotations

from typing import Any

from authlib.oidc.rpinitiated import EndSessionEndpoint

from app.models.clients import OAuthClient
from app.oauth.hints import claims_of


class ArgusEndSessionEndpoint(EndSessionEndpoint):  # type: ignore[misc]
    """Only our own ID tokens, by our own reading of them; only URIs registered byte by byte."""

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any]:
        return claims_of(id_token_hint)

    def _is_valid_post_logout_redirect_uri(self, client: OAuthClient, post_logout_redirect_uri: str) -> bool:
        return post_logout_redirect_uri in client.post_logout_redirect_uris
