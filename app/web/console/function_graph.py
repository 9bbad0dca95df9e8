"""A drawing of the function graph, from left to right, as coordinates.

The layer of a function is its longest distance from the top, so that every line leads to the right. A line is
not drawn if a longer path implies it. The page says how many functions are left out; the lists are complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

from app.policy.rights import FunctionGraph

MOST_BOXES = 80
WIDTH = 210
HEIGHT = 30
GAP_X = 60
GAP_Y = 12
# Long names are shortened in the middle, because related names differ at the end.
FIRST_LETTERS = 10
LAST_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """One function: its position, its name, the shortened name, and whether it bundles others."""

    id: int
    name: str
    shown: str
    x: int
    y: int
    bundles: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and the curves between them, in user units; ``left_out`` counts functions that are not drawn."""

    boxes: tuple[Box, ...]
    curves: tuple[str, ...]
    width: int
    height: int
    left_out: int


def draw_graph(graph: FunctionGraph, around: int | None = None) -> Drawing:
    """Draw the whole graph, or one function with everything above and below it."""
    wanted = set(graph.names) if around is None else _find_neighbourhood(graph, around)
    kept = set(
        sorted(wanted, key=lambda one: (one != around, -len(graph.list_descendants(one)), one))[:MOST_BOXES]
    )
    edges = {(a, b) for a in kept for b in graph.children.get(a, ()) if b in kept and b != a}
    layers = _assign_layers(kept, edges)
    boxes = _place_boxes(graph, layers, edges)
    columns = max(layers.values(), default=0) + 1
    rows = max((box.y for box in boxes.values()), default=0) + HEIGHT
    lines = (e for e in sorted(edges) if layers[e[0]] < layers[e[1]] and not _is_redundant(graph, *e))
    curves = tuple(_draw_curve(boxes[a], boxes[b]) for a, b in lines)
    width = columns * (WIDTH + GAP_X) - GAP_X
    return Drawing(tuple(boxes.values()), curves, width, rows, len(wanted) - len(kept))


def _find_neighbourhood(graph: FunctionGraph, one: int) -> set[int]:
    above = {f for f in graph.names if one in graph.list_descendants(f)}
    return above | set(graph.list_descendants(one))


def _is_redundant(graph: FunctionGraph, above: int, below: int) -> bool:
    """Tell whether another direct child already leads there."""
    others = graph.children.get(above, frozenset()) - {above, below}
    return any(
        below in graph.list_descendants(one) and one not in graph.list_descendants(below) for one in others
    )


def _assign_layers(kept: Iterable[int], edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the longest distance of each function from the top; it also ends for a graph with a cycle."""
    layers = dict.fromkeys(kept, 0)
    for _ in range(len(layers)):
        deeper = {b: layers[a] + 1 for a, b in edges if layers[b] <= layers[a] < len(layers)}
        if not deeper:
            break
        layers.update(deeper)
    ranks = {rank: place for place, rank in enumerate(sorted(set(layers.values())))}
    return {one: ranks[rank] for one, rank in layers.items()}


def _place_boxes(
    graph: FunctionGraph, layers: Mapping[int, int], edges: Iterable[tuple[int, int]]
) -> dict[int, Box]:
    """Place each box near its parents: the order in a column follows their positions."""
    above: dict[int, list[int]] = {}
    for a, b in edges:
        above.setdefault(b, []).append(a)
    boxes: dict[int, Box] = {}
    for layer in sorted(set(layers.values())):
        inside = [one for one, at in layers.items() if at == layer]

        def place(one: int) -> tuple[float, str]:
            parents = [boxes[p].y for p in above.get(one, ()) if p in boxes]
            return (sum(parents) / len(parents) if parents else 0.0, graph.names[one].lower())

        for row, one in enumerate(sorted(inside, key=place)):
            name = graph.names[one]
            x, y = layer * (WIDTH + GAP_X), row * (HEIGHT + GAP_Y)
            boxes[one] = Box(one, name, _shorten(name), x, y, bool(graph.children.get(one)))
    return boxes


def _shorten(name: str) -> str:
    fits = len(name) <= FIRST_LETTERS + 1 + LAST_LETTERS
    return name if fits else f"{name[:FIRST_LETTERS]}…{name[-LAST_LETTERS:]}"


def _draw_curve(start: Box, end: Box) -> str:
    x, y, to_x, to_y = start.x + WIDTH, start.y + HEIGHT // 2, end.x, end.y + HEIGHT // 2
    bend = (x + to_x) // 2
    return f"M{x} {y}C{bend} {y} {bend} {to_y} {to_x} {to_y}"
