"""CPU and queries of one call, and the table they are shown in."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ROUNDS = 300


@dataclass(frozen=True)
class Row:
    """One line; ``kilobytes`` is what a browser fetches for a page, 0 where it does not matter."""

    name: str
    milliseconds: float
    queries: int
    kilobytes: float = 0


def measured(
    name: str, call: Callable[[], Any], counter: list[str], rounds: int = ROUNDS, kilobytes: float = 0
) -> Row:
    """CPU milliseconds and statements of one call, warm."""
    for _ in range(5):
        call()
    counter.clear()
    call()
    statements = len([s for s in counter if not s.startswith(("BEGIN", "PRAGMA"))])
    began = time.process_time()
    for _ in range(rounds):
        call()
    return Row(name, (time.process_time() - began) * 1000 / rounds, statements, kilobytes)


def table(title: str, rows: Sequence[Row], floor: float) -> None:
    """Print the rows; the ratio is to the answer that does nothing."""
    print(
        f"{title:<26} {'CPU ms':>8} {'ratio':>7} {'queries':>8}"
        + (f" {'kB':>6}" if rows[-1].kilobytes else "")
    )
    for row in rows:
        ratio, weight = row.milliseconds / floor, f" {row.kilobytes:>6.1f}" if row.kilobytes else ""
        print(f"{row.name:<26} {row.milliseconds:>8.2f} {ratio:>7.1f} {row.queries:>8}{weight}")
