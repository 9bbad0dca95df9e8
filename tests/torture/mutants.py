"""Takes guards out of the code, one at a time.

mutmut and cosmic-ray change operators and constants everywhere: thousands of mutants, few of which take a
guard away, each with a start of pytest. These are the guards alone: a refusal that never happens, a part of
a condition, of a filter or of a WHERE that is not asked, a decision that is always the same, a check that is
not called.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass

# Calls that refuse by raising: as statements, they are guards.
CHECKS = ("check", "require", "refuse", "authenticate", "validate", "pass_gate", "lock")
LEAVES = (ast.Raise, ast.Return, ast.Continue)


@dataclass(frozen=True)
class Mutant:
    """A file with one guard less, which ``make`` writes; ``name`` stays the same while the function does."""

    name: str
    # The qualified name of the function that it is in, of the outermost when they are nested.
    function: str
    line: int
    make: Callable[[], str]


def find_mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a file, in order."""
    tree = ast.parse(source)
    taken = dict[str, int]()
    for function, outermost in _walk_functions(tree):
        judges = function.returns is not None and ast.unparse(function.returns) == "bool"
        for node in _walk_own(function):
            for what, replacement in _list_changes(node, judges):
                name = f"{function.name}: {what}"
                taken[name] = taken.get(name, 0) + 1
                again = f" ({taken[name]})" if taken[name] > 1 else ""
                make = functools.partial(_replace, tree, node, replacement)
                yield Mutant(name + again, outermost, node.lineno, make)


def _walk_functions(
    inside: ast.AST, path: str = "", outermost: str = ""
) -> Iterator[tuple[ast.FunctionDef, str]]:
    """Every function, with the qualified name of the outermost that it is in."""
    for node in ast.iter_child_nodes(inside):
        if isinstance(node, ast.ClassDef):
            yield from _walk_functions(node, f"{path}{node.name}.", outermost)
        elif isinstance(node, ast.FunctionDef):
            name = outermost or path + node.name
            yield node, name
            yield from _walk_functions(node, path, name)
        else:
            yield from _walk_functions(node, path, outermost)


def _walk_own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """All nodes of a function without those of functions inside it, which are walked by themselves."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef):
            continue
        yield node
        waiting[:0] = list(ast.iter_child_nodes(node))


def _list_changes(node: ast.AST, judges: bool) -> Iterator[tuple[str, ast.AST]]:
    """``judges``: the function answers yes or no, so each answer is a decision."""
    if isinstance(node, ast.If) and isinstance(node.body[-1], LEAVES):
        yield f"without if {_tell(node.test)}", _copy(node, test=ast.Constant(value=False))
    if isinstance(node, ast.IfExp):
        yield f"always {_tell(node.body)}, whether or not {_tell(node.test)}", node.body
        yield f"always {_tell(node.orelse)}, whether or not {_tell(node.test)}", node.orelse
    # ``given or ""`` is no condition but a default.
    if isinstance(node, ast.BoolOp) and not isinstance(node.values[-1], ast.Constant):
        # What is left out of an *and* no longer refuses, what is left out of an *or* no longer either.
        for number, part in enumerate(node.values):
            rest = node.values[:number] + node.values[number + 1 :]
            left = rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)
            yield f"without {'and' if isinstance(node.op, ast.And) else 'or'} {_tell(part)}", left
    if isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
        for number, loop in enumerate(node.generators):
            for one in loop.ifs:
                open_loop = _copy(loop, ifs=[other for other in loop.ifs if other is not one])
                loops = [*node.generators[:number], open_loop, *node.generators[number + 1 :]]
                yield f"for each without if {_tell(one)}", _copy(node, generators=loops)
    if isinstance(node, ast.Return) and judges and not isinstance(node.value, ast.Constant | None):
        for answer in (True, False):
            yield f"{answer} for {_tell(node)}", _copy(node, value=ast.Constant(value=answer))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "where":
        for number, part in enumerate(node.args):
            rest = node.args[:number] + node.args[number + 1 :]
            yield f"without where {_tell(part)}", _copy(node, args=rest)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_check(node.value):
        # A method that names its class goes on naming it: its code fits no other way.
        rest = ast.parse("super()").body[0] if "super()" in _tell(node.value) else ast.Pass()
        yield f"without call {_tell(node.value)}", rest


def _copy(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _is_check(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name.lstrip("_").startswith(CHECKS)


def _tell(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> str:
    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return ast.copy_location(new, node) if node is old else self.generic_visit(node)

    # The tree stays as it is: the swap works on a copy that knows the old node.
    memo: dict[int, object] = {id(old): old}
    return ast.unparse(ast.fix_missing_locations(Swap().visit(copy.deepcopy(tree, memo))))
