"""A rival that comes exactly between what a use case judged and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from app.services import unit_of_work


@contextmanager
def rival_before_unit(rival: Callable[[], Any], number: int = 1) -> Iterator[list[int]]:
    """Let the rival finish right before the unit of this number opens. Yields how many opened."""
    opened = [0]
    run = unit_of_work._run_once

    def run_after_rival(work: Callable[[], Any]) -> Any:
        opened[0] += 1
        if opened[0] == number:
            unit_of_work._run_once = run
            try:
                # A thread of its own has an application context, and so a connection, of its own.
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(rival).result()
            finally:
                unit_of_work._run_once = run_after_rival
        return run(work)

    unit_of_work._run_once = run_after_rival
    try:
        yield opened
    finally:
        unit_of_work._run_once = run
