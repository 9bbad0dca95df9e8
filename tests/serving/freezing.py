"""A way to a server that can be frozen: connections stay open, and nothing goes through any more."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy


class FreezingWay:
    """Forwards each connection to ``host:port`` until it is frozen, and again after ``thaw``."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open = threading.Event()
        self._open.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        """New connections are still accepted, by the system."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._open.set()
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(self._target)
                self._sockets += [here, there]
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(65_536):
                self._open.wait()
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)


@contextmanager
def freezing(url: str) -> Iterator[tuple[FreezingWay, str]]:
    """A way to the database of ``url``, and the URL that goes by it."""
    base = sqlalchemy.make_url(url)
    way = FreezingWay(base.host or "127.0.0.1", base.port or 5432)
    try:
        yield way, base.set(host="127.0.0.1", port=way.port).render_as_string(hide_password=False)
    finally:
        way.close()
