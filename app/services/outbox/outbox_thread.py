"""One thread per serving process that works the outbox off.

It is woken by what this process commits, and looks once a second for what others did: two indexed queries. It
ends with the process; what was under way is told again by the next one.
"""

from __future__ import annotations

import atexit
import threading

import structlog

from app.runtime import per_app
from app.runtime import run_in_application
from app.services.outbox.occurrences import Bell
from app.services.outbox.worker import Worker

PAUSE_SECONDS = 1.0
# Pause after a failure: the database is unreachable.
LONG_PAUSE_SECONDS = 30.0
END_SECONDS = 3.0
log = structlog.get_logger("argus.outbox")


class Outbox:
    """Runs until ``stop``. A failure is logged and followed by a longer pause."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._bell = per_app(Bell).rung
        self._worker = Worker()
        self._step = run_in_application(self._worker.step)
        self._thread = threading.Thread(target=self._run, name="argus-outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the current step finish and start no other."""
        self._ended.set()
        self._bell.set()
        self._worker.stop()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._bell.clear()
                if not self._step():
                    self._bell.wait(PAUSE_SECONDS)
            except Exception:
                log.exception("outbox")
                self._ended.wait(LONG_PAUSE_SECONDS)


def start_outbox() -> Outbox:
    """Start the outbox of the current application, in this process."""
    outbox = Outbox()
    atexit.register(outbox.stop)
    return outbox
