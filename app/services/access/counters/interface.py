"""What a storage of counters must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Counter:
    """At most ``limit`` within ``seconds`` of the first one. ``key`` is 16 bytes that reveal nothing."""

    key: bytes
    limit: int
    seconds: int


class Counters(Protocol):
    """A storage, shared by all processes that use it."""

    def take(self, counters: Sequence[Counter]) -> int:
        """Count one in each and return 0; if one is full, count nothing and return the seconds to wait.

        One step: of any number at once, each counter lets at most its limit through.
        """

    def settle(self, cleared: Sequence[Counter], returned: Sequence[Counter]) -> None:
        """Set some to nothing; take one off the others."""
