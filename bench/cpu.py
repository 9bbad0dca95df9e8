"""CPU seconds of processes, from ``/proc`` (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def read_tree(root: int) -> float:
    """CPU seconds of a process and everything below it that is alive."""
    return sum(_read_seconds(pid) for pid in [root, *_list_below(root)])


def read_named(name: str) -> float:
    """CPU seconds of all processes with this name, and of those below them that ended: a database's."""
    return sum(_read_seconds(pid, ended=True) for pid in _list_all() if _read(pid, "comm").strip() == name)


def read_memory(root: int) -> float:
    """Proportional set size of the tree, in MB: shared pages are counted once."""
    kilobytes = 0
    for pid in [root, *_list_below(root)]:
        for line in _read(pid, "smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


def _list_below(root: int) -> list[int]:
    parents = {pid: _read_fields(pid)[1] for pid in _list_all()}
    found, waiting = [], [root]
    while waiting:
        above = waiting.pop()
        below = [pid for pid, parent in parents.items() if parent == str(above)]
        found += below
        waiting += below
    return found


def _list_all() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _read_seconds(pid: int, *, ended: bool = False) -> float:
    """CPU seconds of one process; ``ended``: and of its children that it waited for."""
    fields = _read_fields(pid)
    return sum(int(field) for field in fields[11 : 15 if ended else 13]) / TICKS


def _read_fields(pid: int) -> list[str]:
    """The fields of ``stat`` from the third on: the second, the name, may hold blanks."""
    text = _read(pid, "stat").rpartition(")")[2].split()
    return text or ["0"] * 15


def _read(pid: int, name: str) -> str:
    try:
        return (PROC / str(pid) / name).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # it ended meanwhile
