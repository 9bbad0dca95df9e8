"""Calls addresses that administrators and applications wrote: guarded, bounded, and with one exception.

https only, or http to this machine while our own base URL is on it. A name is resolved once, and the address
that is connected is the one that was judged (``policy.network.is_public``, ``ARGUS_OUTGOING_ALLOW``). No
redirect is followed, no cookie kept, no proxy asked. Size and time of an answer have a bound, resolving and
TLS included.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING
from typing import Self

from app.policy import redirects
from app.runtime import per_app
from app.runtime import settings

if TYPE_CHECKING:
    from app.services.outgoing.wire import Wire

MOST_SECONDS = 10.0
MOST_BYTES = 65_536
# Of one process, in all.
MOST_AT_ONCE = 32
AGENT = "argus-idp"


class Failure(StrEnum):
    """Why there is no answer; the text is for logs."""

    URI = "the address is not one that we call"
    BUSY = "too many calls are under way"
    NAME = "the name has no address"
    FORBIDDEN = "the address is in a network that we do not call"
    CONNECTION = "no connection"
    TLS = "no trusted TLS connection"
    TIME = "no whole answer in time"
    SIZE = "the answer is too large"
    PROTOCOL = "the answer is not HTTP, or broke off"


class NotReached(Exception):
    """There is no whole answer. Nothing of what came is in the text."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, whatever its status; ``media_type`` is lower case without parameters."""

    status: int
    media_type: str
    content: bytes


class _Places:
    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(MOST_AT_ONCE)


class Door:
    """Makes calls one after the other, over one connection where it can; for one thread."""

    def __init__(self) -> None:
        # What few processes need is loaded where it is used.
        from app.services.outgoing.wire import Wire

        self._wire: Wire = Wire(settings().outgoing_allow, own_machine=settings().is_local)
        self._places = per_app(_Places)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self._wire.close()

    def get(
        self, uri: str, *, accept: str, most_bytes: int = MOST_BYTES, seconds: float = MOST_SECONDS
    ) -> Reply:
        """Fetch what is there. Raises ``NotReached``."""
        return self._call("GET", uri, {"Accept": accept}, b"", most_bytes, seconds)

    def post(
        self,
        uri: str,
        content: bytes,
        *,
        content_type: str,
        accept: str = "*/*",
        authorization: str | None = None,
        most_bytes: int = MOST_BYTES,
        seconds: float = MOST_SECONDS,
    ) -> Reply:
        """Send ``content``. Raises ``NotReached``; the receiver may have taken it all the same."""
        headers = {"Accept": accept, "Content-Type": content_type}
        if authorization is not None:
            headers["Authorization"] = authorization
        return self._call("POST", uri, headers, content, most_bytes, seconds)

    def _call(
        self, method: str, uri: str, headers: dict[str, str], content: bytes, most_bytes: int, seconds: float
    ) -> Reply:
        if redirects.find_receiver_problem(uri, own_machine=settings().is_local) is not None:
            raise NotReached(Failure.URI)
        if not self._places.free.acquire(blocking=False):
            raise NotReached(Failure.BUSY)
        try:
            headers |= {"User-Agent": AGENT, "Accept-Encoding": "identity"}
            return self._wire.call(method, uri, headers, content, most_bytes, seconds)
        finally:
            self._places.free.release()
