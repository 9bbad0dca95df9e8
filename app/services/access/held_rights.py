"""The rights that a user holds today: resolved from rows,
cached under the versions they were read with (design §7).

Nothing here decides. A cached value is used only if both versions, read in the same query as the credential,
are unchanged; so a change takes effect at the next request of every process. Uncommitted changes of a unit of
work are resolved again each time and never cached.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import CTE
from sqlalchemy import BigInteger
from sqlalchemy import ColumnElement
from sqlalchemy import Select
from sqlalchemy import event
from sqlalchemy import exists
from sqlalchemy import literal
from sqlalchemy import select
from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import ORMExecuteState
from sqlalchemy.orm import Session

from app.extensions import db
from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.directory import User
from app.models.state import SystemState
from app.policy.rights import CustomerTree
from app.policy.rights import FunctionGraph
from app.policy.rights import Rights
from app.policy.rights import resolve_rights
from app.runtime import per_app
from app.services.access.credential_parts import PolicyVersions
from app.services.unit_of_work import have_rights_moved
from app.services.unit_of_work import list_moved_rights
from app.services.unit_of_work import note_moved_rights

MOST_USERS = 10_000
FEW_MEMBERS = 1_000
# What rights are resolved from, and the part of the policy that moves with it.
GRAPH, TREE, GROUPS = "graph", "tree", "groups"
RESOLVED_FROM: dict[type[Any], str] = {
    Function: GRAPH,
    FunctionEdge: GRAPH,
    Customer: TREE,
    Permission: GROUPS,
    Membership: GROUPS,
    Subject: GROUPS,
}


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """Function graph and customer tree under these versions."""

    versions: PolicyVersions
    graph: FunctionGraph
    tree: CustomerTree


class _Cache:
    def __init__(self) -> None:
        self.landscape: PolicySnapshot | None = None
        self.rights: OrderedDict[int, tuple[int, PolicyVersions, Rights]] = OrderedDict()
        self.lock = Lock()


def read_versions() -> PolicyVersions:
    """Return the current versions."""
    read = select(SystemState.policy_version, SystemState.graph_version, SystemState.tree_version)
    return PolicyVersions(*db.session.execute(read).one())


def load_snapshot(versions: PolicyVersions | None = None) -> PolicySnapshot:
    """Load graph and tree of these versions (or the current ones); what is cached is not read again."""
    kept = per_app(_Cache)
    versions = read_versions() if versions is None else versions
    if have_rights_moved():
        return PolicySnapshot(versions, _load_graph(), _load_tree())
    known = kept.landscape
    if known is None:
        known = kept.landscape = PolicySnapshot(versions, _load_graph(), _load_tree())
    elif known.versions != versions:
        graph = known.graph if known.versions.graph == versions.graph else _load_graph()
        tree = known.tree if known.versions.tree == versions.tree else _load_tree()
        known = kept.landscape = PolicySnapshot(versions, graph, tree)
    return known


def resolve_user_rights(user_id: int, rights_version: int, versions: PolicyVersions) -> Rights:
    """Return the user's own rights under these versions; one query if they are not cached."""
    kept = per_app(_Cache)
    if have_rights_moved():
        land = load_snapshot(versions)
        return resolve_rights(_load_permissions(user_id), land.graph, land.tree)
    with kept.lock:
        known = kept.rights.get(user_id)
        if known is not None and known[:2] == (rights_version, versions):
            kept.rights.move_to_end(user_id)
            return known[2]
    land = load_snapshot(versions)
    rights = resolve_rights(_load_permissions(user_id), land.graph, land.tree)
    with kept.lock:
        kept.rights[user_id] = (rights_version, versions, rights)
        while len(kept.rights) > MOST_USERS:
            kept.rights.popitem(last=False)
    return rights


def resolve_granted_rights(subject_id: int) -> Rights:
    """Resolve everything the subject was granted, also at disabled customers,
    where it can become effective again.
    """
    land = load_snapshot()
    return resolve_rights(_load_permissions(subject_id), land.graph, land.tree.with_all_alive())


def resolve_rights_of_members(customer_id: int, but_not: int | None = None) -> Rights:
    """Resolve everything that the users of this customer, and of those below it, were granted, all together;
    ``but_not`` leaves one user out.
    """
    below = select(literal(customer_id, BigInteger()).label("id")).cte("below", recursive=True)
    below = below.union(select(Customer.id).join(below, Customer.parent_id == below.c.id))
    user = Subject.__table__.alias("u")
    members = select(user.c.id).where(
        user.c.customer_id.in_(select(below.c.id)),
        user.c.kind == "user",
        user.c.deleted_at.is_(None),
        user.c.id != (but_not or 0),
    )
    land = load_snapshot()
    return resolve_rights(_list_permissions(members), land.graph, land.tree.with_all_alive())


def lock_policy() -> None:
    """Wait until no other unit changes graph, tree, groups or permissions; others wait until this one ends.

    The first statement of a unit that changes them: what it reads and judges then stays so. SQLite needs no
    lock, its writers take turns anyway.
    """
    db.session.execute(select(SystemState.policy_version).with_for_update())


