"""Counters in Redis, and while it is silent in this process (``counting``): shared by whoever names it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from limits.storage import Storage

from app.services.access.counters.interface import Counter


class RedisCounters:
    """Each counter is one key; raising it is one atomic step whose answer says how many came before."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def take(self, counters: Sequence[Counter]) -> int:
        for number, one in enumerate(counters):
            if self._storage.incr(_name(one), one.seconds) > one.limit:
                self._give_back(counters[: number + 1])
                return max(1, self._read_wait(one))
        return 0

    def settle(self, cleared: Sequence[Counter], returned: Sequence[Counter]) -> None:
        for one in cleared:
            self._storage.clear(_name(one))
        self._give_back(returned)

    def _give_back(self, counters: Sequence[Counter]) -> None:
        for one in counters:
            # Below nothing: the counter had expired since, and began anew with this step.
            if self._storage.incr(_name(one), one.seconds, -1) < 0:
                self._storage.clear(_name(one))

    def _read_wait(self, one: Counter) -> int:
        return int(self._storage.get_expiry(_name(one)) - time.time()) + 1


def _name(one: Counter) -> str:
    return f"argus/{one.key.hex()}"
