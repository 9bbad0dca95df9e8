"""Count failures, so that guessing becomes slow and nobody is locked out permanently (security rule 42).

Only failures count; each counter expires with its window. While a stranger guesses, the owner's address keeps
working: the strict limit is per account *and* source, and a source that succeeded lately is not affected by
failures of others.
"""

from __future__ import annotations

import hashlib
import time

from limits import RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter

from app.policy import network
from app.runtime import per_app
from app.runtime import settings
from app.services.access import counting
from app.services.problems import Throttled

# The limit by source alone, or by account alone, is this many times higher.
WIDER = 10
Counter = tuple[RateLimitItemPerSecond, str, str]


class Throttle:
    """A rate limiter in memory, or in Redis when several processes share it."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(counting.counters())

    def check(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """Raise ``Throttled`` after too many recent failures of this kind."""
        both, by_source, by_account = _list_counters(kind, failures, account, source)
        known = not self._limiter.test(*_count_known_source(kind, account, source))
        self._test(both, by_source, *(() if known else (by_account,)))

    def count_failure(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """Count one failure."""
        for counter in _list_counters(kind, failures, account, source):
            self._limiter.hit(*counter)

    def record_success(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """Clear the account's own count from this source, and remember the success for one window."""
        item, *key = _list_counters(kind, failures, account, source)[0]
        self._limiter.clear(item, *key)
        item, *key = _count_known_source(kind, account, source)
        # Clear first: a hit on a full counter would not start a new window.
        self._limiter.clear(item, *key)
        self._limiter.hit(item, *key)

    def count_stranger(self, kind: str, failures: int, source: str | None) -> None:
        """Count a failure of a source without an account; raise ``Throttled`` after too many."""
        counter = _count_by_source(kind, failures, source)
        if not self._limiter.hit(*counter):
            self._test(counter)

    def _test(self, *counters: Counter) -> None:
        for item, *key in counters:
            if not self._limiter.test(item, *key):
                reset = self._limiter.get_window_stats(item, *key).reset_time
                raise Throttled(int(reset - time.time()) + 1)


def _list_counters(
    kind: str, failures: int, account: str, source: str | None
) -> tuple[Counter, Counter, Counter]:
    """Return the counters by account and source, by source, and by account."""
    window, who = settings().throttle_window_seconds, _hash_account(account)
    tight, wide = RateLimitItemPerSecond(failures, window), RateLimitItemPerSecond(failures * WIDER, window)
    return (
        (tight, kind + "/both", f"{who}/{_name_source(source)}"),
        _count_by_source(kind, failures, source),
        (wide, kind + "/account", who),
    )


def _count_by_source(kind: str, failures: int, source: str | None) -> Counter:
    wide = RateLimitItemPerSecond(failures * WIDER, settings().throttle_window_seconds)
    return wide, kind + "/source", _name_source(source)


def _count_known_source(kind: str, account: str, source: str | None) -> Counter:
    """Return the counter that is full if this account recently succeeded from this source."""
    once = RateLimitItemPerSecond(1, settings().throttle_window_seconds)
    return once, kind + "/known", f"{_hash_account(account)}/{_name_source(source)}"


def _hash_account(account: str) -> str:
    # Names are hashed: a counter's key must not contain what a person typed into the wrong field.
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _name_source(source: str | None) -> str:
    return network.identify_source(source) if source else "unknown"


def throttle() -> Throttle:
    """Return the throttle of this application."""
    return per_app(Throttle)
