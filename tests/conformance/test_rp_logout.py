"""oidcc-rp-initiated-logout-certification-test-plan; its discovery module is in ``test_config``."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conformance.kit import RP_LOGOUT
from tests.conformance.kit import Walk
from tests.conformance.kit import judge
from tests.conformance.rp_logout_modules import MODULES
from tests.fixtures import Clock
from tests.world import World


@pytest.mark.parametrize("name", RP_LOGOUT[1:])
def test_rp_logout(app: Flask, world: World, clock: Clock, name: str) -> None:
    judge(MODULES, name, Walk(app, world, clock))
