"""Which function of the sources calls which: read from their text, by the names that a module imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from tests.house.catalogue import APP


def read_sources(*parts: str) -> dict[str, str]:
    """The text of every module below these folders of ``app``, or of all, by name."""
    folders = [APP / part for part in parts] or [APP]
    return {
        ".".join(path.relative_to(APP.parent).with_suffix("").parts): path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
    }


def list_functions(module: str, text: str) -> Iterator[tuple[str, ast.FunctionDef, set[str]]]:
    """The functions of a module: full name, tree, and the full name of all that the body names."""
    tree = ast.parse(text)
    known = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        nodes = (node for line in function.body for node in ast.walk(line))
        targets = {target for node in nodes if (target := _find_target(node, known, module)) is not None}
        yield f"{module}.{function.name}", function, targets


def list_reaching(called: Mapping[str, AbstractSet[str]], ends: AbstractSet[str]) -> set[str]:
    """All that leads to one of these, and they themselves."""
    found, before = set(ends), 0
    while len(found) > before:
        before = len(found)
        found |= {name for name, targets in called.items() if targets & found}
    return found


def _find_target(node: ast.AST, known: Mapping[str, str], module: str) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
        return f"{known[node.value.id]}.{node.attr}"
    return known.get(node.id, f"{module}.{node.id}") if isinstance(node, ast.Name) else None
