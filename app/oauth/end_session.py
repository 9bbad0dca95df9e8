"""Authlib's parser for OpenID Connect RP-Initiated Logout 1.0. ``logout_requests`` decides what happens."""

from __future__ import annotations

from typing import Any

from authlib.oidc.rpinitiated import EndSessionEndpoint

from app.oauth.hints import decode_hint
from app.policy import redirects
from app.services.access.credential_parts import ClientPart


class ArgusEndSessionEndpoint(EndSessionEndpoint):  # type: ignore[misc]
    """Accepts only our own ID tokens, decoded by our own code, and only registered URIs."""

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any]:
        return decode_hint(id_token_hint)

    def _is_valid_post_logout_redirect_uri(self, client: ClientPart, post_logout_redirect_uri: str) -> bool:
        registered = client.post_logout_redirect_uris
        return redirects.matches(post_logout_redirect_uri, registered, public_client=client.is_public)
