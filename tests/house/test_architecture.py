"""The architecture page: its picture is today's, and what it points to is there."""

from __future__ import annotations

import ast

from tests.house import architecture

REPAIR = "run `make architecture` and commit docs/architecture.svg"


def test_the_picture_is_todays() -> None:
    """Drawn from the imports and the contracts, it cannot drift."""
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.draw(), REPAIR


def test_each_part_says_what_it_is_for() -> None:
    """A part that nobody described cannot be drawn: describe it in ``PURPOSES``."""
    assert {part.module for part in architecture.parts()} - architecture.PURPOSES.keys() == set()


def test_imports_point_down() -> None:
    """What the picture claims: in its order of rows, no part imports one above it."""
    found = architecture.parts()
    pairs = architecture.imports(found)
    rows = [part.module for part in architecture.in_order(found, pairs)]
    assert len(pairs) > 100
    assert [pair for pair in sorted(pairs) if rows.index(pair[0]) > rows.index(pair[1])] == []


def test_only_the_gate_asks_the_rules() -> None:
    """Rule 2: a second place that asked them could leave one out. ``make imports`` refuses it as well."""
    asking = {
        str(path.relative_to(architecture.ROOT))
        for path in (architecture.ROOT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and node.module == "app.policy.access")
        or (isinstance(node, ast.ImportFrom) and node.module == "app.policy" and "access" in _names(node))
        or (isinstance(node, ast.Import) and "app.policy.access" in _names(node))
    }
    assert asking == {"app/services/access/gate.py"}


def _names(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}
