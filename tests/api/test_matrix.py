"""Who may do what: every administrative call by five kinds of caller, and no call forgotten."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from tests.drivers.api_caller import ApiCaller
from tests.fixtures import Template
from tests.world import World

U, G, F, P = (
    "/useradmin/v2/user",
    "/useradmin/v2/group",
    "/useradmin/v2/function",
    "/useradmin/v2/permission",
)
S, M, N = "/useradmin/v2/subject", "/useradmin/v2/membership", "/useradmin/v2/functionmapping"
C, B, A = "/customeradmin/v2/customer", "/customers/v2", "/authentication/v1"
USER = {"customer": "acme", "shortName": "new", "name": "New"}
PERMISSION = {"subject": "victim", "function": "readThings", "customer": "acme"}
SEARCH: dict[str, Any] = {"keywords": []}
# method, path, body; then what answers: another customer's administrator, this one's, the global one.
# h is hidden (404, or 412 for a name in the body), d denied (403), n not there yet (404), y yes.
CALLS = [
    ("GET", U, None, "y y y"),
    ("POST", f"{U}/search", SEARCH, "y y y"),
    ("POST", U, USER, "h y y"),
    ("GET", f"{U}/victim", None, "h y y"),
    ("PUT", f"{U}/victim", {"name": "Other"}, "h y y"),
    ("DELETE", f"{U}/victim", None, "h y y"),
    ("PUT", f"{U}/gone/reenable", None, "h y y"),
    ("PUT", f"{U}/victim/move", {"customer": "acme"}, "h y y"),
    ("GET", f"{U}/victim/permissions", None, "h y y"),
    ("GET", f"{U}/victim/preferences", None, "h y y"),
    ("GET", f"{U}/victim/preferencemap", None, "h y y"),
    ("GET", f"{U}/victim/preferences/colour", None, "h n n"),
    ("PUT", f"{U}/victim/preferences", {"preferences": {"a": "b"}}, "h y y"),
    ("PUT", f"{U}/victim/preferences/a/b", None, "h y y"),
    ("DELETE", f"{U}/victim/preferences?key=a", None, "h y y"),
    ("GET", G, None, "y y y"),
    ("POST", f"{G}/search", SEARCH, "y y y"),
    ("POST", G, USER, "h y y"),
    ("GET", f"{G}/readers", None, "h y y"),
    ("PUT", f"{G}/readers", {"name": "Other"}, "h y y"),
    ("DELETE", f"{G}/readers", None, "h y y"),
    ("PUT", f"{G}/gone-group/reenable", None, "h y y"),
    ("PUT", f"{G}/readers/move", {"customer": "acme"}, "h y y"),
    ("GET", f"{G}/readers/permissions", None, "h y y"),
    ("GET", f"{G}/readers/members", None, "h y y"),
    ("POST", f"{G}/readers/members", {"subject": ["victim"]}, "h y y"),
    ("DELETE", f"{G}/readers/members?subject=victim", None, "h y y"),
    ("GET", S, None, "y y y"),
    ("POST", f"{S}/search", SEARCH, "y y y"),
    ("GET", f"{S}/victim", None, "h y y"),
    ("POST", f"{S}/victim/groups", {"parentGroups": ["readers"]}, "h y y"),
    ("GET", M, None, "y y y"),
    ("POST", f"{M}/search", {"subject": []}, "y y y"),
    ("DELETE", f"{M}?membershipID=00000000-0000-4000-8000-000000000000", None, "h n n"),
    ("GET", F, None, "y y y"),
    ("POST", f"{F}/search", SEARCH, "y y y"),
    ("POST", F, {"name": "f2", "parent": "APP-ROLE"}, "d d y"),
    ("GET", f"{F}/readThings", None, "y y y"),
    ("PUT", f"{F}/readThings", {"description": "x"}, "d d y"),
    ("DELETE", f"{F}/readThings", None, "d d y"),
    ("GET", f"{F}/APP-ROLE/children", None, "y y y"),
    ("GET", f"{F}/readThings/parents", None, "y y y"),
    ("POST", f"{F}/APP-ROLE/children", {"children": ["viewUsers"]}, "d d y"),
    ("DELETE", f"{F}/APP-ROLE/children?child=readThings", None, "d d y"),
    ("GET", N, None, "y y y"),
    ("POST", f"{N}/search", {"parent": []}, "y y y"),
    ("GET", P, None, "y y y"),
    ("POST", f"{P}/search", SEARCH, "y y y"),
    ("POST", P, PERMISSION, "h y y"),
    ("POST", f"{P}/bulk", {"permissions": [PERMISSION]}, "h y y"),
    ("DELETE", f"{P}/{{permission}}", None, "h y y"),
    ("DELETE", f"{P}?permission={{permission}}", None, "h y y"),
    ("GET", C, None, "y y y"),
    ("POST", f"{C}/search", SEARCH, "y y y"),
    ("POST", C, {"name": "C2", "parent": "acme", "shortName": "c2"}, "h y y"),
    ("GET", f"{C}/acme", None, "h y y"),
    ("PUT", f"{C}/acme", {"name": "Other"}, "h y y"),
    ("PUT", f"{C}/below/disable", None, "h y y"),
    ("PUT", f"{C}/closed/reenable", None, "h y y"),
    ("PUT", f"{C}/below/move", {"parent": "acme"}, "h y y"),
    ("GET", "/customeradmin/v2/domain", None, "y y y"),
    ("GET", f"{B}/customer", None, "d d y"),
    ("POST", f"{B}/customer/search", SEARCH, "d d y"),
    ("GET", f"{B}/customer/acme", None, "h h y"),
    ("GET", f"{B}/domain", None, "d d y"),
    ("GET", f"{A}/user/victim", None, "h y y"),
    ("PUT", f"{A}/user/victim/block", None, "h y y"),
    ("PUT", f"{A}/user/victim/unblock", None, "h y y"),
    ("GET", f"{A}/user/victim/sessions", None, "h y y"),
    ("DELETE", f"{A}/user/victim/sessions", None, "h y y"),
    ("GET", f"{A}/user/victim/events", None, "h y y"),
    ("GET", f"{A}/customer/events", None, "y y y"),
    ("PUT", f"{U}/victim/resetpassword", None, "h y y"),
    ("PUT", f"{A}/user/victim/password/reset", None, "h y y"),
    ("GET", f"{A}/user/victim/methods", None, "h y y"),
    ("PUT", f"{A}/user/victim/disable/totp", None, "h y y"),
    ("PUT", f"{A}/user/victim/enable/totp", None, "h y y"),
    ("POST", f"{A}/user/victim/totp", None, "h y y"),
    ("DELETE", f"{A}/user/victim/totp", None, "h y y"),
    ("GET", f"{A}/user/victim/signature", None, "h y y"),
    ("DELETE", f"{A}/user/victim/signature/1", None, "h n n"),
    ("GET", f"{A}/user/victim/apikey", None, "h y y"),
    ("POST", f"{A}/user/victim/apikey", {"description": "x"}, "h y y"),
    ("PUT", f"{A}/user/victim/apikey/1/1", {}, "h n n"),
    ("DELETE", f"{A}/user/victim/apikey/1/1", None, "h n n"),
    ("DELETE", f"{A}/user/victim/apikey/1", None, "h n n"),
]  # fmt: skip
# Calls about oneself, or judged per object elsewhere (tests/api/test_clients.py, test_basic.py).
ELSEWHERE = re.compile(
    r"/authentication/v1/(oauth|session|sessions|constrain|impersonate|logout|apikey|events|client|password|totp"
    r"|signature|methods|authorization)"
    r"|/currentuser/|/users/v2/"
)
MEANS = {"y": (200, 201), "h": (404, 412), "d": (403,), "n": (404,)}


@pytest.fixture
def scene(template: Template, world: World) -> dict[str, Any]:
    """What the calls are about, all of it in ``acme``; and its administrators."""
    return dict(template.once("matrix", lambda: build_scene(world)))


def build_scene(world: World) -> dict[str, Any]:
    world.user("victim", "acme")
    world.user("gone", "acme")
    world.group("readers", ["victim"], customer="acme")
    world.group("gone-group", customer="acme")
    world.customer("below", "acme")
    world.customer("closed", "acme")
    for name in ("gone", "gone-group"):
        world.delete(name)
    world.disable_customer("closed")
    permission = world.grant("victim", "readThings", "acme")
    for name, at in (("other", "bolt"), ("this", "acme")):
        roles = ("USER-ADMIN", "CUSTOMER-ADMIN", "APP-ROLE")
        world.user(name, at, holds=[(role, at) for role in roles])
    return {"permission": permission}


@pytest.mark.parametrize("who", ["alice", "other", "this", "admin"])
@pytest.mark.parametrize(
    ("method", "path", "body", "outcomes"), CALLS, ids=lambda v: str(v) if isinstance(v, str) else ""
)
def test_who_may(
    app: Flask, world: World, admin: ApiCaller, scene: dict[str, Any],
    method: str, path: str, body: Any, outcomes: str, who: str,
) -> None:  # fmt: skip
    """Nobody 401; a plain user refused; administrators as told; what is refused changes nothing."""
    path = path.format(**scene)
    assert ApiCaller(app, None).call(method, path, body).status_code == 401
    letters = dict(zip(("other", "this", "admin"), outcomes.split(), strict=True))
    caller = admin if who == "admin" else ApiCaller(app, world.api_key(who))
    before = len(world.rows(AuditEvent))
    answer = caller.call(method, path, body)
    expected = MEANS[letters[who]] if who in letters else (403, 404, 412)
    assert answer.status_code in expected, (answer.status_code, answer.data)
    if answer.status_code >= 400:
        done = [r.action for r in world.rows(AuditEvent)[before:] if r.outcome == "success"]
        assert done == [], "what is refused changes nothing"


def test_no_call_is_forgotten(app: Flask) -> None:
    """Every operation of the document is in the table, or is judged elsewhere."""
    document = app.test_client().get("/openapi.json").json
    told = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if not ELSEWHERE.match(path)
    }
    patterns = {
        (method, path): re.compile(re.sub(r"\\\{[a-z_]+\\\}", "[^/?]+", re.escape(path)))
        for method, path in told
    }
    walked = {(method, path.split("?")[0].format(permission=1)) for method, path, _, _ in CALLS}
    missing = [
        call for call, pattern in patterns.items()
        if not any(method == call[0] and pattern.fullmatch(path) for method, path in walked)
    ]  # fmt: skip
    assert sorted(missing) == []


def test_another_administrator_sees_nothing_of_it(app: Flask, world: World, scene: dict[str, Any]) -> None:
    """Rule 58: lists, counts, keywords and sorting alike."""
    other = ApiCaller(app, world.api_key("other"))
    assert scene
    for path, hidden in ((U, "victim"), (G, "readers"), (S, "victim"), (C, "acme")):
        answer = other.get(f"{path}?limit=0").json
        assert hidden not in [row["shortName"] for row in answer["data"]]
        assert other.get(f"{path}?keywords={hidden}").json["count"] == 0
    for path in (P, M):
        assert "victim" not in str(other.get(f"{path}?limit=0").json["data"])
    assert other.get(f"{U}?subject=victim").status_code == 412
