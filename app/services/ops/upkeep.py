"""One thread per serving process for what must be done now and then, whoever calls or does not."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from collections.abc import Mapping

import structlog

from app.runtime import run_in_application
from app.services.ops import restored
from app.services.ops import statistics

PAUSE_SECONDS = 5.0
END_SECONDS = 3.0
# Every so many seconds, and at the start.
TASKS: Mapping[Callable[[], None], float] = {
    statistics.refresh_statistics: 600.0,
    restored.note_what_is_seen: 5.0,
}
log = structlog.get_logger("argus.upkeep")


class Upkeep:
    """Runs until ``stop``. A failure is logged, and tried again when it is due next."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._tasks = {run_in_application(work): seconds for work, seconds in TASKS.items()}
        self._thread = threading.Thread(target=self._run, name="argus-upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the current task finish and start no other."""
        self._ended.set()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        due = dict.fromkeys(self._tasks, 0.0)
        while True:
            for work, seconds in self._tasks.items():
                if time.monotonic() >= due[work]:
                    due[work] = time.monotonic() + seconds
                    self._do(work)
            if self._ended.wait(PAUSE_SECONDS):
                return

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("upkeep")


def start_upkeep() -> Upkeep:
    """Start the upkeep of the current application, in this process."""
    upkeep = Upkeep()
    atexit.register(upkeep.stop)
    return upkeep
