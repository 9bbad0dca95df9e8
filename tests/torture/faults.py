"""A fault at the n-th statement of a request: an error of the database, or the end of the process.

Nothing of ``app`` knows of this. ``install`` stands between SQLAlchemy and the driver; a fault strikes when
it is armed in this process, or when a request names it in the header ``Torture`` (``kill before 7``).
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import flask
import psycopg
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy.engine.default import DefaultDialect

HEADER = "Torture"
COMMIT = "COMMIT"


@dataclass
class Fault:
    """Strikes once, ``before`` or ``after`` a statement; a ``lasting`` one at all that follow too.

    ``at`` is its number from 1 (0: none), or its text, such as COMMIT. ``seen`` are the statements so far.
    """

    kind: str = "error"
    moment: str = "before"
    at: int | str = 0
    lasting: bool = False
    seen: list[str] = field(default_factory=list)
    struck: str = ""

    @property
    def is_in_doubt(self) -> bool:
        """Whether it was a COMMIT that was done and then answered with an error."""
        return self.struck == COMMIT and self.moment == "after"

    def pass_on(self, statement: str, connection: Any, run: Callable[[], None]) -> None:
        """Run a statement of the driver, or fail as this fault does."""
        self.seen.append(statement)
        if not self.struck and self.at in (len(self.seen), statement):
            self.struck = statement
            if self.moment == "after":
                run()
            KINDS[self.kind](connection)
        elif self.struck and self.lasting:
            KINDS[self.kind](connection)
        else:
            run()


def _kill(connection: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail(connection: Any) -> None:
    """The database answers with an error; the connection lives."""
    if isinstance(connection, sqlite3.Connection):
        raise sqlite3.OperationalError("disk I/O error")
    raise psycopg.errors.DiskFull("could not extend file: No space left on device")


def _lose(connection: Any) -> None:
    """The connection is gone, as after a crash of the database."""
    if isinstance(connection, sqlite3.Connection):
        raise sqlite3.OperationalError("unable to open database file")
    connection.close()
    raise psycopg.OperationalError("server closed the connection unexpectedly")


def _collide(connection: Any) -> None:
    """Another transaction is in the way: what the unit of work tries once more."""
    if isinstance(connection, sqlite3.Connection):
        raise sqlite3.OperationalError("database is locked")
    raise psycopg.errors.SerializationFailure("could not serialize access")


KINDS: dict[str, Callable[[Any], None]] = {
    "kill": _kill,
    "error": _fail,
    "lost": _lose,
    "collision": _collide,
}
_armed: list[Fault] = []


@contextmanager
def armed(fault: Fault) -> Iterator[Fault]:
    """Let the fault watch every statement of this process for the time of a ``with``."""
    _armed.append(fault)
    try:
        yield fault
    finally:
        _armed.remove(fault)


def _find_fault() -> Fault | None:
    if _armed:
        return _armed[-1]
    if not flask.has_request_context() or HEADER not in flask.request.headers:
        return None
    held = flask.request.environ
    if "torture" not in held:
        kind, moment, at = flask.request.headers[HEADER].split()
        held["torture"] = Fault(kind, moment, int(at) if at.isdigit() else at)
    return held["torture"]  # type: ignore[no-any-return]


def _watch_execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    fault = _find_fault()
    if fault is None:
        return False
    fault.pass_on(statement, cursor.connection, lambda: cursor.execute(statement, parameters))
    return True


def _watch_executemany(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    fault = _find_fault()
    if fault is None:
        return False
    fault.pass_on(statement, cursor.connection, lambda: cursor.executemany(statement, parameters))
    return True


def install() -> None:
    """Watch every engine of this process, those to come included; once."""
    if getattr(DefaultDialect.do_commit, "is_watched", False):
        return
    commit = DefaultDialect.do_commit

    def do_commit(self: DefaultDialect, connection: Any) -> None:
        fault = _find_fault()
        if fault is None:
            commit(self, connection)
            return
        fault.pass_on(COMMIT, connection.driver_connection, lambda: commit(self, connection))

    do_commit.is_watched = True  # type: ignore[attr-defined]
    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]
    event.listen(Engine, "do_execute", _watch_execute)
    event.listen(Engine, "do_executemany", _watch_executemany)
