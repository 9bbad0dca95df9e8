"""The announced stop, so that no client loses a request.

1. For a second every answer says ``Connection: close``: a client that keeps its connection could otherwise
   send its next call while the server closes it.
2. Then no new connection is taken, and those that came last have half a second to be answered.
3. Then the server stops.

The moment stands in a file that the parent and its workers map into memory: reading it costs no system call.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

FLAG_FILE = "_ARGUS_IDP_STOPPING"
ANNOUNCE_SECONDS = 1.0
# Time for the last accepted connections to send their request.
DRAIN_SECONDS = 0.5
MOMENT = struct.Struct("d")


class StopFlag:
    """The time when new connections are refused, in seconds of the monotonic clock; 0 while there is none.

    Shared by all processes that open the same file.
    """

    def __init__(self, path: str) -> None:
        with Path(path).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), MOMENT.size)

    @property
    def moment(self) -> float:
        """Return when to stop listening; 0 while the server runs on."""
        return float(MOMENT.unpack_from(self._memory)[0])

    def set(self) -> None:
        """Announce that the server is about to stop."""
        MOMENT.pack_into(self._memory, 0, time.monotonic() + ANNOUNCE_SECONDS)


def create_flag() -> StopFlag:
    """Create a flag for this process and its workers, which find it in the environment."""
    handle, path = tempfile.mkstemp(prefix=f"argus-idp-{os.getpid()}-")
    with os.fdopen(handle, "wb") as file:
        file.write(bytes(MOMENT.size))
    os.environ[FLAG_FILE] = path
    return StopFlag(path)


def open_flag() -> StopFlag:
    """Open the flag of this process's parent."""
    return StopFlag(os.environ[FLAG_FILE])


def remove_flag() -> None:
    """Delete the file."""
    path = os.environ.pop(FLAG_FILE, None)
    if path is not None:
        Path(path).unlink(missing_ok=True)


def announce_before(flag: StopFlag) -> None:
    """Wrap the handlers of SIGTERM and SIGINT in this process: announce first, then run the previous handler.

    A second signal stops at once.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, _wrap_handler(flag, before))


def _wrap_handler(
    flag: StopFlag, before: Callable[[int, FrameType | None], object]
) -> Callable[[int, FrameType | None], None]:
    parent = os.getpid()

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() != parent or flag.moment:
            before(number, frame)
            return
        flag.set()
        signal.signal(signal.SIGALRM, lambda _number, later: before(number, later))
        signal.setitimer(signal.ITIMER_REAL, ANNOUNCE_SECONDS + DRAIN_SECONDS)

    return handle
