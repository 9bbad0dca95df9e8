"""The function graph, as administrators change it. Functions are global:
guarded at the home domain's root.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.policy.effective import compute_session_level
from app.policy.facts import SecurityLevel
from app.services.access import delegation
from app.services.access import directory
from app.services.access import held_rights
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.guards import ALL_FUNCTIONS
from app.services.guards import ROLES
from app.services.guards import Guard
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import Missing

BUILT_IN = frozenset({ALL_FUNCTIONS, *ROLES, *(guard.value for guard in Guard)})


@dataclass(frozen=True, slots=True)
class NewFunction:
    """What an administrator sends for a new function."""

    name: str
    parent: str
    level: SecurityLevel
    role: bool
    sysadm: bool
    read_only: bool
    role_type: str
    description: str | None
    localized_names: dict[str, str]
    localized_descriptions: dict[str, str]


def find_guard_customer() -> int:
    """Return the customer at which functions and mappings are guarded (design §8)."""
    return directory.get_root_customer(directory.get_home_domain().id).id


def add_function(new: NewFunction, caller: Caller) -> Function:
    """Add a function under an existing parent. Raises ``Denied``, ``Invalid``."""
    at = find_guard_customer()
    caller.require(Guard.ADD_FUNCTION, at)
    problems: list[FieldProblem] = []
    parent = directory.find_function(new.parent)
    if parent is None:
        problems.append(FieldProblem("parent", "There is no such function.", "UNKNOWN"))
    elif not delegation.holds(caller, parent.id, at):
        problems.append(delegation.report_not_held("parent"))
    if directory.find_function_by_name(new.name) is not None:
        problems.append(FieldProblem("name", "This name is taken. Choose another.", "TAKEN"))
    if problems or parent is None:
        raise Invalid(*problems)
    now = clock.now()
    function = Function(
        name=new.name,
        description=new.description,
        localized_names=new.localized_names,
        localized_descriptions=new.localized_descriptions,
        minimum_security_level=int(new.level),
        role=new.role,
        sysadm=new.sysadm,
        read_only=new.read_only,
        role_type=new.role_type,
        created_at=now,
        created_by_id=caller.actor.id,
        updated_at=now,
        updated_by_id=caller.actor.id,
    )
    db.session.add(function)
    db.session.flush()
    _bundle(parent, function, caller)
    trail.record("function-add", caller.actor, detail={"name": function.name, "parent": parent.name})
    held_rights.raise_policy_version()
    return function


def get_visible_function(text: str, caller: Caller) -> Function:
    """Return a live function, if the caller holds ``viewFunctions`` anywhere.
    Raises ``Denied``, ``Missing``.
    """
    caller.require(Guard.VIEW_FUNCTIONS)
    function = directory.find_function(text)
    if function is None:
        raise Missing("function")
    return function


def list_parents(function: Function) -> list[Function]:
    """List the live functions directly above, by name."""
    statement = (
        select(Function)
        .join(FunctionEdge, FunctionEdge.parent_id == Function.id)
        .where(
            FunctionEdge.child_id == function.id,
            FunctionEdge.removed_at.is_(None),
            Function.deleted_at.is_(None),
        )
        .order_by(Function.name)
    )
    return list(db.session.execute(statement).scalars())


def update_function(text: str, changes: Mapping[str, Any], caller: Caller) -> Function:
    """Change the columns that were sent. Raises ``Denied``, ``Invalid``, ``Missing``."""
    function = get_visible_function(text, caller)
    at = find_guard_customer()
    caller.require(Guard.UPDATE_FUNCTION, at)
    problems: list[FieldProblem] = []
    if not delegation.holds(caller, function.id, at):
        problems.append(delegation.report_not_held("function"))
    name = changes.get("name", function.name)
    if name != function.name:
        if function.name in BUILT_IN:
            problems.append(FieldProblem("name", "A built-in function keeps its name.", "NOT_ALLOWED"))
        if directory.find_function_by_name(name) not in (None, function):
            problems.append(FieldProblem("name", "This name is taken. Choose another.", "TAKEN"))
    level = changes.get("minimum_security_level", function.minimum_security_level)
    if level < function.minimum_security_level > compute_session_level(caller.question):
        # A caller who may not use it at its present level may not lower the level (design §8).
        message = "Log in more strongly to lower this level."
        problems.append(FieldProblem("minimumSecurityLevel", message, "NOT_ALLOWED"))
    if problems:
        raise Invalid(*problems)
    for column, value in changes.items():
        setattr(function, column, value)
    function.updated_at, function.updated_by_id = clock.now(), caller.actor.id
    db.session.flush()
    trail.record("function-update", caller.actor, detail={"name": function.name, "changed": sorted(changes)})
    held_rights.raise_policy_version()
    return function


def delete_function(text: str, caller: Caller) -> Function:
    """Delete permanently: it has no effect from now on. Raises ``Denied``, ``Invalid``, ``Missing``."""
    function = get_visible_function(text, caller)
    at = find_guard_customer()
    caller.require(Guard.REMOVE_FUNCTION, at)
    if function.name in BUILT_IN:
        raise Invalid(FieldProblem("function", "A built-in function cannot be deleted.", "NOT_ALLOWED"))
    if not delegation.holds_all(caller, function.id, at):
        raise Invalid(delegation.report_not_held("function"))
    function.deleted_at = clock.now()
    function.deleted_by_id = caller.actor.id
    db.session.flush()
    trail.record("function-delete", caller.actor, detail={"name": function.name})
    held_rights.raise_policy_version()
    return function


def list_children(function: Function) -> list[Function]:
    """List the live functions directly below, by name."""
    statement = (
        select(Function)
        .join(FunctionEdge, FunctionEdge.child_id == Function.id)
        .where(
            FunctionEdge.parent_id == function.id,
            FunctionEdge.removed_at.is_(None),
            Function.deleted_at.is_(None),
        )
        .order_by(Function.name)
    )
    return list(db.session.execute(statement).scalars())


def add_children(text: str, names: Sequence[str], caller: Caller) -> Function:
    """Bundle functions under another: its holders hold them too. Raises ``Denied``, ``Invalid``."""
    function = get_visible_function(text, caller)
    at = find_guard_customer()
    caller.require(Guard.ADD_CHILD_FUNCTION, at)
    found = _get_functions(names, "children")
    if not delegation.holds(caller, function.id, at):
        raise Invalid(delegation.report_not_held("function"))
    if not all(delegation.holds_all(caller, child.id, at) for child in found):
        raise Invalid(delegation.report_not_held("children"))
    graph = caller.question.graph
    if any(function.id in graph.list_descendants(child.id) for child in found):
        raise Invalid(FieldProblem("children", "A function cannot be below itself.", "CYCLE"))
    present = {child.id for child in list_children(function)}
    for child in found:
        if child.id not in present:
            _bundle(function, child, caller)
    names = [child.name for child in found]
    trail.record("function-child-add", caller.actor, detail={"parent": function.name, "children": names})
    held_rights.raise_policy_version()
    return function


def remove_children(text: str, names: Sequence[str], caller: Caller) -> list[Function]:
    """Remove functions from a bundle; returns the rest. Raises ``Denied``, ``Invalid``."""
    function = get_visible_function(text, caller)
    at = find_guard_customer()
    caller.require(Guard.REMOVE_CHILD_FUNCTION, at)
    found = _get_functions(names, "child")
    if not all(delegation.holds_all(caller, child.id, at) for child in found):
        raise Invalid(delegation.report_not_held("child"))
    rows = db.session.execute(
        select(FunctionEdge).where(
            FunctionEdge.parent_id == function.id,
            FunctionEdge.child_id.in_([child.id for child in found]),
            FunctionEdge.removed_at.is_(None),
        )
    ).scalars()
    for row in rows:
        row.removed_at, row.removed_by_id = clock.now(), caller.actor.id
    names = [child.name for child in found]
    trail.record("function-child-remove", caller.actor, detail={"parent": function.name, "children": names})
    held_rights.raise_policy_version()
    return list_children(function)


def _get_functions(names: Sequence[str], field: str) -> list[Function]:
    found = [directory.find_function(name) for name in names]
    if None in found:
        raise Invalid(FieldProblem(field, "There is no such function.", "UNKNOWN"))
    return [function for function in found if function is not None]


def _bundle(parent: Function, child: Function, caller: Caller) -> None:
    db.session.add(
        FunctionEdge(
            id=str(uuid.uuid4()),
            parent_id=parent.id,
            child_id=child.id,
            added_at=clock.now(),
            added_by_id=caller.actor.id,
        )
    )
    db.session.flush()
