"""Refusals of the protocol's endpoints before any decision, each with a number and an audit row."""

from __future__ import annotations

from typing import NoReturn

from app.oauth.errors import ArgusOAuthError
from app.oauth.requests import ArgusRequest
from app.services.access import gate
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.unit_of_work import run_in_transaction


def refuse(
    request: ArgusRequest,
    action: str,
    error: str,
    text: str | None = None,
    *,
    reason: str | None = None,
    status: int = 400,
) -> NoReturn:
    """Record what is wrong with a request of this client, and answer it. ``reason`` is for the audit row
    alone; else that has the error. Raises ``ArgusOAuthError``.
    """
    number = run_in_transaction(
        lambda: trail.record(
            action,
            Actor(contact=request.contact),
            outcome="refused",
            number=gate.make_decision_number(),
            client_id=request.client.id if request.client is not None else None,
            reasons=[reason or error],
            detail={"text": text} if text is not None else {},
            counted=True,
        )
    )
    raise ArgusOAuthError(error, text, status=status, decision=number or "")
