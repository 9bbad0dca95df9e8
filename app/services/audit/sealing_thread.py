"""One thread per serving process that seals the rows recorded by the requests of all processes.

It runs about once a second, with one indexed query when there is nothing to do. It does not affect requests
and ends with the process; the next process seals what it leaves.
"""

from __future__ import annotations

import atexit
import threading

import structlog

from app.runtime import run_in_application
from app.services.audit.sealing import BATCH
from app.services.audit.sealing import seal_some

PAUSE_SECONDS = 0.7
# Pause after a failure: the database is unreachable, or the chain is broken and an operator must look at it.
LONG_PAUSE_SECONDS = 30.0
END_SECONDS = 3.0
log = structlog.get_logger("argus.sealer")


class Sealer:
    """Runs until ``stop``. A failure is logged and followed by a longer pause."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._seal = run_in_application(seal_some)
        self._thread = threading.Thread(target=self._run, name="argus-sealer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the current batch finish and start no other."""
        self._ended.set()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            try:
                pause = 0.0 if self._seal() >= BATCH else PAUSE_SECONDS
            except Exception:
                log.exception("sealer")
                pause = LONG_PAUSE_SECONDS


def start_sealer() -> Sealer:
    """Start the sealer of the current application, in this process."""
    sealer = Sealer()
    atexit.register(sealer.stop)
    return sealer
