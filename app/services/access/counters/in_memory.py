"""Counters of this process alone: for one process, which may forget them when it ends."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

from app import clock
from app.services.access.counters.interface import Counter

# More counters than this: the expired ones are looked for and dropped.
TIDY_ABOVE = 10_000


class MemoryCounters:
    """Count and end of each key, under one lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[bytes, tuple[int, float]] = {}

    def take(self, counters: Sequence[Counter]) -> int:
        now = clock.now().timestamp()
        with self._lock:
            wait = self._find_wait(counters, now)
            if wait:
                return wait
            for one in counters:
                count, end = self._read(one, now)
                self._held[one.key] = (count + 1, end)
            if len(self._held) > TIDY_ABOVE:
                self._held = {key: held for key, held in self._held.items() if held[1] > now}
            return 0

    def settle(self, cleared: Sequence[Counter], returned: Sequence[Counter]) -> None:
        with self._lock:
            for one in cleared:
                self._held.pop(one.key, None)
            for one in returned:
                count, end = self._held.get(one.key, (0, 0.0))
                if count:
                    self._held[one.key] = (count - 1, end)

    def _find_wait(self, counters: Sequence[Counter], now: float) -> int:
        held = [(one.limit, *self._read(one, now)) for one in counters]
        ends = [end for limit, count, end in held if count >= limit]
        return math.ceil(max(ends) - now) if ends else 0

    def _read(self, one: Counter, now: float) -> tuple[int, float]:
        count, end = self._held.get(one.key, (0, 0.0))
        return (count, end) if end > now else (0, now + one.seconds)
