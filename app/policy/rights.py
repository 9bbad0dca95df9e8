"""Rights in compact form: for each function, the topmost customers it is held for.

A list of all pairs of function and customer would be too large. A map *function -> topmost customers* is
small, because a permission holds for all descendants of both (contract 4.1). Narrowing returns a new value,
never a larger one.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace


@dataclass(frozen=True)
class FunctionGraph:
    """The live functions and their edges. A function that is not in ``names`` does not exist today.

    ``levels`` holds the minimum security level of each function as an integer. Cycles are tolerated.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    children: Mapping[int, frozenset[int]] = field(default_factory=dict)
    levels: Mapping[int, int] = field(default_factory=dict)
    read_only: frozenset[int] = frozenset()
    _below: dict[int, frozenset[int]] = field(default_factory=dict, compare=False, repr=False)

    def list_descendants(self, function: int | None) -> frozenset[int]:
        """Return the function itself and everything below it; empty for an unknown function."""
        if function is None or function not in self.names:
            return frozenset()
        known = self._below.get(function)
        if known is None:
            seen: set[int] = set()
            waiting = [function]
            while waiting:
                one = waiting.pop()
                if one not in seen and one in self.names:
                    seen.add(one)
                    waiting.extend(self.children.get(one, ()))
            # Cached: the graph is immutable, so the result cannot change.
            known = self._below[function] = frozenset(seen)
        return known

    def list_below(self, functions: Collection[int]) -> frozenset[int]:
        """Return every function below one of these; one of these only if it is below another."""
        return frozenset(f for top in functions for f in self.list_descendants(top) - {top})

    def list_above(self, functions: Collection[int]) -> frozenset[int]:
        """Return every function above one of these; one of these only if it is above another."""
        return frozenset(f for f in self.names if not (self.list_descendants(f) - {f}).isdisjoint(functions))

    def find_by_name(self, name: str) -> int | None:
        """Return the id of the live function of this name."""
        return self._ids.get(name)

    @property
    def _ids(self) -> Mapping[str, int]:
        ids: dict[str, int] | None = self.__dict__.get("_id_by_name")
        if ids is None:
            ids = {name: one for one, name in self.names.items()}
            self.__dict__["_id_by_name"] = ids
        return ids


@dataclass(frozen=True)
class CustomerTree:
    """Parent of each customer (``None`` at a root), its domain, its name, and which are disabled."""

    parents: Mapping[int, int | None] = field(default_factory=dict)
    domains: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    disabled: frozenset[int] = frozenset()

    def list_ancestors(self, customer: int) -> tuple[int, ...]:
        """Return the customer itself, then each customer above it; empty for an unknown customer."""
        line: list[int] = []
        one: int | None = customer
        while one is not None and one in self.parents and one not in line:
            line.append(one)
            one = self.parents[one]
        return tuple(line)

    def list_below(self, customers: Collection[int]) -> frozenset[int]:
        """Return every customer below one of these; one of these only if it is below another."""
        tops = frozenset(customers)
        return frozenset(c for c in self.parents if not tops.isdisjoint(self.list_ancestors(c)[1:]))

    def is_alive(self, customer: int) -> bool:
        """Tell whether the customer exists and neither it nor a customer above it is disabled."""
        line = self.list_ancestors(customer)
        return bool(line) and self.disabled.isdisjoint(line)

    def with_all_alive(self) -> CustomerTree:
        """Return the same tree with nothing disabled, to judge what may be enabled again."""
        return replace(self, disabled=frozenset())

    def covers(self, top: int, customer: int) -> bool:
        """Tell whether ``customer`` is ``top`` or is below it."""
        return top in self.list_ancestors(customer)

    def keep_topmost(self, customers: Iterable[int]) -> frozenset[int]:
        """Return the given customers without those that are below another of them."""
        given = frozenset(customers)
        return frozenset(c for c in given if given.isdisjoint(self.list_ancestors(c)[1:]))


