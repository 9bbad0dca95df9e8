"""Who looks at the pages."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.drivers.person import Person
from tests.world import World


@pytest.fixture
def person(app: Flask, world: World) -> Person:
    """Alice, logged in by password."""
    alice = Person(app)
    alice.logs_in()
    return alice
