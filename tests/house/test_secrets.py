"""How secrets are compared and made, all over the sources (rules 20, 24)."""

from __future__ import annotations

import ast
import re

from tests.house.catalogue import APP

SECRET = re.compile(r"(digest|secret|signature|tag|password|token|cookie)$")
# The names of things, and what is not secret.
NOT_SECRET = {"with_secret", "has_secret"}


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_column(node: ast.expr) -> bool:
    """``Model.column`` or ``TABLE.c.column``: the database compares."""
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value.value if isinstance(node.value, ast.Attribute) and node.value.attr == "c" else node.value
    return isinstance(of, ast.Name) and of.id[0].isupper()


def found_in(source: str) -> list[str]:
    """Comparisons of two secrets by ``==``, which ends at the first byte that differs."""
    wrong = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        sides = [node.left, node.comparators[0]]
        if any(isinstance(side, ast.Constant) or _is_column(side) for side in sides):
            continue
        if any(SECRET.search(_last_name(side)) and _last_name(side) not in NOT_SECRET for side in sides):
            wrong.append(ast.unparse(node))
    return wrong


def test_secrets_are_compared_in_constant_time() -> None:
    """Only by ``hmac.compare_digest``; a column is compared by the database, over a digest."""
    assert found_in("a.digest == b.digest") == ["a.digest == b.digest"]
    assert found_in("given != stored_secret") == ["given != stored_secret"]
    assert found_in("Row.digest == given.digest") == found_in("kind == 'token'") == []
    assert found_in("TABLE.c.digest == given.digest") == []
    found = {path.name: found_in(path.read_text(encoding="utf-8")) for path in APP.rglob("*.py")}
    assert len(found) > 100
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_what_is_random_comes_from_the_system() -> None:
    """``random`` can be foreseen."""
    users = [
        path.name
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "random")
    ]
    assert users == []
