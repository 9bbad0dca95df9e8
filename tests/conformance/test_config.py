"""oidcc-config-certification-test-plan, and the discovery module of the log-out plan, behind https."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.conformance.config_modules import HTTPS
from tests.conformance.config_modules import MODULES
from tests.conformance.kit import CONFIG
from tests.conformance.kit import RP_LOGOUT
from tests.conformance.kit import Walk
from tests.conformance.kit import judge
from tests.fixtures import Clock
from tests.world import World


@pytest.mark.parametrize("name", [*CONFIG, RP_LOGOUT[0]])
def test_config(app: Flask, world: World, clock: Clock, settings: Any, name: str) -> None:
    settings(base_url=HTTPS)
    judge(MODULES, name, Walk(app, world, clock))
