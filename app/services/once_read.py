"""What was read once in the current unit of work, or outside of one in the current request.

``unit_of_work`` begins each unit with nothing, and forgets what was read in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from app.runtime import memory

T = TypeVar("T")
# Where it lies in ``memory``.
READ = "argus_read"


def remember(key: tuple[str, ...], read: Callable[[], T]) -> T:
    """Return what ``read`` returned for this key in this unit, or outside of one in this request.

    A unit begins with nothing: it decides with what it reads itself.
    """
    kept = memory().setdefault(READ, {})
    if key not in kept:
        kept[key] = read()
    found: T = kept[key]
    return found


def keep(key: tuple[str, ...], found: object) -> None:
    """Keep what another look-up brought along, for who asks ``remember`` or ``take`` for it next."""
    memory().setdefault(READ, {}).setdefault(key, found)


def take(key: tuple[str, ...], read: Callable[[], T]) -> T:
    """Return what was kept for this key in this unit or request, once: who looks again reads anew."""
    kept = memory().get(READ, {})
    found: T = kept.pop(key) if key in kept else read()
    return found
