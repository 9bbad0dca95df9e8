"""Work whose duration and failure must not be visible: done after the answer, one piece after the other.

One thread per process and a bounded queue. Waiting work is lost if the process is killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor

import structlog

from app.runtime import per_app
from app.runtime import run_in_application
from app.services.problems import Unavailable

MOST_WAITING = 200
log = structlog.get_logger("argus.background")


class Background:
    """A thread that does the given work in order; a normal end of the process waits for it."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="argus-background")
        self._room = threading.BoundedSemaphore(MOST_WAITING)

    def run_later(self, name: str, work: Callable[[], object]) -> Future[None]:
        """Do ``work`` soon, in its own context; a failure is logged under ``name``.

        Raises ``Unavailable`` when too much is waiting already.
        """
        if not self._room.acquire(blocking=False):
            raise Unavailable
        bound = run_in_application(work)

        def run() -> None:
            try:
                bound()
            except Exception:
                log.exception(name)
            finally:
                self._room.release()

        return self._worker.submit(run)


def background() -> Background:
    """Return the background worker of this application, in this process."""
    return per_app(Background)
