"""``make bench``: CPU milliseconds and queries per operation, through the whole application, in one process.

The floor is an answer that does nothing (``/healthz``): the ratio to it carries from machine to machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from sqlalchemy import event

from app import create_app
from app.extensions import db
from bench.measure import measured
from bench.measure import table
from bench.pages import pages
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import BASE_URL
from tests.fixtures import CHEAP
from tests.fixtures import Template
from tests.world import World

SESSION = "/authentication/v1/session"


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    app = create_app({**CHEAP, "ARGUS_INSTANCE": folder, "ARGUS_BASE_URL": BASE_URL})
    template = Template(app)
    world = World(app)
    rp, alice = RelyingParty(app, world.client()), Person(app)
    tokens = rp.obtains(alice)
    key = ApiCaller(app, template.secrets.api_key)
    held = {"refresh": rp.obtains(alice)["refresh_token"]}

    def refresh() -> None:
        held["refresh"] = (rp.refreshes(held["refresh"]).json or {})["refresh_token"]

    counter: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: counter.append(args[2]))
    browser = app.test_client()
    rows = [
        measured("nothing (/healthz)", lambda: browser.get("/healthz"), counter),
        measured("bearer call", lambda: rp.calls(SESSION, tokens["access_token"]), counter),
        measured("forged bearer", lambda: rp.calls(SESSION, "alice/" + "A" * 92), counter),
        measured("introspection", lambda: rp.introspects(tokens["access_token"]), counter),
        measured("refresh", refresh, counter),
        measured("approve and redeem", lambda: rp.obtains(alice), counter, 60),
        measured("API key call", lambda: key.get(SESSION), counter),
        measured("list of clients", lambda: key.get("/authentication/v1/oauth/client"), counter),
        measured("list of users", lambda: key.get("/useradmin/v2/user"), counter),
        measured("login page", lambda: browser.get("/login"), counter),
        measured("home page", lambda: alice.visits("/"), counter),
    ]
    table("operation", rows, rows[0].milliseconds)
    print()
    table("page", pages(app, Person(app, "admin", template.secrets.password), counter), rows[0].milliseconds)


if __name__ == "__main__":
    main()
