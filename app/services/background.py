"""Work whose time and failure nobody may see: done after the answer, one piece after the other.

One thread for each process and a bounded queue. What is waiting when the process is killed is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor

import structlog

from app.runtime import in_application
from app.runtime import per_app
from app.services.problems import Unavailable

MOST_WAITING = 200
log = structlog.get_logger("argus.background")


class Background:
    """A thread that does in order what it is given; a process that ends lets it finish."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="argus-background")
        self._room = threading.BoundedSemaphore(MOST_WAITING)

    def later(self, name: str, work: Callable[[], object]) -> Future[None]:
        """Do ``work`` soon, in a context of its own; a failure is a log line under ``name``.

        Raises ``Unavailable`` when too much is waiting already.
        """
        if not self._room.acquire(blocking=False):
            raise Unavailable
        bound = in_application(work)

        def run() -> None:
            try:
                bound()
            except Exception:
                log.exception(name)
            finally:
                self._room.release()

        return self._worker.submit(run)


def background() -> Background:
    """The background of this application, in this process."""
    return per_app(Background)
