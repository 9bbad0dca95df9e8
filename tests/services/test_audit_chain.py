"""The audit chain (design decision 22): what is done to the rows behind our back is noticed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.extensions import db
from app.models.audit import AuditEvent
from app.models.audit import AuditHead
from app.services.audit import chain
from app.services.audit import sealing
from app.services.audit import sealing_thread
from app.services.audit import trail
from app.services.audit import verification
from app.services.audit.trail import Actor
from app.services.audit.verification import ChainFault
from app.services.problems import Conflict
from app.services.tokens import keyring
from app.services.unit_of_work import run_in_transaction

EVENT = AuditEvent.metadata.tables["audit_event"]
HEAD = AuditHead.metadata.tables["audit_head"]
OLD, NEW = b"0123456789abcdef0123456789abcdef", b"fedcba9876543210fedcba9876543210"
ROWS = 12


def note(number: int) -> None:
    run_in_transaction(
        lambda: trail.record("login", Actor(7, f"user{number}"), detail={"number": number, "ø": [1.5, None]})
    )


def seal_all() -> int:
    total = 0
    while sealed := sealing.seal_some(5):
        total += sealed
    return total


def execute(statement: Any) -> None:
    run_in_transaction(lambda: db.session.execute(statement))


def placed() -> dict[int, int]:
    """The id of each row by its place."""
    return {row.place: row.id for row in db.session.execute(sa.select(EVENT.c.place, EVENT.c.id))}


def wrong() -> ChainFault | None:
    return verification.check_chain().wrong


@pytest.fixture
def dozen(app: Flask) -> Any:
    """A dozen rows in the chain beside those of the first start, in an application context."""
    with app.app_context():
        for number in range(ROWS):
            note(number)
        seal_all()
        yield placed()


def test_rows_are_sealed_once_in_order(dozen: dict[int, int]) -> None:
    """Places count from 1; nothing is left; a second look finds nothing to do."""
    found = verification.check_chain()
    assert (found.wrong, found.waiting) == (None, 0)
    assert found.sealed == found.checked == len(dozen)
    assert sorted(dozen) == list(range(1, len(dozen) + 1))
    assert sealing.seal_some() == 0
    note(99)
    assert verification.check_chain().waiting == 1
    assert sealing.seal_some() == 1
    assert verification.check_chain().sealed == len(dozen) + 1


def at(place: int) -> Any:
    return EVENT.c.place == place


def swapped() -> None:
    """The contents of two neighbours change places, each keeping its seal."""

    def work() -> None:
        names = [c.name for c in EVENT.columns if c.name not in ("id", "place", "seal")]
        first, second = (
            dict(db.session.execute(sa.select(EVENT).where(at(place))).mappings().one()) for place in (5, 6)
        )
        db.session.execute(sa.update(EVENT).where(at(5)).values({n: second[n] for n in names}))
        db.session.execute(sa.update(EVENT).where(at(6)).values({n: first[n] for n in names}))

    run_in_transaction(work)


def moved() -> None:
    """Two neighbours change places with their seals."""

    def work() -> None:
        for old, new in ((5, -1), (6, 5), (-1, 6)):
            db.session.execute(sa.update(EVENT).where(at(old)).values(place=new))

    run_in_transaction(work)


def forged() -> None:
    """Another row, with a seal made without the key, behind the end."""

    def work() -> None:
        head = db.session.execute(sa.select(HEAD)).one()
        row = dict(db.session.execute(sa.select(EVENT).where(at(5))).mappings().one())
        row |= {"id": 10**6, "place": head.place + 1, "seal": head.seal}
        db.session.execute(sa.insert(EVENT).values(row))

    run_in_transaction(work)


def cut() -> None:
    """The newest two are gone, and the end says so: but nobody marked it."""

    def work() -> None:
        head = db.session.execute(sa.select(HEAD)).one()
        before = db.session.execute(sa.select(EVENT.c.seal).where(at(head.place - 2))).scalar_one()
        db.session.execute(sa.delete(EVENT).where(EVENT.c.place > head.place - 2))
        db.session.execute(sa.update(HEAD).values(place=head.place - 2, seal=before))

    run_in_transaction(work)


def last_place() -> int:
    return int(db.session.execute(sa.select(HEAD.c.place)).scalar_one())


TAMPERING: dict[str, tuple[Callable[[], None], str, int | None]] = {
    "a value": (
        lambda: execute(sa.update(EVENT).where(at(5)).values(outcome="refused")),
        verification.CHANGED,
        5,
    ),
    "a value emptied": (
        lambda: execute(sa.update(EVENT).where(at(5)).values(user_id=None)),
        verification.CHANGED,
        5,
    ),
    "the detail": (lambda: execute(sa.update(EVENT).where(at(5)).values(detail={})), verification.CHANGED, 5),
    "the time": (
        lambda: execute(sa.update(EVENT).where(at(5)).values(at=datetime(2020, 1, 1, tzinfo=UTC))),
        verification.CHANGED,
        5,
    ),
    "the id": (lambda: execute(sa.update(EVENT).where(at(5)).values(id=10**6)), verification.CHANGED, 5),
    "a seal": (
        lambda: execute(sa.update(EVENT).where(at(5)).values(seal=chain.START)),
        verification.FOREIGN_KEY,
        5,
    ),
    "a seal emptied": (
        lambda: execute(sa.update(EVENT).where(at(5)).values(seal=None)),
        verification.CHANGED,
        5,
    ),
    "deleted": (lambda: execute(sa.delete(EVENT).where(at(5))), verification.MISSING, 5),
    "the first deleted": (lambda: execute(sa.delete(EVENT).where(at(1))), verification.MISSING, 1),
    "out of the chain": (
        lambda: execute(sa.update(EVENT).where(at(5)).values(place=None, seal=None)),
        verification.MISSING,
        5,
    ),
    "the last deleted": (lambda: execute(sa.delete(EVENT).where(at(last_place()))), verification.CUT, -1),
    "all deleted": (lambda: execute(sa.delete(EVENT)), verification.CUT, 1),
    "swapped": (swapped, verification.CHANGED, 5),
    "moved": (moved, verification.CHANGED, 5),
    "forged": (forged, verification.ADDED, -2),
    "cut": (cut, verification.WRONG_END, None),
    "the end changed": (
        lambda: execute(sa.update(HEAD).values(seal=chain.START)),
        verification.WRONG_END,
        None,
    ),
    "the end deleted": (lambda: execute(sa.delete(HEAD)), verification.NO_END, None),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_noticed(dozen: dict[int, int], how: str) -> None:
    """Whatever is done, the first place where it shows is named; sealing what comes later hides nothing."""
    tamper, what, place = TAMPERING[how]
    expected = {-1: len(dozen), -2: len(dozen) + 1}.get(place or 0, place)
    tamper()
    found = wrong()
    assert found is not None
    assert (found.what, found.place) == (what, expected)
    note(100)
    with contextlib.suppress(sealing.BrokenChain, Conflict):
        sealing.seal_some()
    assert wrong() is not None


def test_an_unreadable_row_is_named(dozen: dict[int, int]) -> None:
    """SQLite keeps any text in a column: what is no JSON any more ends in a word, not in a traceback."""
    if db.engine.dialect.name == "sqlite":
        execute(sa.text("UPDATE audit_event SET detail = 'nonsense' WHERE place = 7"))
        assert wrong() == ChainFault(verification.UNREADABLE, 7, dozen[7])
    else:
        execute(sa.text("""UPDATE audit_event SET detail = '"nonsense"' WHERE place = 7"""))
        assert wrong() == ChainFault(verification.CHANGED, 7, dozen[7])


def test_the_newest_alone(dozen: dict[int, int]) -> None:
    """A page looks at the end of the chain only, and says how much that was."""
    found = verification.check_chain(4)
    assert (found.sealed, found.checked, found.wrong) == (len(dozen), 4, None)
    execute(sa.update(EVENT).where(at(2)).values(outcome="refused"))
    assert verification.check_chain(4).wrong is None
    assert verification.check_chain(len(dozen) - 2).wrong is None
    assert verification.check_chain(len(dozen)).wrong == ChainFault(verification.CHANGED, 2, dozen[2])


def test_rows_on_a_page_are_judged_one_by_one(dozen: dict[int, int]) -> None:
    """Those that do not fit are told apart from their neighbours, and from those that wait."""
    note(50)
    execute(sa.update(EVENT).where(at(3)).values(user_name="somebody else"))
    events = list(db.session.execute(sa.select(AuditEvent).order_by(AuditEvent.id)).scalars())
    assert verification.find_unfit(events) == {dozen[3]}


def test_a_late_commit_is_not_passed_over(dozen: dict[int, int]) -> None:
    """A row of a lower id that becomes visible after a higher one was sealed comes after it in the chain."""
    row = dict(db.session.execute(sa.select(EVENT).where(at(5))).mappings().one()) | {
        "place": None,
        "seal": None,
    }
    high, low = row | {"id": 5001}, row | {"id": 5000}
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="READ COMMITTED") as slow, slow.begin():
            slow.execute(sa.insert(EVENT).values(low))
            execute(sa.insert(EVENT).values(high))
            assert sealing.seal_some() == 1
    else:
        execute(sa.insert(EVENT).values(high))
        assert sealing.seal_some() == 1
        execute(sa.insert(EVENT).values(low))
    assert sealing.seal_some() == 1
    places = {row: place for place, row in placed().items()}
    assert places[5001] < places[5000]
    assert wrong() is None


@pytest.mark.race
def test_many_sealers_at_once(dozen: dict[int, int], app: Flask) -> None:
    """Each row gets one place, whoever is at it; while rows are being written, too."""
    gate = threading.Barrier(4)
    sealed: list[int] = []

    def seals() -> None:
        with app.app_context():
            gate.wait()
            for _ in range(25):
                sealed.append(sealing.seal_some(3))

    threads = [threading.Thread(target=seals) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.wait()
    for number in range(30):
        note(number)
    for thread in threads:
        thread.join()
    sealed.append(seal_all())
    assert sum(sealed) == 30
    found = verification.check_chain()
    assert (found.wrong, found.sealed, found.waiting) == (None, len(dozen) + 30, 0)


def with_keys(app: Flask, settings: Any, *keys: tuple[int, bytes]) -> None:
    settings(secret_keys=keys)
    app.extensions["argus"].pop(keyring._make_keyring, None)


def test_keys_are_rotated(app: Flask, settings: Any) -> None:
    """The first signs, all verify; one that is taken away is named, and verifies again when it is back."""
    with app.app_context():
        execute(sa.delete(EVENT))
        execute(sa.delete(HEAD))
        with_keys(app, settings, (1, OLD))
        run_in_transaction(sealing.begin_chain)
        for number in range(3):
            note(number)
        seal_all()
        with_keys(app, settings, (2, NEW), (1, OLD))
        for number in range(3):
            note(number)
        seal_all()
        assert wrong() is None
        seals = db.session.execute(sa.select(EVENT.c.seal).order_by(EVENT.c.place)).scalars()
        assert [seal[0] for seal in seals] == [1, 1, 1, 2, 2, 2]
        with_keys(app, settings, (2, NEW))
        found = wrong()
        assert found is not None
        assert (found.what, found.place) == (verification.FOREIGN_KEY, 1)
        note(9)
        assert sealing.seal_some() == 1
        with_keys(app, settings, (2, NEW), (1, OLD))
        assert wrong() is None
        with_keys(app, settings, (2, OLD), (1, OLD))
        assert wrong() == ChainFault(verification.WRONG_END)


def test_only_commands_begin_a_chain(dozen: dict[int, int]) -> None:
    """A server never begins one: who deletes the end does not get a new chain over changed rows."""
    execute(sa.delete(HEAD))
    run_in_transaction(sealing.begin_chain)
    assert wrong() == ChainFault(verification.NO_END)
    execute(sa.update(EVENT).values(place=None, seal=None))
    with pytest.raises(sealing.BrokenChain):
        sealing.seal_some()
    run_in_transaction(sealing.begin_chain)
    seal_all()
    assert wrong() is None
    actions = db.session.execute(sa.select(EVENT.c.action)).scalars()
    assert "audit-begin" in set(actions)


def test_an_end_that_was_noted(dozen: dict[int, int]) -> None:
    """Kept elsewhere it tells an older copy of the log from this one."""
    end = verification.check_chain().end
    note(1)
    seal_all()
    later = verification.check_chain().end
    assert verification.contains_end(end)
    assert verification.contains_end(later)
    for foreign in ("", "1", "x:00", end.split(":", maxsplit=1)[0] + ":" + "00" * 32, f"{len(dozen) + 9}:00"):
        assert not verification.contains_end(foreign)


def test_the_bytes_of_a_row() -> None:
    """Stable: names in order, times as microseconds in UTC, nothing for what is empty, no seal."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    row = {
        "id": 1,
        "at": moment,
        "user_name": "ø\ud800",
        "detail": {"b": 1, "a": [True]},
        "leg": None,
        "seal": b"x",
    }
    expected = rb'{"at":1767323045678901,"detail":{"a":[true],"b":1},"id":1,"user_name":"\u00f8\ud800"}'
    assert chain.serialise_row(row) == expected
    elsewhere = moment.astimezone(timezone(timedelta(hours=5)))
    assert chain.serialise_row(dict(reversed(row.items())) | {"at": elsewhere}) == expected


def test_every_column_is_sealed(dozen: dict[int, int]) -> None:
    """A column added to the table is part of what is sealed, without anybody remembering it."""
    row = db.session.execute(sa.select(EVENT).where(at(3))).mappings().one()
    full = {column.name: row[column.name] or "filled" for column in EVENT.columns}
    bytes_of = chain.serialise_row(full)
    for column in EVENT.columns:
        assert (f'"{column.name}":'.encode() in bytes_of) is (column.name != "seal")


def test_the_thread_of_a_server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What commands left is sealed at once, whatever failed before; it ends when it is told to."""
    sealed = threading.Event()
    answers = iter([ValueError("the database is away")])

    def seals() -> int:
        for problem in answers:
            raise problem
        number = sealing.seal_some()
        sealed.set()
        return number

    monkeypatch.setattr(sealing_thread, "seal_some", seals)
    monkeypatch.setattr(sealing_thread, "LONG_PAUSE_SECONDS", 0.0)
    with app.app_context():
        note(1)
        thread = sealing_thread.Sealer()
        assert sealed.wait(10)
        thread.stop()
        assert verification.check_chain().waiting == 0
        note(2)
        assert verification.check_chain().waiting == 1
        assert not thread._thread.is_alive()
