"""Lists of many rows answer a page in a bounded number of queries, whatever the page (design §7)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy import event
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import text

from app import clock as app_clock
from app.extensions import db
from app.models.audit import AuditEvent
from app.models.authority import Permission
from app.models.directory import Customer
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.sessions import LoginSession
from app.services.access import held_rights
from app.services.ops import statistics
from tests.drivers.api_caller import ApiCaller
from tests.world import World

USERS, CUSTOMERS, PERMISSIONS = 20_000, 1_000, 50_000
GROUPS, MEMBERSHIPS, EVENTS, LOGINS = 500, 100_000, 20_000, 20_000
MOST_QUERIES = 14
# Of one statement: SQLite's steps, PostgreSQL's units of cost. A list that is read once and sorted stays
# below; one that is read once for each row of another is far above.
MOST_STEPS, MOST_COST, FEW_STEPS = 5_000_000, 2_000_000, 50_000
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
SEARCHES: list[tuple[str, dict[str, Any]]] = [
    ("/useradmin/v2/membership/search", {"sortBy": ["-addedTimestamp"]}),
    ("/useradmin/v2/membership/search", {"customer": ["acme"]}),
    ("/useradmin/v2/membership/search", {"subject": ["user7", "team7"]}),
    ("/useradmin/v2/membership/search", {"includeDeleted": True}),
    ("/useradmin/v2/subject/search", {"keywords": ["7"], "sortBy": ["-name"]}),
    ("/useradmin/v2/subject/search", {"parent": ["team7"]}),
    ("/useradmin/v2/subject/search", {"ancestor": ["team7"]}),
    ("/useradmin/v2/user/search", {"permissions": [{"function": "readThings"}]}),
    ("/users/v2/user/search", {"keywords": ["user 12"]}),
    ("/useradmin/v2/permission/search", {"subject": ["user7"]}),
    ("/useradmin/v2/permission/search", {"keywords": ["x"], "sortBy": ["-subject"]}),
    ("/customeradmin/v2/customer/search", {"keywords": ["c 7"], "ancestor": ["acme"]}),
    ("/useradmin/v2/function/search", {"keywords": ["view"]}),
]
PAGES = [
    "/useradmin/v2/group",
    "/useradmin/v2/group/team7/members",
    "/useradmin/v2/functionmapping",
    "/authentication/v1/events",
    "/authentication/v1/customer/events",
    "/authentication/v1/user/user7/events",
    "/authentication/v1/user/user7/sessions",
    "/authentication/v1/oauth/client",
    "/users/v2/subject/user7/groups",
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
        db.session.execute(
            insert(Subject.__table__),
            [
                {
                    "kind": "group",
                    "domain_id": domain,
                    "customer_id": places[i],
                    "short_name": f"team{i}",
                    "name": f"Team {i}",
                    **plain,
                    **past,
                }
                for i in range(GROUPS)
            ],
        )
        teams = list(db.session.execute(select(Subject.id).where(Subject.short_name.like("team%"))).scalars())
        db.session.execute(
            insert(Membership),
            [
                {"id": str(uuid.UUID(int=i * 2**90)), "group_id": teams[(i // USERS * 7 + i) % GROUPS],
                 "member_id": people[i % USERS], "added_at": now}
                for i in range(MEMBERSHIPS)
            ],
        )  # fmt: skip
        db.session.execute(
            insert(AuditEvent),
            [
                {"at": now, "action": "login", "outcome": "success", "user_id": people[i % USERS],
                 "user_name": f"user{i % USERS}", "reasons": [], "detail": {}}
                for i in range(EVENTS)
            ],
        )  # fmt: skip
        db.session.execute(
            insert(LoginSession),
            [
                {"id": i.to_bytes(16, "big"), "user_id": people[i % USERS], "token_digest": bytes(32),
                 "user_name": f"user{i}", "method": "password", "security_level": 2, "session_epoch": 0,
                 "created_at": now, "authenticated_at": now, "last_seen_at": now,
                 "expires_at": now + timedelta(hours=12)}
                for i in range(LOGINS)
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


class Effort:
    """How much work the statements were: the most of one, with its text. No clock is asked."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.most, self.worst, self.ticks, self.statement = engine, 0.0, "", 0, ""
        event.listen(engine, "before_cursor_execute", self.begins)

    def begins(self, connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self.finishes()
        self.statement = statement
        if self.engine.dialect.name == "sqlite":
            connection.connection.driver_connection.set_progress_handler(self.tick, 10_000)
        elif statement.startswith("SELECT"):
            with connection.connection.cursor() as cursor:
                cursor.execute("EXPLAIN (FORMAT JSON) " + statement, parameters)
                self.judge(cursor.fetchone()[0][0]["Plan"]["Total Cost"])

    def tick(self) -> None:
        self.ticks += 1

    def finishes(self) -> None:
        """Rows are fetched until the next statement begins."""
        self.judge(self.ticks * 10_000)
        self.ticks = 0

    def judge(self, effort: float) -> None:
        if effort > self.most:
            self.most, self.worst = effort, self.statement

    def take(self) -> tuple[float, str]:
        """The most since it was taken last."""
        self.finishes()
        taken, self.most, self.worst = (self.most, self.worst), 0.0, ""
        return taken

    def stop(self) -> None:
        event.remove(self.engine, "before_cursor_execute", self.begins)
        self.engine.dispose()


def measure(app: Flask, admin: ApiCaller, engine: Engine) -> dict[str, tuple[int, float, str]]:
    """Status, most effort and worst statement of each list; the rights of the caller are read anew."""
    calls = [("GET", path, None) for path in (*LISTS, *PAGES)]
    calls += [("POST", path, {**body, "limit": 25}) for path, body in SEARCHES]
    found, effort = {}, Effort(engine)
    for method, path, body in calls:
        app.extensions["argus"] = {"settings": app.extensions["argus"]["settings"]}
        answer = admin.call(method, path, body)
        found[f"{path} {body or ''}"] = (answer.status_code, *effort.take())
    effort.stop()
    return found


def test_no_list_loops_over_a_list(app: Flask, world: World, admin: ApiCaller) -> None:
    """Without the planner's statistics, and with them; on SQLite they make nothing dearer."""
    fill(app, world)
    with app.app_context():
        engine = db.engine
    plain = measure(app, admin, engine)
    with app.app_context():
        statistics.refresh_statistics()
        if engine.dialect.name == "postgresql":
            db.session.execute(text("ANALYZE"))
            db.session.commit()
    counted = measure(app, admin, engine)
    limit = MOST_STEPS if engine.dialect.name == "sqlite" else MOST_COST
    for found in (plain, counted):
        assert {call: held for call, held in found.items() if held[0] != 200 or held[1] > limit} == {}
    if engine.dialect.name == "sqlite":
        dearer = {call: held for call, held in counted.items() if held[1] > 1.5 * plain[call][1] + FEW_STEPS}
        assert dearer == {}


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
