"""Verify a passkey's signature. The caller says which challenge had to be signed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.webauthn import WebAuthnCredential
from app.policy import network
from app.runtime import settings
from app.services.contact import Contact
from app.services.login import passkey_rows
from app.services.unit_of_work import run_in_transaction


@dataclass(frozen=True, slots=True)
class Assertion:
    """The signed answer of an authenticator."""

    challenge_id: str
    key_id: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


def get_rp_id() -> str:
    """Return the relying party id of passkeys: the host name of this server."""
    return urlsplit(settings().base_url).hostname or ""


def are_passkeys_supported() -> bool:
    """Tell whether browsers support passkeys here:
    for a host name, never for an IP address (WebAuthn 5.1.2).
    """
    try:
        ipaddress.ip_address(get_rp_id())
    except ValueError:
        return True
    return False


def find_assertion_fault(
    assertion: Assertion, challenge: bytes, user_id: int, contact: Contact
) -> str | None:
    """Return why an assertion over this challenge is invalid, for the audit row; ``None`` if it is valid.

    A valid use is recorded, in its own unit of work.
    """
    key = next(
        (one for one in passkey_rows.list_passkeys(user_id) if one.credential_id == assertion.key_id), None
    )
    if key is None:
        return "webauthn_unknown_key"
    if not network.is_in_ranges(contact.address, key.valid_sources):
        return "webauthn_source"
    count = _verify_count(assertion, challenge, key.public_key)
    if count is None:
        return "webauthn_signature"
    if (count or key.sign_count) and count <= key.sign_count:
        return "webauthn_counter"
    key_id, before, now = key.id, key.sign_count, clock.now()
    noted = run_in_transaction(
        lambda: db.session.execute(
            update(WebAuthnCredential)
            .where(
                WebAuthnCredential.id == key_id,
                WebAuthnCredential.revoked_at.is_(None),
                WebAuthnCredential.sign_count == before,
            )
            .values(sign_count=count, last_used_at=now, last_used_ip=contact.address)
        )
    )
    return None if noted.rowcount else "webauthn_counter"  # type: ignore[attr-defined]


def _verify_count(assertion: Assertion, challenge: bytes, public_key: bytes) -> int | None:
    """Verify the signature and return the authenticator's counter; the counter itself is not judged."""
    # Imported here: a twentieth of a start, for what few requests need.
    import webauthn
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.structs import AuthenticationCredential
    from webauthn.helpers.structs import AuthenticatorAssertionResponse

    try:
        verified = webauthn.verify_authentication_response(
            credential=AuthenticationCredential(
                id=bytes_to_base64url(assertion.key_id),
                raw_id=assertion.key_id,
                response=AuthenticatorAssertionResponse(
                    client_data_json=assertion.client_data,
                    authenticator_data=assertion.authenticator_data,
                    signature=assertion.signature,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=get_rp_id(),
            expected_origin=settings().base_url,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # the parsers of hostile bytes raise whatever they please
        return None
    return verified.new_sign_count
