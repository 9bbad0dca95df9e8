"""What ``passkeys.js`` sent back."""

from __future__ import annotations

from app.schemas.requests.webauthn import PasskeyLogin
from app.schemas.requests.webauthn import decoded
from app.services.login.passkey_assertions import Assertion
from app.web.entries import read


def signed() -> tuple[Assertion, bytes | None]:
    """What this request's form says a passkey signed, and whom the passkey names. Raises ``Invalid``."""
    sent = read(PasskeyLogin)
    return sent.assertion, decoded(sent.user_handle) if sent.user_handle is not None else None
