"""The application of the tests: one per database and test session, set back to its first state before each.

``clock`` is ours: nothing sleeps.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app import clock as app_clock
from app import create_app
from app.extensions import db
from app.services import unit_of_work
from app.services.ops import bootstrap
from app.services.unit_of_work import run_in_transaction
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.set_cookies import watch
from tests.migrating import upgrade
from tests.states import States
from tests.world import World

CHEAP = {"ARGUS_ARGON2_MEMORY_KIB": 8, "ARGUS_ARGON2_TIME": 1, "ARGUS_LOG_LEVEL": "ERROR"}
BASE_URL = "http://localhost"


class Clock:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self._real() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    _real = staticmethod(app_clock.now)


class Template:
    """A migrated and initialised application, and the states that tests begin with."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context():
            upgrade()
            self.secrets = run_in_transaction(bootstrap.initialise_database)
        self.states = States(app)
        self.states.keep("first")
        World(app).standard()
        self.states.keep("world")
        self.told: dict[str, Any] = {}

    def restore(self, state: str = "first") -> None:
        """Every table as it was, and no cache."""
        for factory in [key for key in self.app.extensions["argus"] if key != "settings"]:
            del self.app.extensions["argus"][factory]
        self.states.lay_down(state)

    def once(self, name: str, build: Callable[[], Any]) -> Any:
        """What ``build`` makes of a fresh ``world``, and tells; the second time its rows are laid down."""
        if name not in self.told:
            self.told[name] = build()
            self.states.keep(name)
        else:
            self.restore(name)
        return copy.deepcopy(self.told[name])


@pytest.fixture(scope="session")
def templates() -> Iterator[dict[str, Template]]:
    """One for each database of this worker: files come in any order, and each asks for both."""
    made: dict[str, Template] = {}
    yield made
    for one in made.values():
        with one.app.app_context():
            db.session.remove()
            unit_of_work.give_up_connections()


@pytest.fixture(scope="session")
def template(
    database_url: str, templates: dict[str, Template], tmp_path_factory: pytest.TempPathFactory
) -> Template:
    if database_url not in templates:
        app = create_app(
            {
                **CHEAP,
                "ARGUS_INSTANCE": tmp_path_factory.mktemp("instance"),
                "ARGUS_DATABASE_URL": database_url,
                "ARGUS_BASE_URL": BASE_URL,
            }
        )
        watch(app)
        templates[database_url] = Template(app)
    return templates[database_url]


@pytest.fixture
def app(template: Template, request: pytest.FixtureRequest) -> Flask:
    """Its database holds what ``init`` makes: domain, root, built-ins, ``admin``; ``world`` if asked for."""
    template.restore("world" if "world" in request.fixturenames else "first")
    return template.app


@pytest.fixture
def world(app: Flask) -> World:
    """Customers ``acme`` and ``bolt`` under ``group``; ``alice`` holds ``APP-ROLE`` for ``acme``."""
    return World(app)


@pytest.fixture
def admin(template: Template, app: Flask) -> ApiCaller:
    """The first administrator, by key."""
    return ApiCaller(app, template.secrets.api_key)


@pytest.fixture
def alice(app: Flask) -> Person:
    return Person(app, "alice")


@pytest.fixture
def rp(app: Flask, world: World) -> RelyingParty:
    """A confidential client that alice may use."""
    return RelyingParty(app, world.client())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    own = Clock()
    monkeypatch.setattr(app_clock, "now", own.now)
    return own


@pytest.fixture
def early_in_a_step(clock: Clock) -> None:
    """Five seconds into the time step of one-time codes: none ends between two lines of a test."""
    clock.advance(35 - app_clock.now().timestamp() % 30)


@pytest.fixture
def settings(app: Flask) -> Iterator[Any]:
    """Change settings for one test: ``settings(refresh_grace_seconds=0)``."""
    kept = app.extensions["argus"]["settings"]

    def change(**values: Any) -> None:
        import dataclasses

        app.extensions["argus"]["settings"] = dataclasses.replace(kept, **values)

    yield change
    app.extensions["argus"]["settings"] = kept


class Counter:
    """Statements sent to the database, without BEGIN and COMMIT (design §7)."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(self, *args: Any) -> None:
        if not args[2].startswith(("BEGIN", "PRAGMA", "SELECT 1")):
            self.statements.append(args[2])

    def reset(self) -> None:
        self.statements.clear()


@pytest.fixture
def queries(app: Flask) -> Iterator[Counter]:
    counter = Counter()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", counter)
    yield counter
    event.remove(engine, "before_cursor_execute", counter)
