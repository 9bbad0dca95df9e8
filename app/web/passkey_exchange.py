"""The options that ``passkeys.js`` passes to the browser (WebAuthn 5.4 and 5.5),
and the answers it sends back.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from app.models.directory import User
from app.schemas.requests.webauthn import PasskeyLogin
from app.schemas.requests.webauthn import decode_binary
from app.services.login import passkey_assertions
from app.services.login import passkey_ceremonies
from app.services.login import passkey_challenges
from app.services.login import passkey_rows
from app.services.login.passkey_assertions import Assertion
from app.services.login.passkey_challenges import PasskeyChallenge
from app.web import theme
from app.web.form_values import parse_form

TIMEOUT = int(passkey_challenges.LIFETIME.total_seconds() * 1000)


def build_create_options(offer: PasskeyChallenge, user: User) -> dict[str, Any]:
    """Build the options for a new passkey: discoverable without a user name, and not one already enrolled."""
    return {
        "challengeID": offer.id,
        "challenge": _encode_text(offer.challenge),
        "timeout": TIMEOUT,
        "attestation": "none",
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in passkey_ceremonies.ALGORITHMS],
        "excludeCredentials": _describe_keys(
            key.credential_id for key in passkey_rows.list_passkeys(user.id)
        ),
        "rp": {"id": passkey_assertions.get_rp_id(), "name": theme.current_theme().name},
        "user": {
            "id": _encode_text(passkey_rows.compute_handle(user.id)),
            "name": user.short_name,
            "displayName": user.name,
        },
    }


def build_get_options(offer: PasskeyChallenge) -> dict[str, Any]:
    """Build the options to use a passkey: one of those offered, or any if none is."""
    return {
        "challengeID": offer.id,
        "challenge": _encode_text(offer.challenge),
        "timeout": TIMEOUT,
        "rpId": passkey_assertions.get_rp_id(),
        "userVerification": "required",
        "allowCredentials": _describe_keys(offer.key_ids),
    }


def read_signed() -> tuple[Assertion, bytes | None]:
    """Read the passkey's signature and its user handle from this request's form. Raises ``Invalid``."""
    sent = parse_form(PasskeyLogin)
    return sent.assertion, decode_binary(sent.user_handle) if sent.user_handle is not None else None


def _describe_keys(ids: Iterable[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": _encode_text(one)} for one in ids]


def _encode_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
