"""Counting failures, so that guessing gets slow without locking anybody out for good (security rule 42).

Only failures count; each counter decays with its window. A victim's own address keeps working while a
stranger guesses, because the tight limit is per account *and* source.
"""

from __future__ import annotations

import hashlib
import time

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from app.runtime import per_app
from app.runtime import settings
from app.services.problems import Throttled

# By source alone and by account alone the limit is this many times wider.
WIDER = 10


class Throttle:
    """One limiter over memory, or over Redis when several processes share it."""

    def __init__(self) -> None:
        storage = storage_from_string(settings().ratelimit_storage)
        if not isinstance(storage, Storage):  # pragma: no cover - the asynchronous kinds are never named
            raise TypeError("a synchronous rate-limit storage is needed")
        self._limiter = MovingWindowRateLimiter(storage)

    def check(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """Raise ``Throttled`` when there were too many failures of this kind lately."""
        for item, key in self._counters(kind, failures, account, source):
            if not self._limiter.test(item, *key):
                reset = self._limiter.get_window_stats(item, *key).reset_time
                raise Throttled(int(reset - time.time()) + 1)

    def failed(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """Count one failure."""
        for item, key in self._counters(kind, failures, account, source):
            self._limiter.hit(item, *key)

    def succeeded(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """A success clears the account's own count from this source."""
        item, key = self._counters(kind, failures, account, source)[0]
        self._limiter.clear(item, *key)

    @staticmethod
    def _counters(
        kind: str, failures: int, account: str, source: str | None
    ) -> list[tuple[RateLimitItemPerSecond, tuple[str, str]]]:
        window = settings().throttle_window_seconds
        tight = RateLimitItemPerSecond(failures, window)
        wide = RateLimitItemPerSecond(failures * WIDER, window)
        # Names are hashed: a counter's key must not hold what a person typed into the wrong field.
        who = hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        origin = source or "unknown"
        return [
            (tight, (kind + "/both", f"{who}/{origin}")),
            (wide, (kind + "/source", origin)),
            (wide, (kind + "/account", who)),
        ]


def throttle() -> Throttle:
    """The throttle of this application."""
    return per_app(Throttle)
