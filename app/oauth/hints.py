"""``id_token_hint``: an ID token of ours that an application sends back (OIDC Core 3.1.2.1,
RP-Initiated Logout).
"""

from __future__ import annotations

import base64
import json
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.oauth.errors import ArgusOAuthError
from app.runtime import settings
from app.services.tokens import signing_keys

# An ID token with a hundred groups of long names; it fits into a request line, and into a posted form.
MOST_CHARACTERS = 12_000
NOT_OURS = "The id_token_hint is not one of ours."


class UnknownKeyError(ArgusOAuthError):
    """The token may have been ours: the key that signed it is gone, so nobody can tell."""


def decode_hint(hint: str) -> dict[str, Any]:
    """Decode an ID token that we signed; an expired one is accepted. Raises ``ArgusOAuthError``, for a key
    that is not known ``UnknownKeyError``.
    """
    if len(hint) > MOST_CHARACTERS:
        raise ArgusOAuthError("invalid_request", NOT_OURS)
    known = signing_keys.list_public_jwks()
    try:
        keys = KeySet.import_key_set({"keys": known})
        claims = jwt.decode(hint, keys, algorithms=list(signing_keys.ALGORITHMS)).claims
    except (JoseError, TypeError, ValueError):  # TypeError: the header has another shape than joserfc expects
        kind = UnknownKeyError if _names_unknown_key(hint, known) else ArgusOAuthError
        raise kind("invalid_request", NOT_OURS) from None
    if claims.get("iss") != settings().base_url or not isinstance(claims.get("sub"), str):
        raise ArgusOAuthError("invalid_request", NOT_OURS)
    return dict(claims)


def _names_unknown_key(hint: str, known: list[dict[str, Any]]) -> bool:
    """Tell whether this is a token of three parts whose header names a key, and none of ours."""
    head, *others = hint.split(".")
    try:
        kid = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return False
    return len(others) == 2 and isinstance(kid, str) and kid not in {one["kid"] for one in known}
