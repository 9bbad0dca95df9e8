"""Counting failures, so that guessing gets slow without locking anybody out for good (security rule 42).

Only failures count; each counter decays with its window. A victim's own address keeps working while a
stranger guesses: the tight limit is per account *and* source, and where somebody succeeded lately, what
others do to the account does not count.
"""

from __future__ import annotations

import hashlib
import time

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from app.policy import network
from app.runtime import per_app
from app.runtime import settings
from app.services.problems import Throttled

# By source alone and by account alone the limit is this many times wider.
WIDER = 10
Counter = tuple[RateLimitItemPerSecond, str, str]


class Throttle:
    """One limiter over memory, or over Redis when several processes share it."""

    def __init__(self) -> None:
        storage = storage_from_string(settings().ratelimit_storage)
        if not isinstance(storage, Storage):  # pragma: no cover - the asynchronous kinds are never named
            raise TypeError("a synchronous rate-limit storage is needed")
        self._limiter = MovingWindowRateLimiter(storage)

    def check(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """Raise ``Throttled`` when there were too many failures of this kind lately."""
        both, by_source, by_account = _counters(kind, failures, account, source)
        known = not self._limiter.test(*_known(kind, account, source))
        self._test(both, by_source, *(() if known else (by_account,)))

    def failed(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """Count one failure."""
        for counter in _counters(kind, failures, account, source):
            self._limiter.hit(*counter)

    def succeeded(self, kind: str, failures: int, account: str, source: str | None) -> None:
        """A success clears the account's own count from this source, and is remembered for a window."""
        item, *key = _counters(kind, failures, account, source)[0]
        self._limiter.clear(item, *key)
        item, *key = _known(kind, account, source)
        # Cleared first: of a full counter a hit would not begin the window anew.
        self._limiter.clear(item, *key)
        self._limiter.hit(item, *key)

    def stranger(self, kind: str, failures: int, source: str | None) -> None:
        """Count one failure of a source where no account is named; raise ``Throttled`` after too many."""
        counter = _by_source(kind, failures, source)
        if not self._limiter.hit(*counter):
            self._test(counter)

    def _test(self, *counters: Counter) -> None:
        for item, *key in counters:
            if not self._limiter.test(item, *key):
                reset = self._limiter.get_window_stats(item, *key).reset_time
                raise Throttled(int(reset - time.time()) + 1)


def _counters(kind: str, failures: int, account: str, source: str | None) -> tuple[Counter, Counter, Counter]:
    """By account and source, by source, by account."""
    window, who = settings().throttle_window_seconds, _hashed(account)
    tight, wide = RateLimitItemPerSecond(failures, window), RateLimitItemPerSecond(failures * WIDER, window)
    return (
        (tight, kind + "/both", f"{who}/{_origin(source)}"),
        _by_source(kind, failures, source),
        (wide, kind + "/account", who),
    )


def _by_source(kind: str, failures: int, source: str | None) -> Counter:
    wide = RateLimitItemPerSecond(failures * WIDER, settings().throttle_window_seconds)
    return wide, kind + "/source", _origin(source)


def _known(kind: str, account: str, source: str | None) -> Counter:
    """Full when this account succeeded from this source lately."""
    once = RateLimitItemPerSecond(1, settings().throttle_window_seconds)
    return once, kind + "/known", f"{_hashed(account)}/{_origin(source)}"


def _hashed(account: str) -> str:
    # Names are hashed: a counter's key must not hold what a person typed into the wrong field.
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _origin(source: str | None) -> str:
    return network.source_of(source) if source else "unknown"


def throttle() -> Throttle:
    """The throttle of this application."""
    return per_app(Throttle)
