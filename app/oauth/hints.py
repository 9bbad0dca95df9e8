"""``id_token_hint``: an ID token of ours that an application sends back (OIDC Core 3.1.2.1,
RP-Initiated Logout).
"""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.oauth.errors import ArgusOAuthError
from app.runtime import settings
from app.services.tokens import signing_keys

MOST_CHARACTERS = 4096
NOT_OURS = "The id_token_hint is not one of ours."


def decode_hint(hint: str) -> dict[str, Any]:
    """Decode an ID token that we signed; an expired one is accepted. Raises ``ArgusOAuthError``."""
    if len(hint) > MOST_CHARACTERS:
        raise ArgusOAuthError("invalid_request", NOT_OURS)
    try:
        known = KeySet.import_key_set({"keys": signing_keys.list_public_jwks()})
        claims = jwt.decode(hint, known, algorithms=[signing_keys.ALGORITHM]).claims
    except (JoseError, TypeError, ValueError):  # TypeError: the header has another shape than joserfc expects
        raise ArgusOAuthError("invalid_request", NOT_OURS) from None
    if claims.get("iss") != settings().base_url or not isinstance(claims.get("sub"), str):
        raise ArgusOAuthError("invalid_request", NOT_OURS)
    return dict(claims)
