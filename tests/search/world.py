"""A world in which every search has something to find, to hide and to leave empty, told as plain facts."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Any

from flask import Flask

from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.models.authority import Permission
from app.models.clients import OAuthClient
from app.models.directory import Customer
from app.models.directory import Membership
from app.models.directory import Subject
from tests.drivers.api_caller import ApiCaller
from tests.world import World

ROLES = ("USER-ADMIN", "CUSTOMER-ADMIN", "OAUTH-ADMIN", "BASIC-USER")
LONG_AGO = datetime(2020, 5, 17, 10, 30, 15, 123_456, tzinfo=UTC)
SHOWN = 1_589_711_415_123  # the same moment as the API shows it


class Facts:
    """What is in the database, for expectations computed in plain Python."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.customers: list[Any] = world.rows(Customer)
        self.subjects: list[Any] = world.rows(Subject)
        self.functions: list[Any] = world.rows(Function)
        self.edges: list[Any] = world.rows(FunctionEdge)
        self.permissions: list[Any] = world.rows(Permission)
        self.memberships: list[Any] = world.rows(Membership)
        self.clients: list[Any] = world.rows(OAuthClient)
        self.customer = {one.short_name: one.id for one in self.customers}
        self.subject = {one.short_name: one.id for one in self.subjects}
        self.function = {one.name: one.id for one in self.functions}
        self._parents = {one.id: one.parent_id for one in self.customers}
        self._gone = {one.id for one in self.customers if one.disabled_at is not None}

    def line(self, customer: int | None) -> list[int]:
        """A customer and all above it."""
        found = []
        while customer is not None:
            found.append(customer)
            customer = self._parents[customer]
        return found

    def under(self, name: str) -> set[int]:
        """A customer and all below it."""
        return {one.id for one in self.customers if self.customer[name] in self.line(one.id)}

    def reach(self) -> set[int]:
        """Where helen's rights count: ``group`` and below, without what is disabled."""
        return {one for one in self.under("group") if not self._gone.intersection(self.line(one))}

    def members(self, group: str) -> set[int]:
        """All in a group, through live groups."""
        living = {one.id for one in self.subjects if one.deleted_at is None}
        found: set[int] = set()
        waiting = [self.subject[group]]
        while waiting:
            above = waiting.pop()
            inside = {m.member_id for m in self.memberships if m.group_id == above and m.removed_at is None}
            waiting += [one for one in inside - found if one in living]
            found |= inside
        return found

    def groups(self, subject: str) -> set[int]:
        """All live groups of a subject."""
        groups = [s for s in self.subjects if s.kind == "group" and s.deleted_at is None]
        return {g.id for g in groups if self.subject[subject] in self.members(g.short_name)}

    def below(self, function: str) -> set[int]:
        """All live functions below one."""
        living = {one.id for one in self.functions if one.deleted_at is None}
        found: set[int] = set()
        waiting = [self.function[function]]
        while waiting:
            above = waiting.pop()
            inside = {
                e.child_id for e in self.edges if e.parent_id == above and e.removed_at is None
            } & living
            waiting += inside - found
            found |= inside
        return found

    def above(self, function: str) -> set[int]:
        """All live functions above one."""
        living = [one for one in self.functions if one.deleted_at is None]
        return {one.id for one in living if self.function[function] in self.below(one.name)}

    def holders(self, function: str, customers: set[int]) -> set[int]:
        """Whoever helen can see to hold a function at one of these customers, directly or by groups."""
        wanted = {self.function[function], *self.above(function)}
        found: set[int] = set()
        for one in self.permissions:
            if (
                one.function_id in wanted
                and one.revoked_at is None
                and one.customer_id in customers & self.reach()
            ):
                found.add(one.subject_id)
                subject = next(s for s in self.subjects if s.id == one.subject_id)
                if subject.kind == "group" and subject.deleted_at is None:
                    found |= self.members(subject.short_name)
        return found


def build(app: Flask, admin: ApiCaller) -> Facts:
    """``helen`` administers ``group``: ``acme`` with ``north`` below it, and ``bolt``; not ``secret``.
    ``closed`` is disabled, with ``annexe`` below it.
    """
    world = World(app)
    world.standard()
    for name, parent in (("north", "acme"), ("secret", "root"), ("closed", "group"), ("annexe", "closed")):
        world.customer(name, parent)
    world.user("helen", "group", holds=[(role, "group") for role in ROLES])
    people = {
        "nils": ("acme", {"email": None, "phone_national_number": None}),
        "astrid": ("north", {"phone_national_number": "40 50", "last_login_at": LONG_AGO}),
        "per_cent": ("bolt", {"daemon_account": True, "notification_user": True}),
        "percent": ("bolt", {"force_password_change": True, "password_hash": None}),
        "gone": ("acme", {"created_at": LONG_AGO}),
        "hidden": ("secret", {}),
        "shut": ("closed", {}),
    }
    for name, (customer, values) in people.items():
        world.user(name, customer)
        if values:
            world.change_user(name, **values)
    world.change_user("astrid", name="Åstrid Øster")
    world.group("team", ["alice", "nils"], "acme")
    world.group("crew", ["team", "per_cent"], "group")
    world.group("ended", ["astrid"], "acme")
    world.group("wide", ["ended"], "acme")
    world.group("mixed", ["nils", "hidden"], "bolt")
    facts = Facts(world)
    world.change_user("nils", created_by_id=facts.subject["helen"], updated_by_id=facts.subject["helen"])
    world.change_user("astrid", created_by_id=facts.subject["alice"], updated_by_id=facts.subject["helen"])
    world.block("percent")
    for subject, function, customer in (
        ("crew", "readThings", "group"),
        ("team", "APP-ROLE", "acme"),
        ("astrid", "writeThings", "north"),
        ("per_cent", "useApp", "bolt"),
        ("hidden", "useApp", "secret"),
        ("ended", "useApp", "acme"),
    ):
        world.grant(subject, function, customer)
    world.revoke("per_cent", "useApp")
    world.function("oldThings")
    world.function("spare", level=2, role=True)
    world.function("strict", level=3)
    world.edge("spare", "strict")
    world.edge("spare", "oldThings")
    world.remove_function("oldThings")
    world.cut("spare", "strict")
    world.edge("APP-ROLE", "spare")
    for name, values in {
        "plain": {"customer": "acme"},
        "veiled": {"customer": "acme", "hidden": True},
        "northern": {"customer": "north", "full_name": "Ærlig app"},
        "other": {"customer": "bolt", "required_function": "readThings"},
        "foreign": {"customer": "secret"},
        "shared": {},
    }.items():
        world.client(name, **values)
    world.change_client(world_client(world, "northern"), created_at=LONG_AGO)
    removed = world.client("removed", customer="acme")
    assert admin.delete(f"/authentication/v1/oauth/client/{removed}").status_code == 200
    admin.put("/useradmin/v2/user/alice/preferences", {"preferences": {"colour": "red"}})
    admin.put("/useradmin/v2/user/nils/preferences", {"preferences": {"colour": "blue"}})
    assert admin.put("/customeradmin/v2/customer/bolt", {"excludeFromProduction": True}).status_code == 200
    world.leave("nils", "team")
    world.delete("gone")
    world.delete("ended")
    world.disable_customer("closed")
    return Facts(world)


def world_client(world: World, name: str) -> str:
    """The id of a client."""
    return next(one.id for one in world.rows(OAuthClient) if one.short_name == name)
