"""Enrolment of a passkey (WebAuthn): judged by its authenticator's data, added after proof of presence."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app import clock
from app.extensions import db
from app.models.webauthn import WebAuthnCredential
from app.policy import network
from app.runtime import settings
from app.services.access import gate
from app.services.access.apikeys import ANYWHERE
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.login import passkey_assertions
from app.services.login import passkey_ceremonies
from app.services.login import passkey_rows
from app.services.login import stepup_tokens
from app.services.login.login_sessions import SIGNATURE
from app.services.login.stepup_operations import ENROL_PASSKEY
from app.services.login.stepup_operations import Evidence
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.unit_of_work import run_in_transaction

MOST_KEYS = 20
DEFAULT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Attestation:
    """The authenticator's data of a new passkey, and its owner; ``sources`` of ``None`` means anywhere."""

    challenge_id: str
    key_id: bytes
    attestation_object: bytes
    client_data: bytes
    days: int = DEFAULT_DAYS
    sources: Sequence[str] | None = None
    description: str = "Passkey"


def prepare_enrolment(
    caller: Caller, authorization: str, asked: Attestation
) -> Callable[[Caller], WebAuthnCredential]:
    """Judge a new passkey; returns the work that adds it, in the unit that uses up the authorization.

    Raises ``Invalid``. Opens its own units of work: a challenge is spent by trying, an authorization only by
    succeeding.
    """
    sources = _sources(asked.sources)
    proof = Evidence(ENROL_PASSKEY, authorization=authorization)
    stepup_tokens.require_spendable_now(proof, caller.user_id, caller.login_id, caller.actor)
    challenge = passkey_ceremonies.claim(asked.challenge_id, "enrol", caller.user_id, caller.login_id)
    if challenge is None:
        _refused(caller, "webauthn_challenge")
        raise Invalid(
            FieldProblem("challengeID", "This challenge is not valid, or no longer valid.", "UNKNOWN")
        )
    verified = _registered(asked, challenge)
    if verified is None or verified[0] != asked.key_id:
        _refused(caller, "webauthn_attestation")
        raise Invalid(FieldProblem("attestationObject", "This does not prove a new passkey.", "INVALID"))
    _, public_key, count = verified

    def work(now: Caller) -> WebAuthnCredential:
        if len(passkey_rows.list_passkeys(now.user_id)) >= MOST_KEYS:
            raise Invalid(FieldProblem("webAuthnKeyID", "Remove a passkey first.", "TOO_MANY"))
        if passkey_rows.is_known(asked.key_id):
            raise Invalid(FieldProblem("webAuthnKeyID", "This passkey is enrolled already.", "TAKEN"))
        moment = clock.now()
        key = WebAuthnCredential(
            user_id=now.user_id,
            credential_id=asked.key_id,
            public_key=public_key,
            sign_count=count,
            description=asked.description,
            valid_sources=list(sources),
            created_at=moment,
            expires_at=moment + timedelta(days=asked.days),
        )
        db.session.add(key)
        db.session.flush()
        trail.record("webauthn-enrol", now.actor, detail={"key": key.id, "method": SIGNATURE.method})
        return key

    return work


def _registered(asked: Attestation, challenge: bytes) -> tuple[bytes, bytes, int] | None:
    """Verify that a passkey was made for this challenge; returns id, public key and counter."""
    # Imported here: a twentieth of a start, for what few requests need.
    import webauthn
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.structs import AuthenticatorAttestationResponse
    from webauthn.helpers.structs import RegistrationCredential

    try:
        verified = webauthn.verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(asked.key_id),
                raw_id=asked.key_id,
                response=AuthenticatorAttestationResponse(
                    client_data_json=asked.client_data, attestation_object=asked.attestation_object
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=passkey_assertions.get_rp_id(),
            expected_origin=settings().base_url,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in passkey_ceremonies.ALGORITHMS],
        )
    except Exception:  # the parsers of hostile bytes raise whatever they please
        return None
    return verified.credential_id, verified.credential_public_key, verified.sign_count


def _sources(asked: Sequence[str] | None) -> Sequence[str]:
    if asked is None:
        return ANYWHERE
    wrong = network.list_range_problems(list(asked))
    if wrong:
        raise Invalid(
            *(
                FieldProblem("validSources" if i < 0 else f"validSources[{i}]", p.problem, "INVALID_RANGE")
                for i, p in wrong
            )
        )
    return network.parse_ranges(list(asked))


def _refused(caller: Caller, why: str) -> None:
    run_in_transaction(
        lambda: trail.record(
            "webauthn-enrol",
            caller.actor,
            outcome="refused",
            reasons=[why],
            number=gate.make_decision_number(),
        )
    )
