"""Memory that was freed goes back to the system, so that a rush of logins does not stay as size.

By itself glibc keeps a slow hash's block of 19 MiB for each thread. In one pool all threads share one or two,
and these are given back after seconds. Mapping each block by itself would return it at once, and make a hash
half as dear again (measured). Other C libraries have neither function and need none: there nothing is done.
"""

from __future__ import annotations

import ctypes
import threading
import time

# malloc.h of glibc; Python has no name for it.
M_ARENA_MAX = -8
TRIM_SECONDS = 10


def use_one_pool() -> None:
    """Let all threads share one pool of memory. Before the first thread starts: a thread keeps its pool."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 1)


def give_back_regularly() -> None:
    """Give freed memory back every few seconds, in a thread of this process."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        threading.Thread(target=_give_back, args=(library,), name="memory", daemon=True).start()


def _give_back(library: ctypes.CDLL) -> None:
    while True:
        time.sleep(TRIM_SECONDS)
        library.malloc_trim(0)
