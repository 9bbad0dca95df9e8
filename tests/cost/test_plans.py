"""No hot statement reads a whole table, however large it grows: what the database says of each."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection
from sqlalchemy import event

from app.extensions import db
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty

SESSION = "/authentication/v1/session"
# One row, or a handful that every process keeps: keys that sign.
SMALL = ("system_state", "signing_key", "domain")
Said = dict[str, Any]


@pytest.fixture
def operations(app: Flask, rp: RelyingParty, alice: Person, admin: ApiCaller) -> dict[str, Callable[[], Any]]:
    token = rp.obtains(alice)["access_token"]
    spare = rp.obtains(alice)["refresh_token"]
    form = {"grant_type": "client_credentials", "client_id": rp.client_id, "scope": "openid"}
    bought = {"Argus-API-Key": admin.key}
    return {
        "approve and redeem": lambda: rp.obtains(alice),
        "refresh": lambda: rp.refreshes(spare),
        "client credentials": lambda: app.test_client().post("/oauth/token", data=form, headers=bought),
        "introspection": lambda: rp.introspects(token),
        "userinfo": lambda: rp.calls("/oauth/userinfo", token),
        "bearer call": lambda: rp.calls(SESSION, token),
        "API key call": lambda: admin.get(SESSION),
        "page": lambda: alice.visits("/account/sessions"),
        "signing keys": lambda: app.test_client().get("/oauth/jwks"),
    }


@contextmanager
def collecting(said: Said) -> Iterator[None]:
    """Every statement of the time, with the parameters it had."""

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            said[statement] = parameters

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def explain(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """The lines of the plan that read a table as a whole."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        told = [str(row[3]) for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        return [line for line in told if line.startswith("SCAN") and "USING" not in line]
    cursor = driver.cursor()
    # A small table is read as a whole in any case; without that choice only what has no index is left.
    cursor.execute("SET enable_seqscan = off")
    cursor.execute(f"EXPLAIN {statement}", parameters)
    told = [str(row[0]) for row in cursor.fetchall()]
    cursor.execute("RESET enable_seqscan")
    return [line for line in told if "Seq Scan" in line]


def test_no_hot_statement_reads_a_whole_table(app: Flask, operations: dict[str, Callable[[], Any]]) -> None:
    said: Said = {}
    with app.app_context(), collecting(said):
        for name, operation in operations.items():
            assert getattr(operation(), "status_code", 200) == 200, name
    assert len(said) > len(operations)
    with app.app_context(), db.engine.connect() as connection:
        whole = {
            statement: lines
            for statement, parameters in said.items()
            if (lines := [
                line for line in explain(connection, statement, parameters)
                if not any(small in line for small in SMALL)
            ])
        }  # fmt: skip
    assert whole == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_open_sessions_are_counted_in_the_index(app: Flask, operations: dict[str, Callable[[], Any]]) -> None:
    """A user may have a hundred at a client: with the index alone that is two pages, else a hundred."""
    said: Said = {}
    with app.app_context(), collecting(said):
        operations["client credentials"]()
        operations["approve and redeem"]()
    counting = [(s, p) for s, p in said.items() if "OFFSET" in s and s.startswith("SELECT")]
    assert len(counting) == 2
    with app.app_context(), db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        for statement, parameters in counting:
            told = [str(row[3]) for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert [line for line in told if "COVERING INDEX ix_oauth_session_open" in line]