def raise_policy_version(*, everything: bool = False) -> None:
    """Record that graph, tree, groups or group permissions changed. Call it last in the transaction:
    whoever reads meanwhile keeps the old version.

    Graph and tree are raised if this unit changed them; both with ``everything``, or when nothing was noted.
    """
    db.session.flush()
    moved = list_moved_rights()
    everything = everything or not moved
    raised = {"policy_version": SystemState.policy_version + 1}
    if everything or GRAPH in moved:
        raised["graph_version"] = SystemState.graph_version + 1
    if everything or TREE in moved:
        raised["tree_version"] = SystemState.tree_version + 1
    note_moved_rights(GROUPS)
    db.session.execute(update(SystemState).values(raised))


def raise_rights_version(subject: Subject) -> None:
    """Record that a subject's own permissions or memberships changed:
    one user's version, or everybody's for a group.
    """
    db.session.flush()
    if not isinstance(subject, User):
        raise_policy_version()
        return
    note_moved_rights(GROUPS)
    db.session.execute(
        update(User).where(User.id == subject.id).values(rights_version=User.rights_version + 1)
    )


@event.listens_for(Session, "after_flush")
def _on_flush(session: Session, _context: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        _note_change_of(type(row))


@event.listens_for(Session, "do_orm_execute")
def _on_statement(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    if mapper is not None and (state.is_insert or state.is_update or state.is_delete):
        _note_change_of(mapper.class_)


def _note_change_of(changed: type[Any]) -> None:
    for table, part in RESOLVED_FROM.items():
        if issubclass(changed, table):
            note_moved_rights(part)


def list_group_ids(subject_id: int) -> list[int]:
    """List the ids of all live groups the subject belongs to, direct and indirect."""
    above = _select_with_groups(_select_one(subject_id))
    return [row.id for row in db.session.execute(select(above.c.id)) if row.id != subject_id]


def select_member_ids(group_ids: Collection[int] | Select[Any]) -> Select[tuple[int]]:
    """Select the ids of everything inside these groups, direct and through live groups."""
    inside = select(Membership.member_id.label("id")).where(
        Membership.group_id.in_(group_ids), Membership.removed_at.is_(None)
    )
    # Without a name of its own: a search may ask for several.
    start = inside.cte(recursive=True)
    group = Subject.__table__.alias("g")
    # Asked for each group: joined, SQLite with statistics reads every subject first.
    lives = exists().where(group.c.id == start.c.id, group.c.deleted_at.is_(None))
    below = start.union(
        select(Membership.member_id)
        .join(start, Membership.group_id == start.c.id)
        .where(Membership.removed_at.is_(None), lives)
    )
    return select(below.c.id)


def _select_one(subject_id: int) -> Select[tuple[int]]:
    return select(literal(subject_id, BigInteger()).label("id"))


def match_members(column: InstrumentedAttribute[int], group_ids: Collection[int]) -> ColumnElement[bool]:
    """Match what is inside these groups. Few are listed: no planner takes a list for many rows."""
    inside = select_member_ids(group_ids)
    few = list(db.session.execute(inside.limit(FEW_MEMBERS + 1)).scalars())
    return column.in_(few if len(few) <= FEW_MEMBERS else inside)


def _select_with_groups(subjects: Select[tuple[int]]) -> CTE:
    start = subjects.cte("above", recursive=True)
    group = Subject.__table__.alias("g")
    # Not a join, for the same reason as in ``_load_permissions``.
    living = exists().where(group.c.id == Membership.group_id, group.c.deleted_at.is_(None))
    return start.union(
        select(Membership.group_id)
        .join(start, Membership.member_id == start.c.id)
        .where(Membership.removed_at.is_(None), living)
    )


def _load_permissions(user_id: int) -> Iterable[tuple[int, int]]:
    return _list_permissions(_select_one(user_id))


def _list_permissions(subjects: Select[tuple[int]]) -> Iterable[tuple[int, int]]:
    above = _select_with_groups(subjects)
    rows = db.session.execute(
        select(Permission.function_id, Permission.customer_id).where(
            # Not a join: SQLite believes the groups to be many, and would read the whole other table first.
            Permission.subject_id.in_(select(above.c.id)),
            Permission.revoked_at.is_(None),
        )
    )
    return [(row.function_id, row.customer_id) for row in rows]


def _load_graph() -> FunctionGraph:
    functions = db.session.execute(
        select(Function.id, Function.name, Function.minimum_security_level, Function.read_only).where(
            Function.deleted_at.is_(None)
        )
    ).all()
    edges = db.session.execute(
        select(FunctionEdge.parent_id, FunctionEdge.child_id).where(FunctionEdge.removed_at.is_(None))
    )
    children: dict[int, set[int]] = {}
    for edge in edges:
        children.setdefault(edge.parent_id, set()).add(edge.child_id)
    return FunctionGraph(
        names={f.id: f.name for f in functions},
        children={parent: frozenset(below) for parent, below in children.items()},
        levels={f.id: f.minimum_security_level for f in functions},
        read_only=frozenset(f.id for f in functions if f.read_only),
    )


def _load_tree() -> CustomerTree:
    rows = db.session.execute(
        select(Customer.id, Customer.parent_id, Customer.domain_id, Customer.name, Customer.disabled_at)
    ).all()
    return CustomerTree(
        parents={c.id: c.parent_id for c in rows},
        domains={c.id: c.domain_id for c in rows},
        names={c.id: c.name for c in rows},
        disabled=frozenset(c.id for c in rows if c.disabled_at is not None),
    )
