"""The unit of work (design decision 21; rules 9, 10): how it begins, and what it does when it cannot end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam
from sqlalchemy import event
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.models.directory import User
from app.services.prepared import Prepared
from app.services.problems import Unavailable
from app.services.unit_of_work import DatabaseError
from app.services.unit_of_work import change
from app.services.unit_of_work import fetch_one
from app.services.unit_of_work import run_in_transaction
from tests.torture import faults
from tests.world import World

SUBJECT = User.metadata.tables["subject"]
NAME = Prepared(select(SUBJECT.c.name).where(SUBJECT.c.short_name == bindparam("who")))
RENAME = Prepared(update(SUBJECT).where(SUBJECT.c.short_name == bindparam("who")))
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Serialization(Exception):
    """What PostgreSQL says to one of two units that cannot both be."""

    sqlstate = "40001"


def busy() -> OperationalError:
    return OperationalError("", None, Serialization())


@on_sqlite
def test_sqlite_is_set_for_readers_beside_a_writer(app: Flask) -> None:
    """Of every connection: a log beside the file, foreign keys, and some patience with another writer."""
    with app.app_context(), db.engine.connect() as connection:
        told = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert (told["journal_mode"], told["foreign_keys"]) == ("wal", 1)
    assert told["busy_timeout"] > 0


@on_sqlite
def test_a_writer_begins_as_one(app: Flask, world: World) -> None:
    """It never reads first and asks for the lock later; a reader asks for none."""
    said: list[str] = []

    def note(*args: Any) -> None:
        said.append(args[2])

    def read() -> None:
        db.session.execute(db.select(User.id)).all()

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            run_in_transaction(read)
            writer = said[:]
            said.clear()
            read()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert writer[0] == "BEGIN IMMEDIATE"
    assert said
    assert not [one for one in said if one.startswith("BEGIN")]


def test_what_could_not_be_ordered_is_tried_once_more(app: Flask, world: World) -> None:
    """Two units that hinder each other: the second try commits, and nothing of the first is left."""
    tries: list[int] = []

    def work() -> None:
        user = db.session.execute(db.select(User).where(User.short_name == "alice")).scalar_one()
        user.name += "!"
        db.session.flush()
        tries.append(1)
        if len(tries) == 1:
            raise busy()

    with app.app_context():
        run_in_transaction(work)
    (alice,) = [user for user in world.rows(User) if user.short_name == "alice"]
    assert (len(tries), alice.name) == (2, "Alice!")


def test_what_fails_twice_is_refused_and_leaves_nothing(app: Flask, world: World) -> None:
    """503, which a client may repeat at once: so nothing may have been kept."""

    def work() -> None:
        user = db.session.execute(db.select(User).where(User.short_name == "alice")).scalar_one()
        user.name = "Changed"
        db.session.flush()
        raise busy()

    with app.app_context(), pytest.raises(Unavailable):
        run_in_transaction(work)
    assert "Changed" not in {user.name for user in world.rows(User)}


def test_a_mistake_is_not_tried_again(app: Flask, world: World) -> None:
    """What would fail the same way again is no race."""
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise OperationalError("", None, _other_state())

    with app.app_context(), pytest.raises(OperationalError):
        run_in_transaction(work)
    assert len(tries) == 1


@pytest.mark.parametrize("by_orm", [True, False])
def test_a_commit_that_failed_leaves_nothing_open(app: Flask, world: World, by_orm: bool) -> None:
    """Its connection goes back clean: nobody reads, or commits later, what was never committed."""
    faults.install()

    def rename(name: str) -> Callable[[], object]:
        if by_orm:
            return lambda: setattr(db.session.query(User).filter_by(short_name="alice").one(), "name", name)
        return lambda: change(RENAME, {"who": "alice", "name": name})

    def read() -> str:
        with app.app_context():
            return str((fetch_one(NAME, {"who": "alice"}) or [""])[0])

    fault = faults.Fault("error", "before", faults.COMMIT, lasting=True)
    with app.app_context(), faults.armed(fault):
        with pytest.raises((Unavailable, DatabaseError)):
            run_in_transaction(rename("Lost"))
        assert fault.struck
    assert read() != "Lost"
    with app.app_context():
        run_in_transaction(lambda: change(RENAME, {"who": "admin", "name": "Other"}))
    assert read() != "Lost"


def test_a_unit_inside_of_another_is_a_mistake(app: Flask) -> None:
    """It would end the outer one, whose work would be lost or half done."""
    with app.app_context(), pytest.raises(RuntimeError):
        run_in_transaction(lambda: run_in_transaction(lambda: None))


def _other_state() -> Exception:
    problem = sqlite3.ProgrammingError("a mistake")
    problem.sqlstate = "42601"  # type: ignore[attr-defined]
    return problem
