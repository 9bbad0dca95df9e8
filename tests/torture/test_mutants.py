"""Every guard is missed by a test when it is taken out (``mutants``).

``equivalent.toml`` names those that nothing can miss, each with its reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.torture.mutants import find_mutants
from tests.torture.scale import IS_FULL
from tests.torture.scale import figure

ROOT = Path(__file__).parents[2]
EQUIVALENT = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8"))
# Files whose guards are taken out, and all the tests that may miss them.
GROUPS: dict[str, tuple[list[str], list[str]]] = {
    "policy": (
        [
            f"app/policy/{name}.py" for name in (
                "access", "answers", "claims", "client_methods", "consent_growth", "effective", "facts",
                "mismatches", "network", "origins", "redirects", "rights", "schemes", "scopes", "ways_in",
            )
        ],
        ["tests/policy"],
    ),
    "tokens": (
        [
            f"app/{name}.py" for name in (
                "oauth/access_gate", "oauth/approval", "oauth/client_auth", "oauth/code_grant",
                "oauth/cors", "oauth/credentials_grant", "oauth/pkce", "oauth/refresh_grant",
                "services/tokens/codes",
                "services/tokens/oauth_sessions", "services/tokens/session_crowd",
                "services/tokens/token_text", "services/tokens/waiting_requests", "oauth/assertions",
                "oauth/dpop", "services/access/proofs", "services/tokens/public_keys",
                "services/tokens/signed_statements",
            )
        ],
        ["tests/oauth", "tests/races/test_windows.py", "tests/unit/test_token_text.py"],
    ),
    "callers": (
        [
            f"app/{name}.py" for name in (
                "edge", "api/auth", "api/csrf", "services/access/callers", "services/access/delegation",
                "services/access/presented", "services/access/ways_in", "services/endings/writes",
            )
        ],
        [
            f"tests/{name}.py" for name in (
                "api/test_bodies", "api/test_credentials", "api/test_delegation", "api/test_endings",
                "api/test_sessions", "api/test_ways_in", "oauth/test_bearer", "oauth/test_legs",
                "oauth/test_session_is_below_its_user",
            )
        ],
    ),
}  # fmt: skip
# In each run of the tests: what the decision's own examples miss.
SHARE = {"policy": (["app/policy/access.py"], ["tests/policy/test_access.py"])}


@pytest.mark.parametrize("group", GROUPS if IS_FULL else SHARE)
def test_every_guard_is_missed(group: str) -> None:
    files, tests = (GROUPS if IS_FULL else SHARE)[group]
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture.mutating", str(figure("mutant_step")), ",".join(files), *tests],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    print(f"{group}: {told['tried']} guards taken out")  # noqa: T201 - the figures of this run
    assert all(told["tried"].values())
    missed = {(file, name) for file, names in told["survivors"].items() for name in names}
    assert missed - {(file, name) for file in EQUIVALENT for name in EQUIVALENT[file]} == set()


@pytest.mark.parametrize("file", EQUIVALENT)
def test_the_exceptions_are_there(file: str) -> None:
    """Who changes the code looks at its exceptions again."""
    names = {one.name for one in find_mutants((ROOT / file).read_text(encoding="utf-8"))}
    assert EQUIVALENT[file].keys() - names == set()


def test_the_list_has_its_files() -> None:
    files = {file for guarded, tests in GROUPS.values() for file in (*guarded, *tests)}
    assert [file for file in files | EQUIVALENT.keys() if not (ROOT / file).exists()] == []
