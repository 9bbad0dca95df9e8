"""Writers of SQLite take turns: who came first writes first, and nobody waits for ever."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.services import writers_queue
from app.services.problems import Unavailable
from app.services.unit_of_work import run_in_transaction
from app.services.writers_queue import Turns
from tests.world import World

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LONG = 30.0


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def begin(turns: Turns, work: Callable[[], None], seconds: float = LONG) -> threading.Thread:
    """A thread that waits in the queue when this returns."""
    before = len(turns._waiting)

    def run() -> None:
        with turns.take(seconds):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: len(turns._waiting) == before + 1)
    return thread


def test_first_come_first_served() -> None:
    turns, served = Turns(), list[int]()
    with turns.take(LONG):
        waiting = [begin(turns, lambda number=number: served.append(number)) for number in range(8)]  # type: ignore[misc]
        assert served == []
    for thread in waiting:
        thread.join(LONG)
    assert served == list(range(8))


def test_who_waits_too_long_leaves_and_holds_nobody_up() -> None:
    turns, served = Turns(), list[str]()
    with turns.take(LONG):
        with pytest.raises(Unavailable), turns.take(0.01):
            pytest.fail("it was not its turn")
        patient = begin(turns, lambda: served.append("patient"))
    patient.join(LONG)
    assert served == ["patient"]
    with turns.take(0.01):
        served.append("anybody")


def test_a_turn_is_given_back_after_a_failure() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.take(LONG):
        raise ZeroDivisionError
    with turns.take(0.01):
        pass


def count_users() -> int:
    return int(db.session.execute(text("SELECT count(*) FROM subject")).scalar_one())


@on_sqlite
def test_a_writer_waits_for_another_process(app: Flask, world: World) -> None:
    """Behind our back: the queue of this process knows nothing of it."""
    with app.app_context():
        file = db.engine.url.database
        assert file is not None
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, other.execute, ("COMMIT",))
        timer.start()
        assert run_in_transaction(count_users) > 0
        timer.join(LONG)
        other.close()


@on_sqlite
def test_it_does_not_wait_for_ever(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers_queue, "PATIENCE_SECONDS", 0.05)
    with app.app_context():
        file = db.engine.url.database
        assert file is not None
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            run_in_transaction(count_users)
        other.execute("COMMIT")
        other.close()
        assert run_in_transaction(count_users) > 0
        with db.engine.connect() as connection:
            left = connection.execute(text("PRAGMA busy_timeout")).scalar_one()
    assert left > writers_queue.ASKS_EACH_MILLISECONDS, "every other statement has the usual patience"
