"""``make bench-http``: product and floor over HTTP, alternating; the least of the rounds counts.

``--peer`` adds node-oidc-provider, a server of others, as the third; ``--large`` the product over the large
data set (``bench/large.py``) beside itself over the demo's.

CPU milliseconds per operation, of the server's processes and of the database's apart; operations per second;
latency of single requests. ``--json FILE`` keeps all of it, ``--base FILE`` compares with what was kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench import cpu
from bench.targets import Target
from bench.targets import serve_floor
from bench.targets import serve_peer
from bench.targets import serve_product
from bench.workloads import WORKLOADS

Serve = Callable[[Path, str, str], AbstractContextManager[Target]]
LOAD = Path(__file__).parent / "load"
POSTGRES = os.environ.get("ARGUS_TEST_POSTGRES_URL", "")


def measure(target: Target, workload: str, connections: int, seconds: float) -> dict[str, Any]:
    """One round of one workload."""
    plan = {
        "base": target.base,
        "connections": connections,
        "seconds": seconds,
        "values": target.values,
        **WORKLOADS[workload](target, connections),
    }
    before = cpu.read_tree(target.pid), cpu.read_named("postgres")
    done = subprocess.run(
        ["node", "load.mjs"], cwd=LOAD, input=json.dumps(plan), capture_output=True, text=True, check=True
    )
    after = cpu.read_tree(target.pid), cpu.read_named("postgres")
    told: dict[str, Any] = json.loads(done.stdout)
    if told["wrong"] or not told["rounds"]:
        raise AssertionError(f"{target.name} {workload}: {told['wrong']} wrong, first {told['firstWrong']}")
    database = (after[1] - before[1]) * 1000 / told["rounds"] if target.database == "postgres" else 0.0
    return told | {"server": (after[0] - before[0]) * 1000 / told["rounds"], "database": database}


def least(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The round with the least CPU."""
    return min(rounds, key=lambda one: one["server"] + one["database"])


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Every workload on every database, the targets in turn."""
    found: dict[str, Any] = {}
    kinds: dict[str, Serve] = {"floor": serve_floor, "product": serve_product}
    if arguments.peer:
        kinds["node"] = serve_peer
    if arguments.large:
        kinds["large"] = partial(serve_product, with_large_set=True)
    for database in arguments.databases:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            targets = [
                stack.enter_context(serve(folder / name, database, POSTGRES)) for name, serve in kinds.items()
            ]
            for workload in arguments.workloads:
                able = [target for target in targets if workload not in target.lacks]
                rounds: dict[str, list[dict[str, Any]]] = {target.name: [] for target in able}
                for _ in range(arguments.rounds):
                    for target in able:
                        rounds[target.name].append(
                            measure(target, workload, arguments.connections, arguments.seconds)
                        )
                found[f"{workload}, {database}"] = {name: least(some) for name, some in rounds.items()}
                print_row(f"{workload}, {database}", found[f"{workload}, {database}"], arguments.base)
            found[f"memory, {database}"] = {one.name: cpu.read_memory(one.pid) for one in targets}
            print(f"memory, {database}: {found[f'memory, {database}']}")
    return found


def print_row(name: str, row: dict[str, Any], base: dict[str, Any]) -> None:
    """One line: CPU and ratios, what the kept run had, rate and latency of the product."""
    total = {target: one["server"] + one["database"] for target, one in row.items()}
    product, earlier = row["product"], base.get(name, {}).get("product")
    peer = f"{total['node']:8.2f}{total['product'] / total['node']:8.2f}" if "node" in total else " " * 16
    bigger = f"{total['large'] / total['product']:8.2f}" if "large" in total else " " * 8
    was = f"{earlier['server'] + earlier['database']:8.2f}" if earlier else " " * 8
    print(
        f"{name:30}{total['product']:8.2f} ({product['database']:.2f}){total['floor']:8.2f}"
        f"{total['product'] / total['floor']:8.2f}{peer}{bigger}{was}{product['perSecond']:9.0f}/s"
        f"{product['p50']:7.1f}{product['p99']:8.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--databases", nargs="+", default=["sqlite", *(["postgres"] if POSTGRES else [])])
    parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS))
    parser.add_argument("--peer", action="store_true", help="measure node-oidc-provider too")
    parser.add_argument("--large", action="store_true", help="measure over the large data set too")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--base", type=Path)
    arguments = parser.parse_args()
    arguments.base = json.loads(arguments.base.read_text(encoding="utf-8")) if arguments.base else {}
    print(
        f"{'CPU ms per operation':30}{'product':>8} (db) {'floor':>8}{'ratio':>8}{'node':>8}{'ratio':>8}"
        f"{'large':>8}{'kept':>8}{'rate':>11}  p50  p99"
    )
    found = compare(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
