"""The secrets of a client: the present one, and during a rotation the one before, until its end date.

Without an end date the old secret ends at once. An end date only comes nearer; a new secret sets the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from app import clock
from app.models.clients import OAuthClient
from app.services.clients.changes import ClientChange
from app.services.login.passwords import passwords
from app.services.problems import FieldProblem
from app.services.tokens.token_text import compute_digest

# Long enough for whoever has to ask another department; nobody keeps two secrets for ever.
MOST_OVERLAP = timedelta(days=30)
FIELD = "previousSecretUntil"


def judge_overlap(client: OAuthClient, change: ClientChange) -> Sequence[FieldProblem]:
    """Judge until when the old secret is to go on."""
    until, now = change.previous_until, clock.now()
    if until is None or until <= now:
        return ()
    if change.has_secret:
        if until <= now + MOST_OVERLAP:
            return ()
        return [FieldProblem(FIELD, "The old secret goes on for 30 days at most.", "INVALID")]
    if client.previous_secret_until is None or until > client.previous_secret_until:
        return [FieldProblem(FIELD, "Only a new secret gives the old one more time.", "NOT_ALLOWED")]
    return ()


def keep_secret(client: OAuthClient, change: ClientChange) -> None:
    """Store what verifies a new secret: a slow hash of a chosen one, a digest of one that we made. The old
    one goes on until the end date of the change, and without one not at all.
    """
    until = change.previous_until
    goes_on = until is not None and until > clock.now()
    if change.has_secret:
        _keep_previous(client, goes_on=goes_on)
        client.previous_secret_until = until if goes_on and _has_previous(client) else None
        if change.client_secret is not None:
            client.secret_hash, client.secret_digest = passwords().hash(change.client_secret), None
        elif change.made_secret is not None:
            client.secret_hash, client.secret_digest = None, compute_digest(change.made_secret)
    elif until is not None and _has_previous(client):
        client.previous_secret_until = until
        if not goes_on:
            forget_previous(client)


def forget_previous(client: OAuthClient) -> None:
    """End the old secret."""
    client.previous_secret_hash = client.previous_secret_digest = client.previous_secret_until = None


def _keep_previous(client: OAuthClient, *, goes_on: bool) -> None:
    held = (client.secret_hash, client.secret_digest) if goes_on else (None, None)
    client.previous_secret_hash, client.previous_secret_digest = held


def _has_previous(client: OAuthClient) -> bool:
    return client.previous_secret_hash is not None or client.previous_secret_digest is not None
