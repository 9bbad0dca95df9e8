"""What is done before every page, and not for the blueprints that only programs call."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask import request

# The JSON API, the protocol's endpoints and the health checks: no form, no page's login, no language.
PROGRAMS = frozenset({"admin", "oauth", "ops"})


def before_pages(app: Flask, hook: Callable[[], None]) -> None:
    """Run ``hook`` before each request that no program's blueprint answers, unknown paths included."""

    def run() -> None:
        if request.blueprint not in PROGRAMS:
            hook()

    app.before_request(run)
