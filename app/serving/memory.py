"""Memory that was freed goes back to the system, so that a rush of logins does not stay as size."""

from __future__ import annotations

import contextlib
import ctypes

# malloc.h of glibc; Python has no name for it.
M_MMAP_THRESHOLD = -3
# Below the 19 MiB of a slow hash, above nearly all else.
MAPPED_BYTES = 4 * 1024 * 1024


def return_large_blocks() -> None:
    """Let the C library map each large block by itself and unmap it when it is freed.

    By itself glibc stops doing so after the first such block, and then keeps one for each thread. Other C
    libraries have no such setting and need none: there this does nothing.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES)
