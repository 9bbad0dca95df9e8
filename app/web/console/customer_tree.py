"""The part of the customer tree that an administrator may see and a page can hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import field

from app.policy.rights import CustomerTree

MOST_NODES = 300
MOST_CHILDREN = 50


@dataclass(slots=True)
class CustomerNode:
    """One customer; ``more`` counts its direct children that are not among ``children``."""

    id: int
    name: str
    children: list[CustomerNode] = field(default_factory=list)
    more: int = 0


def build_forest(tree: CustomerTree, seen: Collection[int], top: int | None = None) -> list[CustomerNode]:
    """Build the customers of ``seen`` as trees, by name; with ``top`` only what is below it.

    It is filled level by level, so that the deepest customers are left out first.
    """
    below: dict[int | None, list[int]] = {}
    for customer in seen:
        parent = tree.parents.get(customer)
        below.setdefault(parent if parent in seen else None, []).append(customer)
    for ids in below.values():
        ids.sort(key=lambda one: (tree.names.get(one, "").lower(), one))
    roots = [_build_node(tree, one) for one in (below.get(None, []) if top is None else [top])]
    waiting, room = list(roots), MOST_NODES
    while waiting:
        node = waiting.pop(0)
        ids = below.get(node.id, [])
        shown = ids[: min(MOST_CHILDREN, max(room, 0))]
        room -= len(shown)
        node.children = [_build_node(tree, one) for one in shown]
        node.more = len(ids) - len(shown)
        waiting.extend(node.children)
    return roots


def _build_node(tree: CustomerTree, customer: int) -> CustomerNode:
    return CustomerNode(customer, tree.names.get(customer, ""))
