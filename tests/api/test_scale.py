"""Lists of many rows answer a page in a bounded number of queries, whatever the page (design §7)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy import select

from app import clock as app_clock
from app.extensions import db
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import Subject
from app.services.access import held_rights
from tests.drivers.api_caller import ApiCaller
from tests.world import World

USERS, CUSTOMERS, PERMISSIONS = 10_000, 1_000, 50_000
MOST_QUERIES = 14
LISTS = [
    "/useradmin/v2/user",
    "/useradmin/v2/subject?sortBy=-name&keywords=user",
    "/useradmin/v2/permission",
    "/customeradmin/v2/customer",
    "/users/v2/user",
    "/customers/v2/customer",
    "/currentuser/v1/customers",
    "/useradmin/v2/membership",
]


def fill(app: Flask, world: World) -> None:
    """Rows straight into the tables."""
    now = app_clock.now()
    past = {"created_at": now, "updated_at": now}
    plain = {
        "daemon_account": False,
        "externally_managed": False,
        "language": "english",
        "session_epoch": 0,
        "rights_version": 0,
    }
    with app.app_context():
        top = db.session.execute(select(Customer).where(Customer.short_name == "acme")).scalar_one()
        domain, parent = top.domain_id, top.id
        db.session.execute(
            insert(Customer),
            [
                {
                    "domain_id": domain,
                    "parent_id": parent,
                    "short_name": f"c{i}",
                    "name": f"C {i}",
                    "flags": [],
                }
                | past
                for i in range(CUSTOMERS)
            ],
        )
        places = list(db.session.execute(select(Customer.id).where(Customer.parent_id == parent)).scalars())
        db.session.execute(
            insert(Subject.__table__),
            [
                {
                    "kind": "user",
                    "domain_id": domain,
                    "customer_id": places[i % CUSTOMERS],
                    "short_name": f"user{i}",
                    "name": f"User {i}",
                    **plain,
                    **past,
                }
                for i in range(USERS)
            ],
        )
        people = list(
            db.session.execute(select(Subject.id).where(Subject.short_name.like("user%"))).scalars()
        )
        function = world.function_id("readThings")
        db.session.execute(
            insert(Permission),
            [
                {"subject_id": people[i % USERS], "function_id": function, "granted_at": now,
                 "customer_id": places[(i // USERS * 7 + i) % CUSTOMERS]}
                for i in range(PERMISSIONS)
            ],
        )  # fmt: skip
        held_rights.raise_policy_version()
        db.session.commit()


def test_pages_cost_the_same(app: Flask, world: World, admin: ApiCaller, queries: Any) -> None:
    """Each list: 5 rows and 100 rows cost the same queries, and not many."""
    fill(app, world)
    admin.get("/useradmin/v2/user")
    for path in LISTS:
        counted = []
        for limit in (5, 100):
            queries.reset()
            answer = admin.get(path + ("&" if "?" in path else "?") + f"limit={limit}")
            assert answer.status_code == 200, answer.data
            counted.append(len(queries.statements))
        assert max(counted) <= MOST_QUERIES, (path, queries.statements)
        assert counted[0] == counted[1], path
    told = admin.get("/useradmin/v2/permission?limit=1").json
    assert told["count"] >= PERMISSIONS


def test_too_much_at_once_is_refused(admin: ApiCaller, world: World) -> None:
    """Contract 1.5: above the maximum is 412."""
    assert admin.get("/useradmin/v2/user?limit=100001").status_code == 412
    assert admin.get("/useradmin/v2/user?limit=0").status_code == 200
    assert world


@pytest.mark.parametrize(
    "path", ["/useradmin/v2/user", "/useradmin/v2/function", "/customeradmin/v2/customer"]
)
def test_pages_are_disjoint_and_complete(admin: ApiCaller, world: World, path: str) -> None:
    """Sorting is total: walking pages meets every row once."""
    for i in range(12):
        world.user(f"u{i}", "acme")
    seen: list[int] = []
    offset = 0
    while True:
        answer = admin.get(f"{path}?limit=5&offset={offset}&sortBy=name").json
        seen += [row["id"] for row in answer["data"]]
        offset += answer["size"]
        if answer["count"] <= offset:
            break
    assert len(seen) == len(set(seen)) == answer["count"]
