"""Broken trees, graphs and groups are found and repaired (decision 034)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.audit import AuditEvent
from app.models.authority import FunctionEdge
from app.models.directory import Customer
from app.models.directory import Domain
from app.models.directory import Group
from app.models.directory import Membership
from app.services.ops import structure
from app.services.unit_of_work import run_in_transaction
from tests.drivers.api_caller import ApiCaller
from tests.world import OPERATOR
from tests.world import World

CUSTOMERS = "/customeradmin/v2/customer"
# What breaks what, each as one race wrote it: customers as child and parent, functions as parent and child,
# groups as group and member.
BREAKS: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    "two customers": ("customer", [("acme", "bolt"), ("bolt", "acme")]),
    "a customer under itself": ("customer", [("acme", "acme")]),
    "three customers": ("customer", [("group", "bolt"), ("bolt", "acme")]),
    "two circles": ("customer", [("acme", "acme"), ("bolt", "bolt")]),
    "a second root": ("customer", [("group", None)]),
    "no root": ("customer", [("root", "acme")]),
    "two functions": ("function", [("readThings", "APP-ROLE")]),
    "three functions": ("function", [("readThings", "writeThings"), ("writeThings", "APP-ROLE")]),
    "a function in itself": ("function", [("readThings", "readThings")]),
    "two groups": ("group", [("outer", "inner"), ("inner", "outer")]),
}
ACTIONS = {"customer": "customer-move", "function": "function-child-remove", "group": "member-remove"}


def puts(world: World, app: Flask, group: str, member: str) -> None:
    """Put a group into another one."""
    ids = {row.short_name: row.id for row in world.rows(Group)}
    with app.app_context():
        row = Membership(
            id=str(uuid.uuid4()), group_id=ids[group], member_id=ids[member], added_at=clock.now()
        )
        db.session.add(row)
        db.session.commit()


def breaks(world: World, app: Flask, kind: str, pairs: list[tuple[str, str | None]]) -> None:
    world.group("outer")
    world.group("inner")
    if kind == "customer":
        ids = {row.short_name: row.id for row in world.rows(Customer)}
        with app.app_context():
            for child, parent in pairs:
                above = ids[parent] if parent is not None else None
                db.session.execute(update(Customer).where(Customer.id == ids[child]).values(parent_id=above))
            db.session.commit()
    for above, below in pairs if kind == "function" else ():
        assert below is not None
        world.edge(above, below)
    for group, member in pairs if kind == "group" else ():
        assert member is not None
        puts(world, app, group, member)


@pytest.mark.parametrize("how", BREAKS)
def test_what_is_broken_is_found_and_repaired(app: Flask, world: World, admin: ApiCaller, how: str) -> None:
    """Each fault is told with its repair; afterwards there is none, and everything is in sight again."""
    kind, pairs = BREAKS[how]
    breaks(world, app, kind, pairs)
    with app.app_context():
        found = structure.list_faults()
        assert len(found) == (2 if how == "two circles" else 1), found
        assert all(fault.problem.endswith(".") and fault.repair.endswith(".") for fault in found)
        done = run_in_transaction(lambda: structure.repair_all(OPERATOR))
        assert [fault.repair for fault in done] == [fault.repair for fault in found]
        assert structure.list_faults() == []
    rows = [row for row in world.rows(AuditEvent) if row.actor_name == OPERATOR.name]
    action = {"customer": "customer-move", "function": "function-child-remove", "group": "member-remove"}[
        kind
    ]
    assert [row.action for row in rows if row.action == action] == [action] * len(found)
    if how != "no root":
        names = {one["shortName"] for one in admin.get(f"{CUSTOMERS}?limit=0").json["data"]}
        assert names == {"root", "group", "acme", "bolt"}


def test_what_is_sound_is_left_alone(app: Flask, world: World) -> None:
    """Also one function in two roles, one group in two groups, and what was taken out again."""
    for name in ("outer", "inner", "third"):
        world.group(name)
    puts(world, app, "outer", "inner")
    puts(world, app, "third", "inner")
    world.edge("readThings", "APP-ROLE")
    world.cut("readThings", "APP-ROLE")
    with app.app_context():
        before = [_columns(Customer), _columns(FunctionEdge), _columns(Membership)]
        assert run_in_transaction(lambda: structure.repair_all(OPERATOR)) == []
        assert [_columns(Customer), _columns(FunctionEdge), _columns(Membership)] == before


def test_domains_are_apart(app: Flask, world: World) -> None:
    """A customer below another domain's goes below the root of its own."""
    ids = {row.short_name: row.id for row in world.rows(Customer)}
    with app.app_context():
        domain = Domain(name="OTHER")
        db.session.add(domain)
        db.session.flush()
        there = domain.id
        db.session.execute(
            update(Customer).where(Customer.id == ids["group"]).values(domain_id=there, parent_id=None)
        )
        db.session.execute(update(Customer).where(Customer.id == ids["bolt"]).values(domain_id=there))
        db.session.commit()
        # Acme stayed in the first domain, below a customer that is not there any more.
        found = structure.list_faults()
        assert [fault.repair for fault in found] == ["Customer acme goes below root."]
        run_in_transaction(lambda: structure.repair_all(OPERATOR))
        assert structure.list_faults() == []


def _columns(model: type) -> list[dict[str, Any]]:
    rows = db.session.execute(db.select(model.__table__)).all()
    return [dict(row._mapping) for row in rows]
