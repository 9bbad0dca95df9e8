"""A signed answer to an introspection (RFC 9701), for who must show later what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc import jwt

from app import clock
from app.runtime import settings
from app.services.access.credential_parts import ClientPart
from app.services.tokens import signing_keys

MEDIA_TYPE = "application/token-introspection+jwt"
TYPE = "token-introspection+jwt"


def sign_answer(answer: Mapping[str, Any], asker: ClientPart) -> str:
    """Sign an answer for the client that asked (RFC 9701 5), by the algorithm of its ID tokens."""
    algorithm = asker.id_token_signed_response_alg
    signer = signing_keys.load_signer(signing_keys.find_active_kid(algorithm), algorithm)
    claims = {
        "iss": settings().base_url,
        "aud": asker.id,
        "iat": int(clock.now().timestamp()),
        "token_introspection": dict(answer),
    }
    header = {"alg": signer.algorithm, "kid": signer.kid, "typ": TYPE}
    return str(jwt.encode(header, claims, signer.key, [signer.algorithm]))