@dataclass(frozen=True)
class Rights:
    """The rights of a user: function -> topmost live customers. Immutable; narrowing never adds."""

    held: Mapping[int, frozenset[int]] = field(default_factory=dict)
    tree: CustomerTree = field(default_factory=CustomerTree)

    def __bool__(self) -> bool:
        return bool(self.held)

    def allows(self, function: int | None, customer: int) -> bool:
        """Tell whether the function is held for this customer, directly or through a customer above it."""
        tops = self.held.get(function, frozenset()) if function is not None else frozenset()
        return self.tree.is_alive(customer) and not tops.isdisjoint(self.tree.list_ancestors(customer))

    def allows_anywhere(self, function: int | None, domain: int | None = None) -> bool:
        """Tell whether the function is held for some customer (of the domain, if one is given)."""
        tops = self.held.get(function, frozenset()) if function is not None else frozenset()
        return any(domain is None or self.tree.domains.get(top) == domain for top in tops)

    def allows_anything(self, customer: int) -> bool:
        """Tell whether anything is held for this customer."""
        line = frozenset(self.tree.list_ancestors(customer))
        return any(not tops.isdisjoint(line) for tops in self.held.values())

    def list_topmost_customers(self) -> frozenset[int]:
        """Return the topmost customers for which anything is held."""
        return self.tree.keep_topmost(top for tops in self.held.values() for top in tops)

    def list_reach(self) -> frozenset[int]:
        """Return every live customer for which anything is held: the topmost and all below them."""
        tops = self.list_topmost_customers()
        return frozenset(
            c
            for c in self.tree.parents
            if self.tree.is_alive(c) and not tops.isdisjoint(self.tree.list_ancestors(c))
        )

    def list_reach_of(self, function: int | None) -> frozenset[int]:
        """Return every live customer for which this function is held."""
        tops = self.held.get(function, frozenset()) if function is not None else frozenset()
        return frozenset(
            c
            for c in self.tree.parents
            if self.tree.is_alive(c) and not tops.isdisjoint(self.tree.list_ancestors(c))
        )

    def to_functions(self, functions: frozenset[int]) -> Rights:
        """Keep only these functions."""
        return Rights({f: tops for f, tops in self.held.items() if f in functions}, self.tree)

    def to_customers(self, customers: Iterable[int]) -> Rights:
        """Keep only these customers and the customers below them."""
        bounds = [c for c in customers if self.tree.is_alive(c)]
        lines = {c: frozenset(self.tree.list_ancestors(c)) for c in bounds}
        held = {}
        for function, tops in self.held.items():
            kept = {bound for bound in bounds if not tops.isdisjoint(lines[bound])}
            kept |= {top for top in tops if any(self.tree.covers(bound, top) for bound in bounds)}
            if kept:
                held[function] = self.tree.keep_topmost(kept)
        return Rights(held, self.tree)

    def intersect(self, other: Rights) -> Rights:
        """Keep only what both hold, for the customers of both."""
        held = {}
        for function, tops in self.held.items():
            theirs = other.held.get(function, frozenset())
            both = {top for top in tops if any(self.tree.covers(one, top) for one in theirs)}
            both |= {one for one in theirs if any(self.tree.covers(top, one) for top in tops)}
            if both:
                held[function] = self.tree.keep_topmost(both)
        return Rights(held, self.tree)

    def covers(self, other: Rights) -> bool:
        """Tell whether everything in ``other`` is held here too."""
        return all(
            any(self.tree.covers(mine, top) for mine in self.held.get(function, ()))
            for function, tops in other.held.items()
            for top in tops
        )


NO_RIGHTS = Rights()


def resolve_rights(
    permissions: Iterable[tuple[int, int]], graph: FunctionGraph, tree: CustomerTree
) -> Rights:
    """Resolve permission rows ``(function, customer)`` into rights; the subjects are already resolved.

    A permission on a disabled or unknown customer, or of an unknown function, has no effect.
    """
    granted: dict[int, set[int]] = {}
    for function, customer in permissions:
        if tree.is_alive(customer):
            granted.setdefault(function, set()).add(customer)
    held: dict[int, set[int]] = {}
    for function, customers in granted.items():
        for below in graph.list_descendants(function):
            held.setdefault(below, set()).update(customers)
    return Rights({f: tree.keep_topmost(customers) for f, customers in held.items()}, tree)
