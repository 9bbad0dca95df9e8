"""Limits on what the kernel holds for us: open connections, and bytes that a peer does not read."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# A peer that stops reading is disconnected after this; the server has no send timeout of its own.
UNREAD_MILLISECONDS = 30_000
LOOK_SECONDS = 30
FDS = "/proc/self/fd"
# socket(7); Python has no name for it. The program is one instruction: return 0, keep nothing.
SO_ATTACH_FILTER = 26
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
FAMILIES = (socket.AF_INET, socket.AF_INET6)


def raise_file_limit(wanted: int) -> int:
    """Let this process hold ``wanted`` open files if it may; returns how many it may hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft if soft != resource.RLIM_INFINITY else wanted


def watch_listener() -> None:
    """Limit what a peer that does not read can hold, once this process listens.
    Accepted sockets inherit it.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT") and Path(FDS).is_dir():
        threading.Thread(target=_bound_listeners, name="listener", daemon=True).start()


def stop_listening() -> None:
    """Accept no new connection in this process; open ones continue. Linux only; elsewhere it does nothing.

    A filter drops the first packet of a new client; its system repeats the packet a second later, to the
    server that listens then. Closing the socket instead would reset the clients that wait in its queue.
    """
    program = ctypes.create_string_buffer(DROP_ALL)
    filters = struct.pack("HP", 1, ctypes.addressof(program))
    for listener in _find_listeners():
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filters)
        listener.detach()


def _bound_listeners() -> None:
    until = time.monotonic() + LOOK_SECONDS
    while time.monotonic() < until:
        found = list(_find_listeners())
        for listener in found:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
            listener.detach()
        if found:
            return
        time.sleep(0.05)


def _find_listeners() -> Iterator[socket.socket]:
    """Return the listening TCP sockets of this process. The server owns them: detach, do not close."""
    if not Path(FDS).is_dir():
        return
    for name in os.listdir(FDS):
        with contextlib.suppress(OSError, ValueError):
            found = socket.socket(fileno=int(name))
            if found.family in FAMILIES and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield found
            else:
                found.detach()
