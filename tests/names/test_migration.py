"""Names from before they were folded: none is lost, whatever they collide with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.extensions import db
from app.services import unit_of_work
from app.services.access import directory
from app.services.ops import bootstrap
from app.services.unit_of_work import run_in_transaction
from tests.drivers.api_caller import ApiCaller
from tests.migrating import downgrade
from tests.migrating import read_scripts
from tests.migrating import upgrade
from tests.servers import own_postgres
from tests.world import World

REVISION = "0012"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A database in use, as it was before names were folded."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'names.sqlite'}"
        if request.param == "postgres":
            url = stack.enter_context(own_postgres(request.getfixturevalue("postgres_database"), "names"))
        app = create_app(
            {
                "ARGUS_INSTANCE": tmp_path,
                "ARGUS_DATABASE_URL": url,
                "ARGUS_BASE_URL": "http://localhost",
                "ARGUS_LOG_LEVEL": "ERROR",
            }
        )
        with app.app_context():
            upgrade()
            run_in_transaction(bootstrap.initialise_database)
        world = World(app)
        world.standard()
        world.client("shop")
        with app.app_context():
            db.session.remove()
            scripts = read_scripts()
            downgrade(revision=str(scripts.get_revision(REVISION).down_revision))
        yield app
        with app.app_context():
            db.session.remove()
            unit_of_work.give_up_connections()


TWICE = (
    ("subject", "short_name", "alice", "Alice", 9001),
    ("customer", "short_name", "acme", "ACME", 9002),
    ("function", "name", "useApp", "USEAPP", 9003),
    ("oauth_client", "short_name", "shop", "Shop", "9004"),
)


def copy_row(table: str, column: str, name: str, spelling: str, key: int | str) -> None:
    """A later row like the first, of another spelling."""
    rows = sa.Table(table, sa.MetaData(), autoload_with=db.engine)
    row = db.session.execute(sa.select(rows).where(rows.c[column] == name)).mappings().one()
    later = row["created_at"] + timedelta(days=1)
    db.session.execute(sa.insert(rows).values({**row, "id": key, column: spelling, "created_at": later}))
    db.session.commit()


def test_names_that_differ_in_case(before: Flask) -> None:
    """Each is found by its own spelling; another spelling finds the older; and the way back is open."""
    with before.app_context():
        for table, column, name, spelling, key in TWICE:
            copy_row(table, column, name, spelling, key)
        db.session.remove()
        upgrade()
        domain = directory.get_home_domain().id
        for find, name, spelling, other, key in (
            (directory.find_subject, "alice", "Alice", "ALICE", 9001),
            (directory.find_customer, "acme", "ACME", "Acme", 9002),
        ):
            younger, older = find(spelling, domain), find(name, domain)
            assert younger is not None
            assert older is not None
            assert younger.id == key != older.id
            assert find(other, domain) is older
        used, shouted = directory.find_function("useApp"), directory.find_function("USEAPP")
        assert used is not None
        assert shouted is not None
        assert shouted.id == 9003 != used.id
        assert directory.find_function("useapp") is used
        db.session.remove()
        scripts = read_scripts()
        downgrade(revision=str(scripts.get_revision(REVISION).down_revision))
        upgrade()


def test_the_younger_is_edited_as_any_other(before: Flask) -> None:
    """Its name sent again is no new one; another spelling of the older's is taken; a free one is its own."""
    with before.app_context():
        for one in TWICE:
            copy_row(*one)
        db.session.remove()
        upgrade()
    world = World(before)
    world.edge("ALL-FUNCTIONS", "USEAPP")
    world.user("helen", "root", holds=[("ALL-FUNCTIONS", "root")])
    helen = ApiCaller(before, world.api_key("helen"))
    for path, field, older, younger in (
        ("/useradmin/v2/user", "shortName", "alice", "Alice"),
        ("/customeradmin/v2/customer", "shortName", "acme", "ACME"),
        ("/useradmin/v2/function", "name", "useApp", "USEAPP"),
        ("/authentication/v1/oauth/client", "shortName", "shop", "Shop"),
    ):
        found = helen.get(f"{path}/{younger}")
        assert found.status_code == 200, (path, found.data)
        number = found.json["data"]["id"]
        text = "name" if field == "shortName" else "description"
        answer = helen.put(f"{path}/{younger}", {field: younger, text: "Another"})
        assert answer.status_code == 200, answer.data
        assert helen.get(f"{path}/{younger}").json["data"]["id"] == number
        for name, changed in ((younger, younger.swapcase()), (older, younger), (younger, older)):
            assert helen.put(f"{path}/{name}", {field: changed}).status_code == 412, (name, changed)
        assert helen.put(f"{path}/{younger}", {field: f"{younger}.2"}).status_code == 200
        assert helen.get(f"{path}/{younger.lower()}.2").json["data"]["id"] == number
        assert helen.get(f"{path}/{younger}").json["data"]["id"] != number


def test_a_built_in_name_is_free_for_what_guards(app: Flask, world: World) -> None:
    """A function that took another spelling of a deleted built-in one keeps its own when that comes back."""
    world.remove_function("viewUsers")
    shouted = world.function("VIEWUSERS")
    with app.app_context():
        run_in_transaction(bootstrap.restore_functions)
        for name, is_other in (("viewUsers", False), ("viewusers", False), ("VIEWUSERS", True)):
            found = directory.find_function(name)
            assert found is not None
            assert (found.id == shouted) is is_other
