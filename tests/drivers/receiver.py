"""An application's end of a call that the server makes: a real socket, as good or as bad as told.

``Receiver`` keeps the requests that came; ``answer`` gets connection and request, and does what it likes.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

Answer = Callable[[socket.socket, "Request"], None]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def says(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    """A whole answer that keeps the connection."""
    told = {"Content-Length": str(len(body)), **{name.replace("_", "-"): v for name, v in headers.items()}}
    lines = [f"HTTP/1.1 {status} Told", *(f"{name}: {value}" for name, value in told.items()), "", ""]

    def answer(connection: socket.socket, request: Request) -> None:
        connection.sendall("\r\n".join(lines).encode() + body)

    return answer


class Receiver:
    """Serves until it is closed, a thread for each connection."""

    def __init__(self, answer: Answer | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer or says()
        self.requests: list[Request] = []
        self.connections = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nobody listens any more: the next call finds no connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # Whoever calls may leave at any moment.
        with contextlib.suppress(OSError, ValueError), connection:
            held = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            with held, held.makefile("rb") as stream:
                while (request := _read(stream)) is not None:
                    self.requests.append(request)
                    self.answer(held, request)


def _read(stream: socket.SocketIO) -> Request | None:
    first = stream.readline().decode().split()
    if len(first) != 3:
        return None
    headers = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    body = stream.read(length) or b""
    if len(body) < length:
        return None  # whoever called was killed
    return Request(first[0], first[1], headers, body)
