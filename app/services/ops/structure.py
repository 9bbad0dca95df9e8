"""Whether customer tree, function graph and groups are sound, and how to repair them (decision 034).

A customer that is not below its domain's root, and what is below it, is out of everybody's sight. In a circle
of functions or groups whoever holds one holds all.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError
from graphlib import TopologicalSorter
from typing import TypeVar

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import User
from app.services.access import held_rights
from app.services.administration import policy_changes
from app.services.administration import users_and_groups
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.guards import ALL_FUNCTIONS
from app.services.ops import bootstrap
from app.services.problems import Problem

E = TypeVar("E")
NO_ADMINISTRATOR = "Nobody can administer everything: run 'argus-idp user make-administrator NAME'."


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, what repairs it, and the repair itself, inside a unit of work."""

    problem: str
    repair: str
    mend: Callable[[Actor], None]


def list_faults() -> list[Fault]:
    """List what is broken and can be repaired, in the order in which it is repaired."""
    return [*_find_lost_customers(), *_find_function_circles(), *_find_group_circles()]


def repair_all(actor: Actor) -> list[Fault]:
    """Repair everything; returns what was repaired. Inside a unit of work."""
    held_rights.lock_policy()
    faults = list_faults()
    for fault in faults:
        fault.mend(actor)
    if faults:
        held_rights.raise_policy_version(everything=True)
    return faults


def make_administrator(user: User, actor: Actor) -> None:
    """Let this user hold everything for the root customer, whatever was taken from it or from the function.

    Inside a unit of work. Raises ``Problem``.
    """
    held_rights.lock_policy()
    root = policy_changes.find_root()
    if root is None:
        raise Problem("The customer tree is broken: run 'argus-idp doctor --repair' first.")
    if not held_rights.load_snapshot().tree.is_alive(user.customer_id):
        raise Problem("The customer of this user is disabled: choose or create a user of another one.")
    top = bootstrap.restore_functions()
    users_and_groups.unblock_user(user, actor)
    known = select(Permission).where(
        Permission.subject_id == user.id,
        Permission.function_id == top.id,
        Permission.customer_id == root.id,
        Permission.revoked_at.is_(None),
    )
    if db.session.execute(known).first() is None:
        db.session.add(
            Permission(subject_id=user.id, function_id=top.id, customer_id=root.id, granted_at=clock.now())
        )
    detail = {"subject": user.short_name, "function": ALL_FUNCTIONS, "customer": root.short_name}
    trail.record("permission-grant", actor, user=trail.find_concerned_user(user), detail=detail)
    held_rights.raise_policy_version(everything=True)
    db.session.flush()
    held_rights.raise_rights_version(user)


# --- customers ----------------------------------------------------------------------------------------------


def _find_lost_customers() -> Iterator[Fault]:
    """Find one customer of each circle, and each below another domain or beside the root."""
    rows = list(db.session.execute(select(Customer).order_by(Customer.id)).scalars())
    for domain in sorted({row.domain_id for row in rows}):
        inside = {row.id: row for row in rows if row.domain_id == domain}
        roots = [row for row in inside.values() if row.parent_id is None]
        parents = {row.id: row.parent_id for row in inside.values()}
        root = roots[0] if roots else None
        wrong = [row for row in inside.values() if row.parent_id is not None and row.parent_id not in inside]
        wrong += roots[1:]
        for row in wrong:
            parents[row.id] = None
        wrong += [inside[min(circle)] for circle in _list_circles(parents)]
        for row in wrong:
            yield _build_customer_fault(row, root)
            root = root or row


def _list_circles(parents: dict[int, int | None]) -> Iterator[list[int]]:
    """List the customers of each circle: every customer has one parent, so circles share none."""
    done: set[int] = set()
    for start in sorted(parents):
        line: list[int] = []
        one: int | None = start
        while one is not None and one not in done:
            done.add(one)
            line.append(one)
            one = parents[one]
        if one in line:
            yield line[line.index(one) :]


def _build_customer_fault(customer: Customer, root: Customer | None) -> Fault:
    def mend(actor: Actor) -> None:
        customer.parent_id = root.id if root is not None else None
        customer.updated_at, customer.updated_by_id = clock.now(), actor.id
        db.session.flush()
        detail = {
            "id": customer.id,
            "shortName": customer.short_name,
            "parent": root.short_name if root is not None else None,
        }
        trail.record("customer-move", actor, detail=detail)

    place = f"goes below {root.short_name}" if root is not None else "becomes the root of its domain"
    return Fault(
        f"Customer {customer.short_name} is not below the root of its domain: nobody sees it.",
        f"Customer {customer.short_name} {place}.",
        mend,
    )


# --- functions and groups -----------------------------------------------------------------------------------


def _find_function_circles() -> Iterator[Fault]:
    edges = db.session.execute(
        select(FunctionEdge).where(FunctionEdge.removed_at.is_(None)).order_by(FunctionEdge.added_at)
    ).scalars()
    names = {row.id: row.name for row in db.session.execute(select(Function)).scalars()}
    for edge in _list_closing(edges, lambda edge: (edge.parent_id, edge.child_id)):
        yield _build_edge_fault(edge, names[edge.parent_id], names[edge.child_id])


def _find_group_circles() -> Iterator[Fault]:
    groups = {row.id: row.short_name for row in db.session.execute(select(Group)).scalars()}
    memberships = db.session.execute(
        select(Membership)
        .where(Membership.removed_at.is_(None), Membership.member_id.in_(list(groups)))
        .order_by(Membership.added_at)
    ).scalars()
    for row in _list_closing(memberships, lambda row: (row.group_id, row.member_id)):
        yield _build_membership_fault(row, groups[row.group_id], groups[row.member_id])


def _list_closing(edges: Iterable[E], ends: Callable[[E], tuple[int, int]]) -> Iterator[E]:
    """List the edges that close a circle with older ones: without them there is none."""
    graph: dict[int, set[int]] = {}
    rows = list(edges)
    for edge in rows:
        above, below = ends(edge)
        graph.setdefault(above, set()).add(below)
    if _is_sound(graph):
        return
    graph.clear()
    for edge in rows:
        above, below = ends(edge)
        graph.setdefault(above, set()).add(below)
        if not _is_sound(graph):
            graph[above].discard(below)
            yield edge


def _is_sound(graph: dict[int, set[int]]) -> bool:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        return False
    return True


def _build_edge_fault(edge: FunctionEdge, parent: str, child: str) -> Fault:
    def mend(actor: Actor) -> None:
        edge.removed_at, edge.removed_by_id = clock.now(), actor.id
        db.session.flush()
        trail.record("function-child-remove", actor, detail={"parent": parent, "children": [child]})

    return Fault(
        f"Function {child} is in {parent} and contains it: whoever holds one holds both.",
        f"Function {child} is taken out of {parent}, where it was put last.",
        mend,
    )


def _build_membership_fault(row: Membership, group: str, member: str) -> Fault:
    def mend(actor: Actor) -> None:
        row.removed_at, row.removed_by_id = clock.now(), actor.id
        db.session.flush()
        trail.record("member-remove", actor, detail={"group": group, "members": [member]})

    return Fault(
        f"Group {member} is in group {group} and contains it: the members of one are in both.",
        f"Group {member} is taken out of group {group}, where it was put last.",
        mend,
    )
