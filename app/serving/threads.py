"""The working threads: each runs the application for one request at a time, from a short queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from queue import SimpleQueue
from typing import Any

Headers = list[tuple[str, str]]
WSGI = Callable[[dict[str, Any], Callable[..., Any]], Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: ``status`` as in the status line, the header fields, the body."""

    status: str
    headers: Headers
    body: bytes


class Busy(Exception):
    """Too many requests are waiting, or this one waited too long; the application did not see it."""


@dataclass(slots=True)
class _Job:
    environ: dict[str, Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Answer]
    # Thread and deadline compete: the first takes the job, the other ignores it.
    claim: threading.Lock = field(default_factory=threading.Lock)

    def resolve(self, answer: Answer) -> None:
        if not self.future.done():
            self.future.set_result(answer)

    def give_up(self) -> None:
        if self.claim.acquire(blocking=False) and not self.future.done():
            self.future.set_exception(Busy())


class Threads:
    """``count`` threads; at most ``most_waiting`` requests wait for one, each at most ``wait_seconds``."""

    def __init__(self, application: WSGI, *, count: int, most_waiting: int, wait_seconds: float) -> None:
        self._application = application
        self._most_waiting = most_waiting
        self._wait_seconds = wait_seconds
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"request-{number + 1}", daemon=True).start()

    async def run(self, environ: dict[str, Any]) -> Answer:
        """The application's answer. Raises ``Busy``."""
        if self._jobs.qsize() >= self._most_waiting:
            raise Busy
        loop = asyncio.get_running_loop()
        job = _Job(environ, loop, loop.create_future())
        deadline = loop.call_later(self._wait_seconds, job.give_up)
        self._jobs.put(job)
        try:
            return await job.future
        finally:
            deadline.cancel()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if not job.claim.acquire(blocking=False):
                continue
            try:
                answer = _call(self._application, job.environ)
            except Exception:
                # Flask answers every error it can; this is for the rest.
                log.exception("the application failed")
                answer = Answer("500 Internal Server Error", [("Content-Type", "text/plain")], b"")
            try:
                job.loop.call_soon_threadsafe(job.resolve, answer)
            except RuntimeError:
                # The loop has ended: the server stops, and nobody waits for this answer.
                return


def _call(application: WSGI, environ: dict[str, Any]) -> Answer:
    started: list[Any] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], None]:  # noqa: ARG001
        started[:] = [status, headers]
        return written.append

    written: list[bytes] = []
    chunks = application(environ, start_response)
    try:
        body = b"".join([*written, *chunks])
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started
    return Answer(status, headers, body)
