"""One thread of each serving process that seals what the requests of all processes wrote down.

It looks about once a second: one indexed query while there is nothing to do. It touches no request, and
ends with the process; what it leaves unsealed the next one seals.
"""

from __future__ import annotations

import atexit
import threading

import structlog

from app.runtime import in_application
from app.services.audit.sealing import BATCH
from app.services.audit.sealing import seal_some

PAUSE_SECONDS = 0.7
# After a failure: the database is away, or the chain is broken and somebody must look at it.
LONG_PAUSE_SECONDS = 30.0
END_SECONDS = 3.0
log = structlog.get_logger("argus.sealer")


class Sealer:
    """Runs until ``stop``. A failure is a log line, and a longer pause."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._seal = in_application(seal_some)
        self._thread = threading.Thread(target=self._run, name="argus-sealer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the batch at hand end, and no other begin."""
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


def start() -> Sealer:
    """The sealer of the application at work, in this process."""
    sealer = Sealer()
    atexit.register(sealer.stop)
    return sealer
