"""What stands between httpcore and the network: which address is connected, and until when.

httpcore connects by its ``NetworkBackend``, reads and writes by its ``NetworkStream``. Ours judge
the address there, and end each step at the deadline of the call.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import httpcore
from httpcore import NetworkBackend
from httpcore import NetworkStream

from app.policy import network
from app.services.outgoing.door import Failure
from app.services.outgoing.door import NotReached
from app.services.outgoing.door import Reply

# Of one name; those of the first answer that may be called.
MOST_TRIES = 3
CONNECT_SECONDS = 5.0
# The system resolves names, and may take half a minute: so many may be at it at once, in this process.
MOST_RESOLVING = 32
_resolving = threading.BoundedSemaphore(MOST_RESOLVING)


class Wire:
    """One connection at a time, kept for the next call to the same place; for one thread."""

    def __init__(self, allowed: Sequence[str], *, own_machine: bool) -> None:
        self._deadline = Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=1,
            network_backend=_Backend(self._deadline, allowed, own_machine=own_machine),
        )

    def close(self) -> None:
        self._pool.close()

    def call(
        self,
        method: str,
        uri: str,
        headers: Mapping[str, str],
        content: bytes,
        most_bytes: int,
        seconds: float,
    ) -> Reply:
        """Make one call. Raises ``NotReached``."""
        self._deadline.start(seconds)
        try:
            with self._pool.stream(
                method, uri, headers=[*headers.items()], content=content or None
            ) as answer:
                held = bytearray()
                for piece in answer.iter_stream():
                    held += piece
                    if len(held) > most_bytes:
                        raise NotReached(Failure.SIZE)
                return Reply(answer.status, _read_media_type(answer.headers), bytes(held))
        except (httpcore.TimeoutException, TimeoutError):
            raise NotReached(Failure.TIME) from None
        except (httpcore.ConnectError, ssl.SSLError) as problem:
            raise NotReached(_tell_apart(problem)) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError):
            raise NotReached(Failure.PROTOCOL) from None


class Deadline:
    """The end of the call at hand."""

    def __init__(self) -> None:
        self._ends = 0.0

    def start(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """Return the seconds that are left. Raises ``NotReached``."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise NotReached(Failure.TIME)
        return left if most is None else min(left, most)


class _Backend(NetworkBackend):
    def __init__(self, deadline: Deadline, allowed: Sequence[str], *, own_machine: bool) -> None:
        self._deadline, self._allowed, self._own_machine = deadline, allowed, own_machine
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - ours ends earlier
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        """Connect to an address of this name that may be called, and to no other."""
        may = [address for address in _resolve(host, port, self._deadline) if self._may_call(address)]
        if not may:
            raise NotReached(Failure.FORBIDDEN)
        for tried, address in enumerate(may[:MOST_TRIES], 1):
            seconds = self._deadline.left(CONNECT_SECONDS)
            try:
                stream = self._plain.connect_tcp(address, port, seconds, local_address, socket_options)
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == min(len(may), MOST_TRIES):
                    raise
        raise AssertionError  # pragma: no cover

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        raise NotReached(Failure.URI)

    def _may_call(self, address: str) -> bool:
        return (
            network.is_public(address)
            or network.is_in_ranges(address, self._allowed)
            or (self._own_machine and network.is_loopback(address))
        )


class _Stream(NetworkStream):
    """A connection whose every step ends at the deadline."""

    def __init__(self, inner: NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        seconds = self._deadline.left(CONNECT_SECONDS)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _resolve(host: str, port: int, deadline: Deadline) -> list[str]:
    """Find the addresses of a name, in a thread of its own: nothing can interrupt the system's search."""
    if network.canonicalise_address(host) is not None:
        return [host]
    if not _resolving.acquire(blocking=False):
        raise NotReached(Failure.BUSY)
    found: Future[list[str]] = Future()

    def search() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))
        except (OSError, UnicodeError):
            found.set_result([])
        finally:
            _resolving.release()

    threading.Thread(target=search, name="argus-resolver", daemon=True).start()
    addresses = found.result(deadline.left())
    if not addresses:
        raise NotReached(Failure.NAME)
    return addresses


def _read_media_type(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return given.partition(b";")[0].strip().lower().decode("latin-1")


def _tell_apart(problem: BaseException) -> Failure:
    """Find out whether TLS failed: httpcore tells a connection from it by the cause alone."""
    cause = problem if isinstance(problem, ssl.SSLError) else problem.__cause__ or problem.__context__
    return Failure.TLS if isinstance(cause, ssl.SSLError) else Failure.CONNECTION
