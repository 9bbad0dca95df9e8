"""oidcc-formpost-basic-certification-test-plan: the modules of Basic OP, answered by form_post."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conformance.basic_modules import MODULES
from tests.conformance.kit import BASIC
from tests.conformance.kit import Walk
from tests.conformance.kit import judge
from tests.fixtures import Clock
from tests.world import World


@pytest.mark.parametrize("name", BASIC)
def test_form_post(app: Flask, world: World, clock: Clock, name: str) -> None:
    judge(MODULES, name, Walk(app, world, clock, form_post=True))
