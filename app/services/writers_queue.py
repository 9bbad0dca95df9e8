"""Writers of SQLite take turns: threads of a process in the order they came, processes by asking often.

SQLite has one writer at a time, and its own way of waiting sleeps longer and longer, up to a tenth of a
second: who is unlucky lets hundreds of others pass. A unit takes a few milliseconds, so nobody sleeps here.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.services.prepared import Prepared
from app.services.problems import Unavailable

# How long a writer waits in all for the others of its process, and then for other processes.
PATIENCE_SECONDS = 5
# How often it asks again while another process writes.
ASKS_EACH_MILLISECONDS = 1
_BEGIN = Prepared(text("BEGIN IMMEDIATE"))


class Turns:
    """The turns of the threads of one application: first come, first served."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting = deque[threading.Lock]()

    @contextmanager
    def take(self, seconds: float) -> Iterator[None]:
        """Wait for the turn, and keep it. Raises ``Unavailable`` after these seconds."""
        self._wait(seconds)
        try:
            yield
        finally:
            with self._guard:
                if self._waiting:
                    # It stays taken: by the next one.
                    self._waiting.popleft().release()
                else:
                    self._is_taken = False

    def _wait(self, seconds: float) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        if called.acquire(timeout=seconds):
            return
        with self._guard:
            if called in self._waiting:
                self._waiting.remove(called)
                raise Unavailable
        # Called in the moment between: it is our turn all the same.


def begin_writing(connection: Connection, usual_milliseconds: int, seconds: float) -> None:
    """Begin a transaction that writes. Raises ``OperationalError`` if another process writes for this long.

    ``usual_milliseconds`` is the patience of every other statement of this connection.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - only SQLite's engine has this handler
    until = time.monotonic() + seconds
    driver.execute(f"PRAGMA busy_timeout={ASKS_EACH_MILLISECONDS}")
    try:
        while not _has_begun(connection, time.monotonic() < until):
            pass
    finally:
        driver.execute(f"PRAGMA busy_timeout={usual_milliseconds}")


def _has_begun(connection: Connection, may_fail: bool) -> bool:
    try:
        _BEGIN.change(connection, {})
    except OperationalError as problem:
        if may_fail and getattr(problem.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True
