"""How much is tried: a share in each run of the tests, all of it by ``make torture``.

``ARGUS_TEST_TORTURE=full`` means all of it; ``ARGUS_TEST_TORTURE_SEQUENCES=500`` sets one figure alone.
"""

from __future__ import annotations

import os

IS_FULL = os.environ.get("ARGUS_TEST_TORTURE") == "full"
# name -> in each run, by ``make torture``
FIGURES = {
    # Of all faults at all statements of a use case, each so-many-th is tried.
    "fault_step": (9, 1),
    # Seconds for which the database ends all its sessions again and again.
    "terminating_seconds": (2, 120),
    # Random lives of the model, on each database and on a running server, and the steps of each.
    "lives": (4, 1_000),
    "live_lives": (1, 100),
    "steps": (15, 30),
    # How often each duel of two processes is fought, on each database.
    "duels": (2, 500),
    # Of the guards of a file, each so-many-th is taken out; in each run only those of app/policy/access.py.
    "mutant_step": (45, 1),
    # Requests of every kind of wrongness, on each database.
    "shots": (400, 50_000),
}


def figure(name: str) -> int:
    """The figure of this run."""
    share, full = FIGURES[name]
    return int(os.environ.get(f"ARGUS_TEST_TORTURE_{name.upper()}", full if IS_FULL else share))
