"""The options that ``passkeys.js`` passes to the browser (WebAuthn 5.4 and 5.5),
and the answers it sends back.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from app.models.directory import User
from app.schemas.requests.webauthn import PasskeyLogin
from app.schemas.requests.webauthn import decoded
from app.services.login import passkey_assertions
from app.services.login import passkey_ceremonies
from app.services.login import passkey_rows
from app.services.login.passkey_assertions import Assertion
from app.services.login.passkey_ceremonies import Offer
from app.web import theme
from app.web.entries import read

TIMEOUT = int(passkey_ceremonies.LIFETIME.total_seconds() * 1000)


def to_create(offer: Offer, user: User) -> dict[str, Any]:
    """Build the options for a new passkey: discoverable without a user name, and not one already enrolled."""
    return {
        "challengeID": offer.id,
        "challenge": _text(offer.challenge),
        "timeout": TIMEOUT,
        "attestation": "none",
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "pubKeyCredParams": [
            {"type": "public-key", "alg": int(one)} for one in passkey_ceremonies.ALGORITHMS
        ],
        "excludeCredentials": _keys(key.credential_id for key in passkey_rows.living(user.id)),
        "rp": {"id": passkey_assertions.rp_id(), "name": theme.current().name},
        "user": {
            "id": _text(passkey_rows.handle_of(user.id)),
            "name": user.short_name,
            "displayName": user.name,
        },
    }


def to_get(offer: Offer) -> dict[str, Any]:
    """Build the options to use a passkey: one of those offered, or any if none is."""
    return {
        "challengeID": offer.id,
        "challenge": _text(offer.challenge),
        "timeout": TIMEOUT,
        "rpId": passkey_assertions.rp_id(),
        "userVerification": "required",
        "allowCredentials": _keys(offer.key_ids),
    }


def signed() -> tuple[Assertion, bytes | None]:
    """Read the passkey's signature and its user handle from this request's form. Raises ``Invalid``."""
    sent = read(PasskeyLogin)
    return sent.assertion, decoded(sent.user_handle) if sent.user_handle is not None else None


def _keys(ids: Iterable[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": _text(one)} for one in ids]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
