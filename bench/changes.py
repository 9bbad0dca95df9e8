"""``make bench-changes``: what calls cost while an administrator makes 1,000 policy changes a minute.

Over the large data set, both databases: CPU of a call without changes, of a change without calls, and of both
at once, from which the changes are taken off. Every process must see each change before its next answer.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import requests

from bench import cpu
from bench import large
from bench.side_by_side import POSTGRES
from bench.side_by_side import measure
from bench.targets import Target
from bench.targets import serve_product

PER_MINUTE = 1_000
SECONDS = 12.0
CONNECTIONS = 8
PERMISSION, CHILDREN = "/useradmin/v2/permission", f"/useradmin/v2/function/function-{large.FIRST}/children"
# Neither is held or bundled in the large set.
GRANTED = {"subject": f"group-{large.FIRST + large.USERS}", "function": "addFunction",
           "customer": f"customer-{large.FIRST}"}  # fmt: skip
BUNDLED = f"function-{large.FIRST + large.FUNCTIONS - 1}"
WORKLOADS = ("session", "userinfo", "introspect")


class Administrator:
    """Makes changes, one after the other, at the pace of ``PER_MINUTE``."""

    def __init__(self, target: Target) -> None:
        self.base, self.browser = target.base, requests.Session()
        self.browser.headers["Argus-API-Key"] = target.values["key"]

    def grant_and_revoke(self) -> tuple[Callable[[], None], ...]:
        """A permission of a group: the versions of graph and tree stay."""
        held: list[str] = []

        def grant() -> None:
            held.append(self._call("POST", PERMISSION, json=GRANTED)["data"]["id"])

        return grant, lambda: self._call("DELETE", f"{PERMISSION}/{held.pop()}") and None

    def bundle_and_unbundle(self) -> tuple[Callable[[], None], ...]:
        """A function below another: every process loads the graph anew."""
        return (
            lambda: self._call("POST", CHILDREN, json={"children": [BUNDLED]}) and None,
            lambda: self._call("DELETE", CHILDREN, params={"child": BUNDLED}) and None,
        )

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self.browser.request(method, self.base + path, timeout=30, **options)
        if answer.status_code not in (200, 201):
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return dict(answer.json())


def change(changes: tuple[Callable[[], None], ...], until: Callable[[], bool]) -> int:
    """Make these changes in turn until told; an even number of them."""
    made, next_at = 0, time.monotonic()
    for one in cycle(changes):
        if until() and made % 2 == 0:
            return made
        one()
        made += 1
        next_at += 60 / PER_MINUTE
        time.sleep(max(0.0, next_at - time.monotonic()))
    return made


def compare(target: Target, changes: tuple[Callable[[], None], ...]) -> dict[str, Any]:
    """CPU milliseconds of one change, and of one call of each workload without and with changes."""
    end = time.monotonic() + SECONDS
    before = cpu.read_tree(target.pid) + cpu.read_named("postgres")
    made = change(changes, lambda: time.monotonic() > end)
    one = (cpu.read_tree(target.pid) + cpu.read_named("postgres") - before) * 1000 / made
    found: dict[str, Any] = {"change": one}
    for workload in WORKLOADS:
        quiet = measure(target, workload, CONNECTIONS, SECONDS / 2)
        done, counted = threading.Event(), list[int]()
        administrator = threading.Thread(target=lambda: counted.append(change(changes, done.is_set)))  # noqa: B023
        administrator.start()
        busy = measure(target, workload, CONNECTIONS, SECONDS)
        done.set()
        administrator.join()
        alone = quiet["server"] + quiet["database"]
        beside = busy["server"] + busy["database"] - counted[0] * one / busy["rounds"]
        found[workload] = {"quiet": alone, "beside": beside, "ratio": beside / alone,
                           "changes a minute": counted[0] * 60 / SECONDS, "p99": busy["p99"]}  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", *(["postgres"] if POSTGRES else [])])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    told: dict[str, Any] = {}
    for database in arguments.databases:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            target = stack.enter_context(
                serve_product(folder / "large", database, POSTGRES, with_large_set=True)
            )
            administrator = Administrator(target)
            for name, changes in (
                ("permission of a group", administrator.grant_and_revoke()),
                ("function below another", administrator.bundle_and_unbundle()),
            ):
                told[f"{name}, {database}"] = found = compare(target, changes)
                print(f"{name}, {database}: a change costs {found['change']:.1f} ms")
                for workload in WORKLOADS:
                    row = found[workload]
                    print(f"    {workload:12}{row['quiet']:7.2f}{row['beside']:8.2f} ms{row['ratio']:7.2f} x")
    if arguments.json:
        arguments.json.write_text(json.dumps(told, indent=1) + os.linesep, encoding="utf-8")


if __name__ == "__main__":
    main()
