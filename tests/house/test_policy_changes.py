"""Every unit that changes the policy takes its turn before it reads (design decision 21)."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.extensions import db
from app.runtime import per_app
from app.services.access import held_rights
from tests.api.test_matrix import CALLS
from tests.api.test_matrix import P
from tests.api.test_matrix import scene
from tests.drivers.api_caller import ApiCaller
from tests.house.call_graph import list_functions
from tests.house.call_graph import list_reaching
from tests.house.call_graph import read_sources
from tests.world import World

__all__ = ["scene"]
# Whatever reaches one of these changes the policy; blocking too: who is blocked administers nothing.
CHANGES = {
    "app.services.access.held_rights.raise_policy_version",
    "app.services.access.held_rights.raise_rights_version",
    "app.services.administration.users_and_groups.block_user",
    "app.services.administration.users_and_groups.delete_user",
}
# What runs work in a unit that took its turn first, and what runs it in another.
TURNS = {"run_policy_change", "change_policy"}
OTHERS = {"run_in_transaction", "run_as_caller"}
# These take their turn themselves; the first start has nobody beside it.
THEMSELVES = {
    "app.services.ops.demo.add_demo",
    "app.services.ops.structure.repair_all",
    "app.services.ops.structure.make_administrator",
    "app.services.ops.bootstrap.initialise_database",
}


def sources() -> dict[str, str]:
    return read_sources()


def undeclared(modules: dict[str, str]) -> set[str]:
    """Views, pages and commands that change the policy in a unit that did not take its turn."""
    functions = {
        name: (function, targets)
        for module, text in modules.items()
        for name, function, targets in list_functions(module, text)
    }
    use_cases = {
        name: targets
        for name, (_, targets) in functions.items()
        if name.startswith("app.services.") and name not in THEMSELVES
    }
    changing = list_reaching(use_cases, CHANGES)
    assert {"app.services.administration.customers.move_customer"} <= changing
    wrong = set()
    for name, (function, targets) in functions.items():
        if name.startswith("app.services.") or not targets & changing:
            continue
        called = {getattr(node.func, "id", "") for node in ast.walk(function) if isinstance(node, ast.Call)}
        declared = any(
            keyword.arg == "changes_policy"
            for decorator in function.decorator_list
            if isinstance(decorator, ast.Call)
            for keyword in decorator.keywords
        )
        if called & OTHERS or not (declared or called & TURNS):
            wrong.add(name)
    return wrong


def test_whoever_changes_the_policy_takes_a_turn() -> None:
    """No view, page or command reaches a change of the policy in another unit."""
    assert undeclared(sources()) == set()


@pytest.mark.parametrize(
    "text",
    [
        "@endpoint(writes=True)\ndef view(caller):\n    customers.move_customer(1, 'b', caller)",
        "def page(caller):\n    run_as_caller(caller, lambda now: customers.move_customer(1, 'b', now))",
        "def command():\n    run_in_transaction(lambda: customers.move_customer(1, 'b', None))",
    ],
)
def test_one_that_does_not_is_found(text: str) -> None:
    before = "from app.services.administration import customers\n"
    assert undeclared(sources() | {"app.api.made_up": before + text}) == {
        f"app.api.made_up.{text.split('def ')[1].split('(')[0]}"
    }
    mended = text.replace("writes=True", "changes_policy=True").replace("run_as_caller", "change_policy")
    mended = mended.replace("run_in_transaction", "run_policy_change")
    assert undeclared(sources() | {"app.api.made_up": before + mended}) == set()


CHANGING = [
    call[:3] for call in CALLS if call[0] != "GET" and "/search" not in call[1] and "y" in call[3][-1]
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGING, ids=lambda one: str(one)[:60])
def test_the_turn_comes_before_anything_is_read(
    app: Flask,
    world: World,
    admin: ApiCaller,
    scene: dict[str, Any],
    method: str,
    path: str,
    body: Any,
) -> None:
    """In every transaction that raises a version, the lock is the first statement after BEGIN.

    And the versions of all that moved are raised: what this process keeps is afterwards what the tables say.
    """
    units: list[list[str]] = []
    if method == "POST" and path.startswith(P):
        world.revoke("victim", "readThings")  # what is there already is not written again
    with app.app_context():
        engine = db.engine
        held_rights.load_snapshot()

    def began(connection: Any) -> None:
        units.append([])

    def sent(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if units and not statement.startswith("BEGIN"):
            units[-1].append(statement)

    event.listen(engine, "begin", began)
    event.listen(engine, "before_cursor_execute", sent)
    try:
        answer = admin.call(method, path.format(**scene), body)
    finally:
        event.remove(engine, "begin", began)
        event.remove(engine, "before_cursor_execute", sent)
    assert answer.status_code in (200, 201), answer.data
    raising = [unit for unit in units if any(_raises(one) for one in unit)]
    for unit in raising:
        assert unit[0].startswith("SELECT system_state.policy_version"), unit[0]
        assert engine.dialect.name == "sqlite" or unit[0].endswith("FOR UPDATE")
    with app.app_context():
        kept = held_rights.load_snapshot()
        per_app(held_rights._Cache).landscape = None
        assert kept == held_rights.load_snapshot()
    tables = ("customer", "/group", "permission", "function", "/move", "/members", "/groups")
    if any(one in path for one in tables) and (method, path) not in NO_CHANGE:
        assert raising, path


def _raises(statement: str) -> bool:
    return (
        statement.startswith("UPDATE") and "SET policy_version" in statement
    ) or "SET rights_version" in statement


# New or renamed, they change what nobody holds.
NO_CHANGE = {("POST", "/useradmin/v2/group"), ("PUT", "/useradmin/v2/group/readers")}
