"""Our adapter between an ASGI server and the WSGI application (design decision 25, §7).

The steps are in this order; a slow peer never occupies a working thread:

1. refuse by the head alone: no single ``Host``, a body that is too long;
2. receive the body, with a size and a deadline;
3. wait for a thread, in a short queue with a deadline;
4. run the application and collect its answer, in the thread;
5. send the answer from the event loop, with a deadline.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.config import MOST_BODY_BYTES
from app.config import RETRY_AFTER_SECONDS
from app.serving.environ import build_environ
from app.serving.environ import has_body
from app.serving.sockets import stop_listening
from app.serving.stopping import StopFlag
from app.serving.threads import WSGI
from app.serving.threads import Answer
from app.serving.threads import Busy
from app.serving.threads import Threads

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in bytes and seconds, per request, or per process where the name says so."""

    body_bytes: int = MOST_BODY_BYTES
    body_seconds: float = 10
    # Without this limit, 1,000 clients that hold back the last byte would use 1 GB.
    bodies_bytes_per_process: int = 64 * 1024 * 1024
    threads: int = 4
    most_waiting: int = 64
    wait_seconds: float = 2
    send_seconds: float = 30
    piece_bytes: int = 65_536


class Refused(Exception):
    """Answered without calling the application; the connection closes."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Disconnected(Exception):
    """The peer closed the connection before its request was complete."""


class Adapter:
    """The ASGI application of one process. ``flag`` tells when the server will stop."""

    def __init__(self, application: WSGI, flag: StopFlag, limits: Limits | None = None) -> None:
        self.limits = limits = limits or Limits()
        self._flag = flag
        self._is_stopping = False
        self._held_bytes = 0
        self._threads = Threads(
            application,
            count=limits.threads,
            most_waiting=limits.most_waiting,
            wait_seconds=limits.wait_seconds,
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            check_head(scope, self.limits)
            answer = await self._answer(scope, receive)
        except Refused as refusal:
            await self._send(send, *_render_refusal(refusal))
        except Disconnected:
            return
        else:
            await self._send(send, *self._plain(answer))

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        body = _Body(self)
        try:
            if has_body(scope["headers"]):
                await body.receive(receive)
            return await self._threads.run(build_environ(scope, body.whole()))
        except Busy:
            raise Refused(503, "The server is busy. Try again in a second.") from None
        finally:
            body.release()

    def hold(self, size: int) -> None:
        """Count bytes of a body that is not answered yet. Raises ``Refused``."""
        self._held_bytes += size
        if self._held_bytes > self.limits.bodies_bytes_per_process:
            raise Refused(503, "The server is busy. Try again in a second.")

    def release(self, size: int) -> None:
        """Stop counting them."""
        self._held_bytes -= size

    def _plain(self, answer: Answer) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        status = int(answer.status[:3])
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
        ]
        if status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(answer.body)).encode()))
        if self._flag.moment:
            self._begin_to_stop()
            headers.append((b"connection", b"close"))
        return status, headers, answer.body

    def _begin_to_stop(self) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            later = max(0.0, self._flag.moment - time.monotonic())
            asyncio.get_running_loop().call_later(later, stop_listening)

    async def _send(self, send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        size = self.limits.piece_bytes
        try:
            async with asyncio.timeout(self.limits.send_seconds):
                await send({"type": "http.response.start", "status": status, "headers": headers})
                for start in range(0, len(body) - size, size):
                    await send(_build_message(body[start : start + size], more=True))
                await send(_build_message(body[-(len(body) % size or size) :], more=False))
        except TimeoutError:
            log.warning("a client did not take its answer within %s s", self.limits.send_seconds)


class _Body:
    """The body of one request while it arrives; its bytes are counted until it is answered."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter, self._size = adapter, 0
        self._parts: list[bytes] = []

    async def receive(self, receive: Receive) -> None:
        """Up to its end. Raises ``Refused``, ``Disconnected``."""
        limits = self._adapter.limits
        try:
            async with asyncio.timeout(limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Disconnected
                    self._add(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            raise Refused(408, "The body did not arrive in time.") from None

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        self._adapter.hold(len(part))
        if self._size > self._adapter.limits.body_bytes:
            raise _refuse_as_too_long(self._adapter.limits)
        self._parts.append(part)

    def whole(self) -> bytes:
        """Return the whole body."""
        return b"".join(self._parts)

    def release(self) -> None:
        """Release the bytes."""
        self._adapter.release(self._size)


def check_head(scope: Message, limits: Limits) -> None:
    """Check what the head alone shows. Raises ``Refused``."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1 or (scope["http_version"] != "1.0" and hosts in ([], [b""])):
        # RFC 9112 3.2. The server adds an empty one if none was sent.
        raise Refused(400, "Send exactly one Host header.")
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > limits.body_bytes:
            raise _refuse_as_too_long(limits)


def _refuse_as_too_long(limits: Limits) -> Refused:
    return Refused(413, f"The body is too large: send at most {limits.body_bytes} bytes.")


def _render_refusal(refusal: Refused) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    body = refusal.sentence.encode() + b"\n"
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "connection": "close",
    }
    if refusal.status == 503:
        headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    return refusal.status, [(name.encode(), value.encode()) for name, value in headers.items()], body


def _build_message(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
