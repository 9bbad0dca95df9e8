"""Passkeys (contract 3.8). Binary fields are standard base64; key ids base64url, as browsers write them."""

from __future__ import annotations

import base64
from typing import Literal

from app.models.directory import User
from app.models.webauthn import WebAuthnCredential
from app.schemas.wire import Shape
from app.schemas.wire import to_millis
from app.services.login import passkey_assertions
from app.services.login import passkey_ceremonies
from app.services.login import passkey_challenges
from app.services.login import passkey_rows
from app.services.login.passkey_challenges import PasskeyChallenge

TIMEOUT = int(passkey_challenges.LIFETIME.total_seconds() * 1000)


class PasskeyChallengeShape(Shape):
    """Challenge: what to sign, with which keys, within how many milliseconds."""

    challenge: str
    challenge_id: str
    permitted_web_authn_key_ids: list[str]
    timeout: int


class SelectionShape(Shape):
    authenticator_attachment: Literal["platform", "cross-platform"] | None
    user_verification: Literal["required"]


class ParameterShape(Shape):
    alg: int
    type: Literal["public-key"]


class RelyingPartyShape(Shape):
    id: str
    name: str


class PersonShape(Shape):
    id: str
    name: str
    display_name: str


class EnrolOptionsShape(Shape):
    """EnrolOptions: what ``navigator.credentials.create`` takes."""

    challenge: str
    challenge_id: str
    timeout: int
    attestation: Literal["indirect"]
    authenticator_selection: SelectionShape
    pub_key_cred_params: list[ParameterShape]
    rp: RelyingPartyShape
    user: PersonShape


class KeyNumberShape(Shape):
    key_id: int


class RevokedShape(KeyNumberShape):
    type: Literal["webauthn"]
    description: str


class PasskeyShape(RevokedShape):
    """One passkey."""

    created_timestamp: int
    last_used_timestamp: int
    last_used_source_ip: str | None


class AdminPasskeyShape(PasskeyShape):
    """As an administrator sees it."""

    valid_sources: list[str]
    valid_until: int


class PasskeysShape(Shape):
    keys: list[PasskeyShape]


class AdminPasskeysShape(Shape):
    keys: list[AdminPasskeyShape]


def build_challenge_shape(offer: PasskeyChallenge) -> PasskeyChallengeShape:
    """Build a challenge to sign."""
    return PasskeyChallengeShape(
        challenge=_encode_base64(offer.challenge),
        challenge_id=offer.id,
        permitted_web_authn_key_ids=[
            base64.urlsafe_b64encode(one).decode("ascii").rstrip("=") for one in offer.key_ids
        ],
        timeout=TIMEOUT,
    )


def build_enrol_options_shape(offer: PasskeyChallenge, user: User) -> EnrolOptionsShape:
    """Build the options for a new passkey."""
    return EnrolOptionsShape(
        challenge=_encode_base64(offer.challenge),
        challenge_id=offer.id,
        timeout=TIMEOUT,
        attestation="indirect",
        authenticator_selection=SelectionShape(authenticator_attachment=None, user_verification="required"),
        pub_key_cred_params=[
            ParameterShape(alg=one, type="public-key") for one in passkey_ceremonies.ALGORITHMS
        ],
        rp=RelyingPartyShape(id=passkey_assertions.get_rp_id(), name="Argus"),
        user=PersonShape(
            id=_encode_base64(passkey_rows.compute_handle(user.id)),
            name=user.short_name,
            display_name=user.name,
        ),
    )


def build_revoked_shape(key: WebAuthnCredential) -> RevokedShape:
    """Build the shape of a removed passkey."""
    return RevokedShape(key_id=key.id, type="webauthn", description=key.description)


def build_passkey_shape(key: WebAuthnCredential) -> PasskeyShape:
    """Build the shape of one of the caller's own passkeys."""
    return PasskeyShape(
        key_id=key.id,
        type="webauthn",
        description=key.description,
        created_timestamp=to_millis(key.created_at),
        last_used_timestamp=to_millis(key.last_used_at),
        last_used_source_ip=key.last_used_ip,
    )


def build_admin_passkey_shape(key: WebAuthnCredential) -> AdminPasskeyShape:
    """Build the shape of another user's passkey."""
    own = build_passkey_shape(key)
    return AdminPasskeyShape(
        **{name: getattr(own, name) for name in PasskeyShape.model_fields},
        valid_sources=list(key.valid_sources),
        valid_until=to_millis(key.expires_at),
    )


def _encode_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
