"""Connections for reading beside the ORM: one for each thread, kept from request to request.

To lend one from the pool for each request and to give it back cost more than a small statement. It is in no
transaction while it rests, and is opened anew after some minutes, when it was lost, and when the engine gave
up its pool.
"""

from __future__ import annotations

import threading
import time

from sqlalchemy import Connection

from app.extensions import db

# A new connection to SQLite reads the planner's newest statistics.
KEPT_SECONDS = 600


class Readers:
    """The connections of one application. When a thread ends, its connection goes back to the pool."""

    def __init__(self) -> None:
        self._own = threading.local()

    def find(self) -> Connection:
        """Return the connection of this thread."""
        own, pool = self._own, db.engine.pool
        found: Connection | None = getattr(own, "connection", None)
        if found is not None and own.pool is pool and time.monotonic() < own.until:
            return found
        self.drop()
        own.pool, own.until = pool, time.monotonic() + KEPT_SECONDS
        own.connection = opened = db.engine.connect()
        return opened

    def drop(self) -> None:
        """Give back the connection of this thread; the next ``find`` opens another."""
        found: Connection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        if found is None:
            return
        if self._own.pool is not db.engine.pool and not found.invalidated:
            # The pool that lent it is gone: nobody would ever close it.
            found.detach()
        found.close()
