"""The mails of one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.drivers.mailbox import Mailbox
from tests.world import World


@pytest.fixture
def mailbox(app: Flask, world: World) -> Iterator[Mailbox]:
    """The mails of one test; nothing is under way when it ends."""
    opened = Mailbox(app)
    yield opened
    opened.files()
