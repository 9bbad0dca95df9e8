"""Bytes to a server and back, without a library that would mend them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Raw:
    """One connection. ``read`` waits for one whole answer."""

    def __init__(self, port: int, seconds: float = 30) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = b""

    def send(self, text: str | bytes) -> Raw:
        self.socket.sendall(text.encode() if isinstance(text, str) else text)
        return self

    def read(self) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields and body of the next answer; status 0 when the connection ends instead."""
        while b"\r\n\r\n" not in self._held:
            if not self._more():
                return 0, {}, b""
        head, _, rest = self._held.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        size = int(fields.get("content-length", 0))
        while len(rest) < size and self._more():
            rest = self._held.partition(b"\r\n\r\n")[2]
        self._held = rest[size:]
        return int(lines[0].split()[1]), fields, rest[:size]

    def ended(self) -> bool:
        """Whether the server closes the connection without another word, within the time-out."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.socket.close()

    def _more(self) -> bool:
        try:
            more = self.socket.recv(65_536)
        except ConnectionError:
            return False
        self._held += more
        return bool(more)


@contextmanager
def many(port: int, count: int, text: str) -> Iterator[list[Raw]]:
    """So many connections that sent this and nothing more."""
    made = [Raw(port) for _ in range(count)]
    try:
        for one in made:
            one.send(text)
        yield made
    finally:
        for one in made:
            one.close()
