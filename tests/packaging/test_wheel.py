"""The wheel, in an empty environment and from another folder, as an operator would use it (design §8)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.servers import free_port

ROOT = Path(__file__).parents[2]
PARTS = ("app", "migrations", "wsgi.py", "setup.cfg", "pyproject.toml", "README.md")
pytestmark = pytest.mark.server


def test_a_plain_install_serves(tmp_path: Path) -> None:
    """Built, installed by plain pip, initialised, serving: templates, static files, migrations travel."""
    source = tmp_path / "source"
    source.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, source / part)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ARGUS_", "PYTHON"))}
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    command([sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, source], environment)
    (wheel,) = tmp_path.glob("*.whl")
    command([sys.executable, "-m", "venv", tmp_path / "venv"], environment)
    command([tmp_path / "venv/bin/python", *pip, "install", wheel], environment)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    port = free_port()
    environment["ARGUS_BASE_URL"] = f"http://127.0.0.1:{port}"
    script = tmp_path / "venv/bin/argus-idp"
    done = command([script, "init", "--demo", "--json"], environment, cwd=elsewhere)
    assert json.loads(done)["baseURL"] == environment["ARGUS_BASE_URL"]
    server = subprocess.Popen(
        [script, "serve", "--bind", f"127.0.0.1:{port}"], env=environment, cwd=elsewhere
    )
    try:
        base = environment["ARGUS_BASE_URL"]
        until = time.monotonic() + 60
        while not answers(base) and time.monotonic() < until:
            assert server.poll() is None
        assert requests.get(base + "/login", timeout=10).ok
        assert requests.get(base + "/static/argus.css", timeout=10).ok
    finally:
        server.terminate()
        server.wait(timeout=30)


def answers(base: str) -> bool:
    try:
        return requests.get(base + "/readyz", timeout=2).ok
    except requests.ConnectionError:
        return False


def command(arguments: list[object], environment: dict[str, str], *, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(a) for a in arguments], env=environment, cwd=cwd, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
