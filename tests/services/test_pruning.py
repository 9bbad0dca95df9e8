"""``prune`` beside a working server: short units of work along the primary key, each of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from app import clock as app_clock
from app.extensions import db
from app.models.clients import OAuthClient
from app.models.devices import DeviceRequest
from app.models.directory import User
from app.models.sessions import AuthorizationCode
from app.models.sessions import AuthorizeTransaction
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.models.single_use import UsedOnce
from app.models.stepup import StepUp
from app.models.throttle import KnownSource
from app.models.throttle import ThrottleCounter
from app.models.webauthn import WebAuthnChallenge
from app.services.login import passkey_challenges
from app.services.login import stepup_tokens
from app.services.ops import pruning
from app.services.unit_of_work import run_in_transaction
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

BATCH, OLD, FRESH = 100, 450, 250
KINDS = {
    "codes": AuthorizationCode,
    "used once": UsedOnce,
    "requests of devices": DeviceRequest,
    "transactions": AuthorizeTransaction,
    "expired counters": ThrottleCounter,
    "known addresses": KnownSource,
    "step-up tokens": StepUp,
    "passkey challenges": WebAuthnChallenge,
    "OAuth sessions": OAuthSession,
    "logins": LoginSession,
}


class Watch:
    """The units of work: how many rows each deleted, and the statements that chose them."""

    def __init__(self) -> None:
        self.units: list[int] = []
        self.statements: list[tuple[str, Any]] = []

    def sees(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("DELETE"):
            self.units[-1] += cursor.rowcount
            self.statements.append((statement, parameters))

    def begins(self, connection: Any) -> None:
        self.units.append(0)


@pytest.fixture
def watch(app: Flask) -> Iterator[Watch]:
    made = Watch()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "begin", made.begins)
    event.listen(engine, "after_cursor_execute", made.sees)
    yield made
    event.remove(engine, "begin", made.begins)
    event.remove(engine, "after_cursor_execute", made.sees)


@pytest.fixture
def full(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[Any]]:
    """Old and fresh rows of each kind, in no order; the ids of the fresh ones."""
    monkeypatch.setattr(pruning, "BATCH", BATCH)
    monkeypatch.setattr(pruning, "LEAST_PAUSE_SECONDS", 0)
    RelyingParty(app, world.client()).obtains(Person(app))
    fresh = {}
    with app.app_context():
        user = db.session.execute(sa.select(User.id).where(User.short_name == "alice")).scalar_one()
        login = db.session.execute(sa.select(LoginSession.id)).scalars().one()
        for kind, model in KINDS.items():
            fresh[kind] = list_keys(model)
            rows = [make_row(model, number, user, login) for number in range(OLD + FRESH)]
            db.session.execute(sa.insert(model), rows)
            fresh[kind] |= {row[key_of(model).key] for number, row in enumerate(rows) if not is_old(number)}
        db.session.commit()
    return fresh


def make_row(model: type[Any], number: int, user: int, login: bytes) -> dict[str, Any]:
    """Like the real row if there is one; old or fresh by its number."""
    old = is_old(number)
    at = app_clock.now() + (timedelta(days=-90) if old else timedelta(hours=1))
    real = db.session.execute(sa.select(model)).scalars().first()
    row = {column.key: getattr(real, column.key) for column in model.__table__.columns} if real else {}
    row |= {"user_id": user, "digest": bytes(32), "context": {}, "operation": "x"} if model is StepUp else {}
    row |= {"purpose": "login", "challenge": bytes(32)} if model is WebAuthnChallenge else {}
    if model is AuthorizeTransaction and not real:
        scope = db.session.execute(sa.text("SELECT min(id) FROM function")).scalar_one()
        row |= {"login_session_id": login, "parameters": {}, "permission_scope_id": scope}
    row |= {"count": 1, "source": bytes(16)}
    if model is DeviceRequest:
        client = db.session.execute(sa.select(OAuthClient.id)).scalars().first()
        row |= {"client_id": client, "digest": bytes(32), "user_code_key": number.to_bytes(16, "big")}
        row |= {"scopes": [], "network": "", "interval": 5, "next_poll_at": at}
    row |= {key_of(model).key: f"{number:036}" if model is WebAuthnChallenge else number.to_bytes(16, "big")}
    row |= {"created_at": at, "expires_at": at, "ends_at": at, "seen_at": at, "kept_until": at}
    if model is OAuthSession:
        row |= {"ended_at": at if old else None}
    if model is LoginSession and number % 5 == 0 and number:
        row |= {"parent_id": (number - 1).to_bytes(16, "big")} if old and is_old(number - 1) else {}
    names = {column.key for column in model.__table__.columns}
    return {name: value for name, value in row.items() if name in names}


def key_of(model: type[Any]) -> sa.Column[Any]:
    return next(iter(model.__table__.primary_key))


def list_keys(model: type[Any]) -> set[Any]:
    return set(db.session.execute(sa.select(key_of(model))).scalars())


def is_old(number: int) -> bool:
    return number * 11 % (OLD + FRESH) < OLD


def test_everything_old_goes_in_bounded_units(app: Flask, full: dict[str, set[Any]], watch: Watch) -> None:
    """Nothing fresh goes, nothing old stays, and no unit is larger than one stretch."""
    with app.app_context():
        told = pruning.prune_all(30)
        left = {kind: list_keys(model) for kind, model in KINDS.items()}
    assert left == full
    assert told == dict.fromkeys(KINDS, OLD)
    assert max(watch.units) <= BATCH
    assert len([unit for unit in watch.units if unit]) >= len(KINDS) * OLD // BATCH


def test_no_unit_reads_a_whole_table(app: Flask, full: dict[str, set[Any]], watch: Watch) -> None:
    """SQLite's plan of every statement goes along the primary key, and to other tables by an index."""
    assert full
    with app.app_context():
        pruning.prune_all(30)
        if db.engine.dialect.name != "sqlite":
            return
        for statement, parameters in watch.statements:
            with db.engine.connect() as connection:
                plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all()
            steps = [row.detail for row in plan]
            assert not [step for step in steps if step.startswith("SCAN")], (statement, steps)


@pytest.mark.parametrize(
    ("model", "prune"),
    [(WebAuthnChallenge, passkey_challenges.prune_challenges), (StepUp, stepup_tokens.prune_tokens)],
)
def test_a_request_deletes_a_bounded_number(
    app: Flask,
    full: dict[str, set[Any]],
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    model: Any,
    prune: Any,
) -> None:
    """Where a request clears up after others, nobody waits for all that they left."""
    assert full
    for module in (passkey_challenges, stepup_tokens):
        monkeypatch.setattr(module, "MOST_PRUNED", BATCH)
    with app.app_context():
        run_in_transaction(prune)
        left = db.session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()
    assert left == OLD + FRESH - BATCH
    assert max(watch.units) == BATCH
