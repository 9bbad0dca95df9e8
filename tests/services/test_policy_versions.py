"""Who reads what anew after a change: the part that changed, and everybody's rights; no more."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.fixtures import Counter
from tests.world import World

SESSION = "/authentication/v1/session"
GRAPH, TREE, RIGHTS = "FROM function_edge", "FROM customer", "FROM permission"
Call = tuple[str, str, dict[str, object] | None]
GRANT = {"function": "readThings", "customer": "acme"}
# What an administrator does, and what the next call of alice reads again.
CHANGES: dict[str, tuple[Call, set[str]]] = {
    "nothing": (("GET", "/useradmin/v2/user", None), set()),
    "a grant to a group": (("POST", "/useradmin/v2/permission", {"subject": "staff", **GRANT}), {RIGHTS}),
    "a member of a group": (("POST", "/useradmin/v2/group/staff/members", {"subject": ["bob"]}), {RIGHTS}),
    "a grant to alice": (("POST", "/useradmin/v2/permission", {"subject": "alice", **GRANT}), {RIGHTS}),
    "a grant to somebody else": (("POST", "/useradmin/v2/permission", {"subject": "bob", **GRANT}), set()),
    "a role's new part": (
        ("POST", "/useradmin/v2/function/APP-ROLE/children", {"children": ["viewUsers"]}),
        {GRAPH, RIGHTS},
    ),
    "a disabled customer": (("PUT", "/customeradmin/v2/customer/bolt/disable", None), {TREE, RIGHTS}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_read_again(
    app: Flask, world: World, admin: ApiCaller, queries: Counter, change: str
) -> None:
    world.user("bob", "acme")
    world.group("staff", ["alice"])
    alice = ApiCaller(app, world.api_key("alice"))
    (method, path, body), parts = CHANGES[change]
    assert admin.get(SESSION).status_code == alice.get(SESSION).status_code == 200
    assert admin.call(method, path, body).status_code in (200, 201)
    queries.reset()
    assert alice.get(SESSION).status_code == 200
    # The row of the credential joins other tables; these are statements of their own.
    sent = [" ".join(one.split()) + " " for one in queries.statements]
    assert {part for part in (GRAPH, TREE, RIGHTS) if any(f" {part} " in one for one in sent)} == parts
