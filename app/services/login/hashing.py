"""The one gate to slow hashes: a few run at once in a process, and hardly anybody waits (design decision 25).

A hash holds its working thread and 19 MiB for about 20 ms. Strangers can ask for as many as they like, so
hashes never hold all working threads: whoever comes when the gate is full is refused at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.services.problems import Unavailable

# Of four working threads (``serving.adapter.Limits``) one stays free of hashes.
SLOTS = 2
MOST_WAITING = 1
WAIT_SECONDS = 1.0


class Busy(Unavailable):
    """Too many hashes at once. Nothing was checked or changed."""

    code = "BUSY"
    sentence = "Too many passwords are being checked just now. Nothing was changed; try again."


class Gate:
    """Lets ``slots`` run at once; ``most_waiting`` more wait, each at most ``seconds``."""

    def __init__(self, slots: int, most_waiting: int, seconds: float) -> None:
        self._places = threading.BoundedSemaphore(slots + most_waiting)
        self._slots = threading.BoundedSemaphore(slots)
        self._seconds = seconds

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a slot. Raises ``Busy``."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            if not self._slots.acquire(timeout=self._seconds):
                raise Busy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


# Threads and memory belong to the process, so the gate does too.
gate = Gate(SLOTS, MOST_WAITING, WAIT_SECONDS)
