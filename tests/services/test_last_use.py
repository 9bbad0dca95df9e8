"""The last use of a login is noted beside everything else, and never brings anything back (rule 9)."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from app import clock as app_clock
from app.extensions import db
from app.models.sessions import LoginSession
from app.services.login import login_sessions
from app.services.unit_of_work import run_in_transaction
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.world import World

SOON = timedelta(minutes=2)


def only_login(world: World) -> LoginSession:
    (login,) = world.rows(LoginSession)
    return login


def noted(app: Flask, login: LoginSession, read: datetime) -> None:
    with app.app_context():
        login_sessions.note_seen(login.id, read)


def test_a_use_is_noted(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """The control: of a live login, with the value that was read."""
    alice.logs_in()
    login = only_login(world)
    clock.advance(SOON.total_seconds())
    noted(app, login, login.last_seen_at)
    assert only_login(world).last_seen_at >= login.last_seen_at + SOON


def test_an_ended_login_is_not_touched(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    alice.logs_in()
    login = only_login(world)
    alice.logs_out()
    clock.advance(SOON.total_seconds())
    noted(app, login, login.last_seen_at)
    assert only_login(world).last_seen_at == login.last_seen_at


def test_what_changed_since_it_was_read_stays(app: Flask, world: World, alice: Person, clock: Clock) -> None:
    """A request that was slow must not write its own idea of the time over a later one."""
    alice.logs_in()
    login = only_login(world)
    moved = login.last_seen_at - timedelta(hours=2)
    with app.app_context():
        run_in_transaction(
            lambda: db.session.execute(
                update(LoginSession).where(LoginSession.id == login.id).values(last_seen_at=moved)
            )
        )
    clock.advance(SOON.total_seconds())
    noted(app, login, login.last_seen_at)
    assert only_login(world).last_seen_at == moved


def test_an_idle_browser_does_not_revive_itself(
    app: Flask, world: World, alice: Person, clock: Clock
) -> None:
    """A refused request is no use: asking again and again keeps nothing alive."""
    alice.logs_in()
    before = only_login(world).last_seen_at
    clock.advance(3_601)
    for _ in range(3):
        assert alice.visits("/account/").status_code == 303
    assert only_login(world).last_seen_at == before
    assert app_clock.now() > before
