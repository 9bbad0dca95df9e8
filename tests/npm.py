"""Packages of JavaScript for tests: exactly those of a folder's lock file, installed once for all runs."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).parents[1] / ".npm-cache"
INSTALL_SECONDS = 300


def lay_out(source: Path, into: Path) -> Path:
    """Copy a folder's own files, with its packages beside them; returns the copy."""
    shutil.copytree(source, into, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    (into / "node_modules").symlink_to(install(source), target_is_directory=True)
    return into


def install(source: Path) -> Path:
    """Return the packages that the lock file of this folder names, each with its digest. No package runs code
    of its own when it is installed.
    """
    wanted = [(source / name).read_bytes() for name in ("package.json", "package-lock.json")]
    folder = CACHE / hashlib.sha256(b"\0".join(wanted)).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "done"
    with (folder / "lock").open("w") as lock:
        # Workers of one run, and runs of one tree, take turns.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            for name, content in zip(("package.json", "package-lock.json"), wanted, strict=True):
                (folder / name).write_bytes(content)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            told = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            assert told.returncode == 0, told.stderr
            done.touch()
    return folder / "node_modules"
