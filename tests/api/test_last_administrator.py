"""Nobody takes away the last administrator, by whatever way, and a command gives one back (decision 034)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.authority import Permission
from app.models.directory import Membership
from app.models.directory import User
from app.services.access import directory
from app.services.administration import policy_changes
from app.services.ops import structure
from app.services.problems import Problem
from app.services.unit_of_work import run_in_transaction
from tests.api.test_sessions import login
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.web.kit import text_of
from tests.world import OPERATOR
from tests.world import World

A, U, C = "/authentication/v1", "/useradmin/v2", "/customeradmin/v2/customer"
TOP, ABOVE = f"{U}/function/ALL-FUNCTIONS/children", f"{U}/function/EVERYTHING"
CODE = "LAST_ADMINISTRATOR"
# Each way to end being the administrator: how the person holds it, and the call. ``{permission}`` is the row.
WAYS: dict[str, tuple[str, str, str, Any]] = {
    "delete oneself": ("user", "DELETE", f"{U}/user/boss", None),
    "block oneself": ("user", "PUT", f"{A}/user/boss/block", None),
    "revoke the permission": ("user", "DELETE", f"{U}/permission/{{permission}}", None),
    "revoke many": ("user", "DELETE", f"{U}/permission?permission={{permission}}", None),
    "leave the group": ("group", "DELETE", f"{U}/group/bosses/members?subject=boss", None),
    "end the membership": ("group", "DELETE", f"{U}/membership?membershipID={{membership}}", None),
    "delete the group": ("group", "DELETE", f"{U}/group/bosses", None),
    "revoke the group's permission": ("group", "DELETE", f"{U}/permission/{{permission}}", None),
    "the outer group": ("groups", "DELETE", f"{U}/group/chiefs/members?subject=bosses", None),
    "take out of the role": ("user", "DELETE", f"{TOP}?child=grantRole&child=USER-ADMIN", None),
    "delete the role above": ("role", "DELETE", ABOVE, None),
    "take it out of the role above": ("role", "DELETE", f"{ABOVE}/children?child=ALL-FUNCTIONS", None),
    "disable the customer": ("user", "PUT", f"{C}/office/disable", None),
    "disable one above": ("user", "PUT", f"{C}/company/disable", None),
}  # fmt: skip


@pytest.fixture
def boss(app: Flask, world: World) -> ApiCaller:
    """Boss, who works in an office of its own; ``admin`` is there until a test takes that one out."""
    world.customer("company")
    world.customer("office", "company")
    world.customer("closed")
    world.user("boss", "office", holds=[("viewCustomers", "root")])
    return login(app, "boss")


def makes_administrator(world: World, how: str) -> None:
    """Boss holds everything, in this way."""
    if how == "user":
        world.grant("boss", "ALL-FUNCTIONS", "root")
    elif how == "role":
        world.function("EVERYTHING", "viewUsers", role=True)
        world.edge("EVERYTHING", "ALL-FUNCTIONS")
        world.grant("boss", "EVERYTHING", "root")
    else:
        world.group("bosses", ["boss"])
        if how == "groups":
            world.group("chiefs", ["bosses"])
        world.grant("chiefs" if how == "groups" else "bosses", "ALL-FUNCTIONS", "root")


def filled(world: World, path: str) -> str:
    memberships = [row.id for row in world.rows(Membership)]
    newest = max(row.id for row in world.rows(Permission))
    return path.format(permission=newest, membership=memberships[0] if memberships else "")


@pytest.mark.parametrize("way", WAYS)
def test_the_last_one_stays(app: Flask, world: World, boss: ApiCaller, way: str) -> None:
    """412 with what to do, and nothing changed; with a second administrator the same call is done."""
    how, method, path, body = WAYS[way]
    makes_administrator(world, how)
    path = filled(world, path)
    world.change_user("admin", blocked_at=world.rows(User)[0].created_at)
    answer = boss.call(method, path, body)
    assert answer.status_code == 412, answer.data
    assert answer.json["messages"][0]["messageTemplate"] == CODE
    assert "ALL-FUNCTIONS" in answer.json["messages"][0]["message"]
    with app.app_context():
        assert policy_changes.has_administrator()
    assert boss.get(f"{A}/session/permission/grantRole/root").status_code == 200
    world.change_user("admin", blocked_at=None)
    if "ALL-FUNCTIONS/children" not in path:
        assert boss.call(method, path, body).status_code == 200


def test_pages_say_so(app: Flask, world: World, boss: ApiCaller) -> None:
    """By a page too, in words."""
    makes_administrator(world, "user")
    world.change_user("admin", blocked_at=world.rows(User)[0].created_at)
    person = Person(app, "boss")
    person.logs_in()
    page = person.visits("/console/users/boss/delete")
    answer = person.submits(page, "/console/users/boss/delete")
    assert answer.status_code == 412, text_of(answer)
    assert "Make somebody else an administrator first." in text_of(answer)
    assert not next(row for row in world.rows(User) if row.short_name == "boss").deleted_at


@pytest.mark.parametrize("other", ["blocked", "deleted", "disabled customer", "elsewhere", "less"])
def test_who_counts_as_another_one(app: Flask, world: World, boss: ApiCaller, other: str) -> None:
    """Only somebody who could do it today."""
    makes_administrator(world, "user")
    world.user("second", "closed" if other == "disabled customer" else "root")
    if other == "less":
        world.grant("second", "USER-ADMIN", "root")
    else:
        world.grant("second", "ALL-FUNCTIONS", "acme" if other == "elsewhere" else "root")
    moment = world.rows(User)[0].created_at
    world.change_user("admin", blocked_at=moment)
    if other == "blocked":
        world.change_user("second", blocked_at=moment)
    if other == "deleted":
        world.delete("second")
    if other == "disabled customer":
        world.disable_customer("closed")
    assert boss.delete(f"{U}/user/boss").status_code == 412
    assert boss.delete(f"{U}/permission/{_own_permission(world)}").status_code == 412


def _own_permission(world: World) -> int:
    number = next(row.id for row in world.rows(User) if row.short_name == "boss")
    return max(row.id for row in world.rows(Permission) if row.subject_id == number)


def test_without_one_nothing_more_is_refused(app: Flask, world: World, boss: ApiCaller) -> None:
    """An instance that has none already can be administered by whoever holds the part."""
    world.grant("boss", "USER-ADMIN", "root")
    world.change_user("admin", blocked_at=world.rows(User)[0].created_at)
    assert boss.put(f"{A}/user/alice/block").status_code == 403
    world.grant("boss", "APP-ROLE", "acme")
    assert boss.put(f"{A}/user/alice/block").status_code == 200


@pytest.mark.parametrize("lost", ["blocked", "revoked", "taken out", "deleted function", "nothing"])
def test_an_administrator_is_given_back(app: Flask, world: World, lost: str) -> None:
    """On an instance with none, whatever was lost; twice is as good as once."""
    world.user("second", "acme")
    if lost == "blocked":
        world.block("second")
    world.revoke("admin", "ALL-FUNCTIONS")
    if lost == "taken out":
        for name in ("grantRole", "USER-ADMIN", "viewUsers", "addChildFunction"):
            world.cut("ALL-FUNCTIONS", name)
    if lost == "deleted function":
        for name in ("ALL-FUNCTIONS", "grantRole"):
            world.remove_function(name)
    with app.app_context():
        assert not policy_changes.has_administrator()
        for _ in range(2):
            run_in_transaction(lambda: structure.make_administrator(_find("second"), OPERATOR))
        assert policy_changes.has_administrator()
    again = login(app, "second")
    grant = {"subject": "admin", "function": "ALL-FUNCTIONS", "customer": "root"}
    assert again.post(f"{U}/permission", grant).status_code == 201


def test_not_to_one_who_cannot_log_in(app: Flask, world: World) -> None:
    world.user("second", "acme")
    world.disable_customer("acme")
    with app.app_context(), pytest.raises(Problem, match="disabled"):
        run_in_transaction(lambda: structure.make_administrator(_find("second"), OPERATOR))


def _find(name: str) -> User:
    found = directory.find_user(name, directory.get_home_domain().id)
    assert found is not None
    return found
