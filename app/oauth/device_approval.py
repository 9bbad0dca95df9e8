"""Somebody answers a device's request (RFC 8628 3.3): the same decision and consent as at authorize."""

from __future__ import annotations

from dataclasses import dataclass

from app.models.devices import DeviceRequest
from app.oauth.approval import ConsentOutgrown
from app.oauth.approval import Judged
from app.oauth.approval import StaleTransaction
from app.oauth.approval import judge_request
from app.oauth.approval import was_shown
from app.services.access import client_rows
from app.services.access import consents
from app.services.access import reloading
from app.services.access.callers import Caller
from app.services.access.credential_parts import ClientPart
from app.services.audit import trail
from app.services.problems import Refused
from app.services.tokens import codes
from app.services.tokens import devices
from app.services.tokens import waiting_requests
from app.services.tokens.codes import Approval
from app.services.unit_of_work import run_in_transaction


@dataclass(frozen=True, slots=True)
class AskedDevice:
    """What a device asks for, of which application."""

    id: bytes
    client: ClientPart
    scopes: tuple[str, ...]


def describe(row: DeviceRequest | None) -> AskedDevice | None:
    """Return what a stored request asks for today; ``None`` if its application may not ask any more."""
    client = client_rows.find_requesting_client(row.client_id) if row is not None else None
    if row is None or client is None or not client.allow_device_grant:
        return None
    scope = client.get_allowed_scope(" ".join(row.scopes))
    return AskedDevice(row.id, client, tuple(scope.split())) if scope is not None else None


def approve(device: AskedDevice, caller: Caller, transaction: str) -> None:
    """Approve what the page of ``transaction`` showed: consent, code and audit row in one unit of work.

    Raises ``Refused``, ``Denied``, ``StaleTransaction``, and ``ConsentOutgrown``: then ask again.
    """

    def work() -> Judged | None:
        now = reloading.reload_caller(caller)
        asked = describe(devices.find_open(device.id))
        if asked is None or not now.is_interactive:
            raise StaleTransaction
        found = judge_request(asked, now)
        if not found.decision:
            return found
        permission_scope = waiting_requests.answer_request(transaction, now.login_id)
        if permission_scope is None:
            raise StaleTransaction
        if not was_shown(found.question, permission_scope, device.scopes):
            raise ConsentOutgrown
        consent_id = consents.record_consent(found.consent, now.user_id, asked.client, asked.scopes)
        code_id = codes.store_code(_describe_approval(asked, now, consent_id), life=devices.LIFE).session_id
        if not devices.answer(asked.id, code_id):
            raise StaleTransaction
        trail.record(
            "authorize",
            now.actor,
            decision=found.decision,
            client_id=asked.client.id,
            detail={"device": True},
        )
        return None

    refused = run_in_transaction(work)
    if refused is not None:
        raise Refused(trail.record_refusal("authorize", caller.actor, refused.decision, refused.question))


def deny(device: AskedDevice, caller: Caller, transaction: str) -> None:
    """Record that the user said no. Raises ``StaleTransaction``."""

    def work() -> None:
        answered = waiting_requests.answer_request(transaction, caller.login_id) is not None
        if not (answered and devices.answer(device.id, None)):
            raise StaleTransaction
        trail.record(
            "authorize",
            caller.actor,
            outcome="denied",
            client_id=device.client.id,
            detail={"device": True},
        )

    run_in_transaction(work)


def _describe_approval(asked: AskedDevice, caller: Caller, consent_id: str) -> Approval:
    return Approval(
        client_id=asked.client.id,
        user_id=caller.user_id,
        login_session_id=caller.login_id,
        grant_id=consent_id,
        # No browser comes back: the device asks at the token endpoint.
        redirect_uri="",
        redirect_uri_given=False,
        scopes=asked.scopes,
        nonce=None,
        code_challenge=None,
        dpop_jkt=None,
        context=caller.login.context,
    )
