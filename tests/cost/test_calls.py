"""No operation gets dearer unnoticed: how many functions one call runs, beside a recorded figure.

Times differ from machine to machine; calls do not, under one Python and the pinned libraries. After a change
that is worth its price: ``ARGUS_TEST_RECORD_CALLS=1 pytest tests/cost``, and say why in the commit.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty

RECORDED = Path(__file__).with_name("calls.json")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# Caches are full, statements compiled; the count is of the calls after that, on average.
WARM, COUNTED = 10, 10
SESSION = "/authentication/v1/session"


@pytest.fixture
def operations(app: Flask, rp: RelyingParty, alice: Person, admin: ApiCaller) -> dict[str, Callable[[], Any]]:
    token = rp.obtains(alice)["access_token"]
    held = {"refresh": rp.obtains(alice)["refresh_token"]}

    def refresh() -> None:
        held["refresh"] = (rp.refreshes(held["refresh"]).json or {})["refresh_token"]

    return {
        "nothing": lambda: app.test_client().get("/healthz"),
        "bearer call": lambda: rp.calls(SESSION, token),
        "userinfo": lambda: rp.calls("/oauth/userinfo", token),
        "introspection": lambda: rp.introspects(token),
        "refresh": refresh,
        "approve and redeem": lambda: rp.obtains(alice),
        "API key call": lambda: admin.get(SESSION),
        "list of applications": lambda: admin.get("/authentication/v1/oauth/client"),
        "home page": lambda: alice.visits("/"),
        "metadata": lambda: app.test_client().get("/.well-known/openid-configuration"),
        "signing keys": lambda: app.test_client().get("/oauth/jwks"),
    }


def count_calls(operation: Callable[[], Any]) -> int:
    """Functions of Python and of C that one call runs, the test's own client included."""
    for _ in range(WARM):
        operation()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(COUNTED):
        operation()
    profile.disable()
    return int(pstats.Stats(profile).total_calls / COUNTED)  # type: ignore[attr-defined]


def test_no_operation_got_dearer(
    operations: dict[str, Callable[[], Any]], request: pytest.FixtureRequest
) -> None:
    """Within a tenth; what got much cheaper is recorded, so that it stays so."""
    database = "postgres" if "postgres" in request.node.name else "sqlite"
    recorded: dict[str, dict[str, int]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    found = {name: count_calls(operation) for name, operation in operations.items()}
    key = f"{VERSION} {database}"
    if os.environ.get("ARGUS_TEST_RECORD_CALLS"):
        RECORDED.write_text(json.dumps(recorded | {key: found}, indent=4) + "\n", encoding="utf-8")
        return
    if key not in recorded:
        pytest.skip(f"no figure is recorded for Python {VERSION}")
    wrong = {
        name: f"{calls} in place of {recorded[key].get(name)}"
        for name, calls in found.items()
        if not 0.8 <= calls / recorded[key].get(name, 1) <= 1.1
    }
    assert wrong == {}
