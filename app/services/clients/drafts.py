"""A client as it would be after a change: fully judged, not stored. Registering and forecasting start here.

Nothing here writes. The live check of the form runs the same checks as saving.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.clients import OAuthClient
from app.models.directory import Customer
from app.policy import names
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.clients import secrets
from app.services.clients.changes import ClientChange
from app.services.clients.changes import apply
from app.services.clients.changes import report_missing
from app.services.clients.fields import GIVEN_ONCE
from app.services.clients.fields import REQUIRED
from app.services.clients.fields import build_default_columns
from app.services.problems import FieldProblem
from app.services.problems import Invalid


@dataclass(frozen=True, slots=True)
class ClientDraft:
    """A new client, all its problems, and the customer for which the caller must be able to add it."""

    client: OAuthClient
    at: int
    problems: tuple[FieldProblem, ...]


def draft(change: ClientChange, caller: Caller) -> ClientDraft:
    """Build the client that this change would register.
    Whether the caller may register it is checked elsewhere.
    """
    problems = [report_missing(field.wire) for field in REQUIRED if field.name not in change.sent]
    domain = directory.find_named_domain(change.sent.get("domain"), caller.domain_id, problems)
    domain_id = domain.id if domain is not None else caller.domain_id
    customer = _find_customer(change.sent.get("customer"), domain_id, caller, problems)
    at = customer.id if customer is not None else directory.get_root_customer(domain_id).id
    now = clock.now()
    client = OAuthClient(
        id=str(uuid.uuid4()),
        domain_id=domain_id,
        customer_id=customer.id if customer is not None else None,
        created_at=now,
        created_by_id=caller.actor.id,
        updated_at=now,
        updated_by_id=caller.actor.id,
        **build_default_columns(),
    )
    _judge(client, change, caller, at, problems, new=True)
    return ClientDraft(client, at, tuple(problems))


def apply_change(client: OAuthClient, change: ClientChange, caller: Caller, at: int) -> None:
    """Apply the sent values to a client, or to a copy. Raises ``Invalid`` naming every wrong field."""
    problems = [
        FieldProblem(field.wire, "This field cannot be changed.", "NOT_ALLOWED")
        for field in GIVEN_ONCE
        if field.name in change.sent
    ]
    _judge(client, change, caller, at, problems, new=False)
    if problems:
        raise Invalid(*problems)


def _judge(
    client: OAuthClient,
    change: ClientChange,
    caller: Caller,
    at: int,
    problems: list[FieldProblem],
    *,
    new: bool,
) -> None:
    with db.session.no_autoflush:
        apply(client, change, caller, at, problems, new=new)
        problems += secrets.judge_overlap(client, change)
        if _is_short_name_taken(client):
            problems.append(FieldProblem("shortName", "This short name is taken. Choose another.", "TAKEN"))


def _find_customer(
    text: str | None, domain_id: int, caller: Caller, problems: list[FieldProblem]
) -> Customer | None:
    if text is None:
        return None
    customer = directory.find_customer(text, domain_id)
    if customer is None or not caller.rights.allows_anything(customer.id):
        problems.append(FieldProblem("customer", "There is no such customer in this domain.", "UNKNOWN"))
        return None
    return customer


def _is_short_name_taken(client: OAuthClient) -> bool:
    if not client.short_name:  # missing, and reported as such
        return False
    taken = select(OAuthClient.id).where(
        OAuthClient.domain_id == client.domain_id,
        OAuthClient.short_name_key.in_((client.short_name_key, names.EXACT + client.short_name)),
        OAuthClient.deleted_at.is_(None),
        OAuthClient.id != client.id,
    )
    return db.session.execute(taken).first() is not None
