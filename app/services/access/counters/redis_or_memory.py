"""Redis, and while that is silent the memory of this process (decision 024).

Imported when the settings name Redis: nobody else needs its driver.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from limits.storage import MemoryStorage
from limits.storage import RedisStorage
from limits.storage import Storage
from limits.storage import storage_from_string
from limits.storage.base import MovingWindowSupport
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from structlog import get_logger

log = get_logger("argus")
T = TypeVar("T")
# Redis answers within a millisecond. Who logs in while it is silent waits this long, once in RETRY_SECONDS.
ANSWER_SECONDS = 0.25
RETRY_SECONDS = 5.0


class RedisOrMemory(Storage, MovingWindowSupport):
    """Counts in Redis. While Redis does not answer, this process counts for itself and goes on.

    After a failure nobody asks Redis for ``RETRY_SECONDS``, then one call tries.
    """

    STORAGE_SCHEME = None

    def __init__(self, url: str, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(url)
        self._now = now
        shared = storage_from_string(
            url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            # The library's own three retries wait for seconds.
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
        )
        if not isinstance(shared, RedisStorage):
            raise TypeError("ARGUS_RATELIMIT_STORAGE names Redis, memory:// or database.")
        self._shared = shared
        self._own = MemoryStorage()
        self._lock = threading.Lock()
        # When Redis is asked again; ``None`` while it answers.
        self._again_at: float | None = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return RedisError

    @property
    def is_shared(self) -> bool:
        """Tell whether Redis answered the last time it was asked."""
        return self._again_at is None

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self._ask(lambda storage: storage.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        return self._ask(lambda storage: storage.get(key))

    def get_expiry(self, key: str) -> float:
        return self._ask(lambda storage: storage.get_expiry(key))

    def check(self) -> bool:
        return self._ask(lambda storage: storage.get("") >= 0)

    def reset(self) -> int | None:
        return self._ask(lambda storage: storage.reset())

    def clear(self, key: str) -> None:
        return self._ask(lambda storage: storage.clear(key))

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        return self._ask(lambda storage: storage.acquire_entry(key, limit, expiry, amount))

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        return self._ask(lambda storage: storage.get_moving_window(key, limit, expiry))

    def _ask(self, work: Callable[[RedisStorage | MemoryStorage], T]) -> T:
        if self._may_try():
            try:
                found = work(self._shared)
            except (RedisError, OSError) as problem:
                self._note_failure(problem)
            else:
                self._note_answer()
                return found
        return work(self._own)

    def _may_try(self) -> bool:
        if self._again_at is None:
            return True
        with self._lock:
            now = self._now()
            if self._again_at is not None and now < self._again_at:
                return False
            self._again_at = now + RETRY_SECONDS
            return True

    def _note_failure(self, problem: Exception) -> None:
        with self._lock:
            is_new, self._again_at = self._again_at is None, self._now() + RETRY_SECONDS
        if is_new:
            log.error("throttles-in-memory", kind=type(problem).__name__, problem=str(problem)[:300])

    def _note_answer(self) -> None:
        if self._again_at is not None:
            with self._lock:
                self._again_at = None
            log.warning("throttles-in-redis-again")
