"""Search functions and the edges between them. Functions are global: a caller who may see one sees all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_
from sqlalchemy import select

from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.policy.effective import compute_session_level
from app.services.access import search
from app.services.access.callers import Caller
from app.services.access.search import Column
from app.services.access.search import Condition
from app.services.access.search import Criteria
from app.services.access.search import Found
from app.services.access.search import Page
from app.services.administration import filter_names
from app.services.guards import Guard

KEYWORDS: dict[str, Column] = {"name": Function.name}
# What people search their own functions by (contract 4.2).
OWN_KEYWORDS: dict[str, Column] = {**KEYWORDS, "description": Function.description}
SORTABLE: dict[str, Column] = {"id": Function.id, "name": Function.name}
FLAGS: dict[str, Condition] = {
    "deleted": Function.deleted_at.is_not(None),
    "role": Function.role.is_(True),
    "sysadm": Function.sysadm.is_(True),
    "readOnly": Function.read_only.is_(True),
}
SHOWN: dict[str, Condition] = {"deleted": Function.deleted_at.is_(None)}
EDGES_SORTABLE: dict[str, Column] = {
    "id": FunctionEdge.id,
    "parentName": select(Function.name).where(Function.id == FunctionEdge.parent_id).scalar_subquery(),
    "childName": select(Function.name).where(Function.id == FunctionEdge.child_id).scalar_subquery(),
}


@dataclass(frozen=True, kw_only=True)
class FunctionCriteria(Criteria):
    """``level`` is the lowest minimum security level to include; ``held`` are functions the caller may use.
    Ancestors and descendants are functions above and below, not the named ones themselves.
    """

    functions: Sequence[str] = ()
    ancestors: Sequence[str] = ()
    descendants: Sequence[str] = ()
    level: int | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class EdgeCriteria:
    """Edges from these parents, to these children."""

    parents: Sequence[str] = ()
    children: Sequence[str] = ()
    include_deleted: bool = False


def search_functions(
    caller: Caller,
    guard: Guard,
    criteria: FunctionCriteria,
    page: Page,
    sort_by: Sequence[str],
) -> Found[Function]:
    """Search functions, if the caller holds the guard anywhere. Raises ``Denied``, ``Invalid``."""
    caller.require(guard)

    def own(one: FunctionCriteria) -> list[Condition]:
        return _build_filters(caller, one)

    condition = search.build_condition(criteria, own, SHOWN)
    return search.fetch_page(Function, condition, page, search.build_ordering(sort_by, SORTABLE, "name"))


def list_own_functions(
    caller: Caller, keywords: Sequence[str], page: Page, *, roles: bool, held: bool, level: int | None
) -> Found[Function]:
    """List live functions up to ``level`` (``None`` is the session's own), by name; with ``roles`` only
    roles, with ``held`` only what this session may use.
    """
    top = compute_session_level(caller.question) if level is None else level
    ids = caller.rights.held if held else caller.question.graph.names
    conditions = [Function.id.in_(list(ids)), Function.minimum_security_level <= top]
    conditions += [FLAGS["role"]] if roles else []
    conditions += search.match_keywords(Criteria(keywords=keywords), OWN_KEYWORDS)
    return search.fetch_page(Function, and_(*conditions), page, search.build_ordering((), SORTABLE, "name"))


def search_edges(
    caller: Caller, criteria: EdgeCriteria, page: Page, sort_by: Sequence[str]
) -> Found[FunctionEdge]:
    """Search the edges of the graph. Raises ``Denied``, ``Invalid``."""
    caller.require(Guard.VIEW_FUNCTIONS)
    condition: Condition = FunctionEdge.id.is_not(None)
    deleted = criteria.include_deleted
    if criteria.parents:
        parents = filter_names.resolve_functions(criteria.parents, "parent", deleted=deleted)
        condition &= FunctionEdge.parent_id.in_(parents)
    if criteria.children:
        children = filter_names.resolve_functions(criteria.children, "child", deleted=deleted)
        condition &= FunctionEdge.child_id.in_(children)
    if not criteria.include_deleted:
        condition &= FunctionEdge.removed_at.is_(None)
        for column in (FunctionEdge.parent_id, FunctionEdge.child_id):
            condition &= search.match_named(column, Function.id, Function.deleted_at.is_(None))
    return search.fetch_page(
        FunctionEdge, condition, page, search.build_ordering(sort_by, EDGES_SORTABLE, "id")
    )


def _build_filters(caller: Caller, criteria: FunctionCriteria) -> list[Condition]:
    graph = caller.question.graph
    conditions: list[Condition] = []
    if criteria.functions:
        named = filter_names.resolve_functions(criteria.functions, deleted=criteria.asks_for("deleted"))
        conditions.append(Function.id.in_(named))
    if criteria.ancestors:
        tops = filter_names.resolve_functions(criteria.ancestors, "ancestor")
        conditions.append(Function.id.in_(graph.list_below(tops)))
    if criteria.descendants:
        below = filter_names.resolve_functions(criteria.descendants, "descendant")
        conditions.append(Function.id.in_(graph.list_above(below)))
    if criteria.level is not None:
        conditions.append(Function.minimum_security_level >= criteria.level)
    if criteria.held:
        conditions.append(Function.id.in_(list(caller.rights.held)))
    conditions += search.match_keywords(criteria, KEYWORDS)
    return conditions + search.match_flags(criteria, FLAGS)
