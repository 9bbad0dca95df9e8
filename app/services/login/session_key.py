"""The ``sessionKey`` of a login: a browser's script signs its calls with it (contract 1.8)."""

from __future__ import annotations

import base64
import hmac

from app.services.problems import BadCsrf
from app.services.tokens.keyring import keyring
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import read_token


def derive_session_key(session_token: str) -> str:
    """Derive the key, in base64, from the login token, so that nothing is stored. Raises ``BadCsrf``."""
    token = read_token(session_token, Kind.LOGIN)
    key = keyring().derive("csrf", token.key_id) if token is not None else None
    if token is None or key is None:
        raise BadCsrf
    return base64.b64encode(hmac.digest(key, b"csrf" + token.text.encode(), "sha256")).decode("ascii")
