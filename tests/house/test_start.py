"""A start loads what every start needs: the rest is imported where it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# Each with the use that imports it. With the schemas, which compile at first use, they took 25 MB.
LATER = {
    "alembic": "a migration",
    "flask_migrate": "a migration",
    "mako": "Alembic's drafts",
    "webauthn": "a passkey",
    "redis": "ARGUS_RATELIMIT_STORAGE=redis://…",
    "limits": "ARGUS_RATELIMIT_STORAGE=redis://…",
    "httpcore": "a call to an application",
    "psycopg": "PostgreSQL",
}
SCRIPT = """
import json, sys
import app.cli
from app import create_app
create_app({"ARGUS_INSTANCE": sys.argv[1], "ARGUS_BASE_URL": "http://localhost"})
print(json.dumps(sorted(sys.modules)))
"""


def test_what_a_start_does_not_load(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "app.oauth.routes" in loaded
    assert loaded & LATER.keys() == set()
