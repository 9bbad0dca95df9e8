"""The connection that a thread keeps for reading: the same from request to request, until it may not be."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import select

from app.models.directory import User
from app.runtime import per_app
from app.services import reading
from app.services.prepared import Prepared
from app.services.reading import Readers
from app.services.unit_of_work import fetch_one
from app.services.unit_of_work import give_up_connections
from app.services.unit_of_work import run_in_transaction
from tests.world import World

SUBJECT = User.metadata.tables["subject"]
NAME = Prepared(select(SUBJECT.c.name).where(SUBJECT.c.short_name == bindparam("who")))


def find() -> Connection:
    return per_app(Readers).find()


def test_it_is_kept_from_request_to_request(app: Flask) -> None:
    with app.app_context():
        first = find()
    with app.app_context():
        assert find() is first
        assert not first.in_transaction()


def test_each_thread_has_its_own(app: Flask) -> None:
    found: list[Connection] = []

    def look() -> None:
        with app.app_context():
            found.append(find())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    with app.app_context():
        assert find() is not found[0]


def test_it_is_replaced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all were given up, as before a fork; and after its time."""
    with app.app_context():
        first = find()
        give_up_connections()
        second = find()
        assert first.closed
        assert second is not first
        monkeypatch.setattr(reading, "KEPT_SECONDS", 0)
        give_up_connections()
        assert find() is not find()


def test_it_is_no_part_of_a_unit(app: Flask, world: World) -> None:
    """A unit reads on its own connection, and afterwards the thread has its reader again."""
    with app.app_context():
        before = find()
        inside = run_in_transaction(lambda: (fetch_one(NAME, {"who": "alice"}), before.in_transaction()))
        assert inside == (fetch_one(NAME, {"who": "alice"}), False)
        assert find() is before


def test_one_that_was_lost_is_replaced_once(app: Flask, world: World) -> None:
    with app.app_context():
        assert fetch_one(NAME, {"who": "alice"}) is not None
        held = find()
        held.invalidate()
        assert fetch_one(NAME, {"who": "alice"}) is not None
