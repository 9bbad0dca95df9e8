"""Every "who did it" names the impersonator; the audit row names both (security rule 76)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.models.authority import Permission
from app.models.base import Base
from app.models.directory import User
from tests.api.test_sessions import ROOT
from tests.api.test_sessions import Bearer
from tests.api.test_sessions import login
from tests.world import World

ADMIN = "/useradmin/v2"
CUSTOMERS = "/customeradmin/v2"
# One call for every table that keeps who did it, in this order: method, path, body.
CALLS: tuple[tuple[str, str, Any], ...] = (
    ("POST", f"{ADMIN}/user", {"customer": "root", "shortName": "made", "name": "Made"}),
    ("PUT", f"{ADMIN}/user/made", {"name": "Made anew"}),
    ("POST", f"{ADMIN}/group", {"customer": "root", "shortName": "many", "name": "Many"}),
    ("PUT", f"{ADMIN}/group/many", {"name": "Many more"}),
    ("POST", f"{ADMIN}/group/many/members", {"subject": ["made"]}),
    ("DELETE", f"{ADMIN}/group/many/members?subject=made", None),
    ("POST", f"{ADMIN}/permission", {"subject": "made", "function": "readThings", "customer": "acme"}),
    ("DELETE", f"{ADMIN}/permission/{{permission}}", None),
    ("POST", f"{ADMIN}/function", {"name": "made", "parent": "APP-ROLE"}),
    ("PUT", f"{ADMIN}/function/made", {"description": "anew"}),
    ("POST", f"{ADMIN}/function/APP-ROLE/children", {"children": ["viewUsers"]}),
    ("DELETE", f"{ADMIN}/function/APP-ROLE/children?child=viewUsers", None),
    ("DELETE", f"{ADMIN}/function/made", None),
    ("POST", f"{CUSTOMERS}/customer", {"name": "Made", "shortName": "made", "parent": "root"}),
    ("PUT", f"{CUSTOMERS}/customer/made", {"name": "Made anew"}),
    ("PUT", f"{CUSTOMERS}/customer/made/move", {"parent": "group"}),
    ("PUT", f"{CUSTOMERS}/customer/made/disable", {}),
    ("DELETE", f"{ADMIN}/user/made", None),
    ("DELETE", f"{ADMIN}/group/many", None),
)


@pytest.fixture
def child(app: Flask, world: World) -> Bearer:
    """Boss acts as the victim; both may do everything."""
    for name in ("boss", "victim"):
        world.user(name, "root", holds=[("ALL-FUNCTIONS", "root")])
    answer = login(app, "boss").post(f"{ROOT}/session/impersonate", {"user": "victim"})
    return Bearer(app, answer.json["data"]["credentials"]["requestCredentialsData"])


def names_of(world: World) -> dict[int, str]:
    return {user.id: user.short_name for user in world.rows(User)}


def test_rows_and_audit_name_the_impersonator(app: Flask, world: World, child: Bearer) -> None:
    """Each change by an impersonated session, in every table: no row says that the victim did it."""
    before = world.rows(AuditEvent)
    for method, path, body in CALLS:
        if "{permission}" in path:
            path = path.format(permission=world.rows(Permission)[-1].id)
        answer = child.call(method, path, body)
        assert answer.status_code in (200, 201), (path, answer.data)
    names = names_of(world)
    done: set[str] = set()
    for mapper in Base.registry.mappers:
        columns = [column for column in mapper.columns if column.name.endswith("_by_id")]
        for row in world.rows(mapper.class_) if columns else ():
            found = {names.get(getattr(row, column.key)) for column in columns} - {None, "admin"}
            assert found <= {"boss"}, (mapper.class_.__name__, row)
            done |= {mapper.class_.__name__} if found else set()
    assert done >= {"User", "Group", "Membership", "Permission", "Function", "FunctionEdge", "Customer"}
    written = [row for row in world.rows(AuditEvent) if row.id > max(one.id for one in before)]
    assert {row.actor_name for row in written} == {"boss"}
    about_itself = [row for row in written if row.action == "customer-add"]
    assert [(row.actor_name, row.user_name) for row in about_itself] == [("boss", "victim")]


def test_answers_name_the_impersonator(app: Flask, world: World, child: Bearer) -> None:
    """``createdByUser`` and its like."""
    user = child.post(f"{ADMIN}/user", {"customer": "root", "shortName": "made", "name": "Made"})
    assert user.json["data"]["createdByUser"]["shortName"] == "boss"
    assert user.json["data"]["lastUpdatedByUser"]["shortName"] == "boss"


def test_a_refusal_names_both(app: Flask, world: World, child: Bearer) -> None:
    """The session asked in the victim's name: the row says so, and who it was."""
    world.revoke("boss", "ALL-FUNCTIONS")
    world.grant("boss", "impersonate", "root")
    assert child.get(f"{ADMIN}/permission").status_code == 403
    row = [one for one in world.rows(AuditEvent) if one.outcome == "refused"][-1]
    assert (row.actor_name, row.user_name) == ("boss", "victim")
