"""The large data set: ``fill(url)`` adds it to a database that was initialised with the demo, in minutes.

20,000 users, 2,000 groups three deep, 5,000 customers four deep, 1,000 functions, 500,000 permissions, 5,000
clients, 1,000,000 live sessions. The demo's ``alice`` gets her share of each. Every run makes the same.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from sqlalchemy import Table
from sqlalchemy import create_engine
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import update

from app.models.authority import Function
from app.models.authority import FunctionEdge
from app.models.authority import Permission
from app.models.clients import OAuthClient
from app.models.directory import Customer
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.grants import Grant
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.models.state import SystemState

USERS, CUSTOMERS, FUNCTIONS, CLIENTS, SESSIONS = 20_000, 5_000, 1_000, 5_000, 1_000_000
# Groups by depth: each of a lower row is a member of one above it.
GROUPS = (100, 400, 1_500)
# Customers by depth, below the root.
CUSTOMER_ROWS = (20, 200, 1_780, 3_000)
ROLES = 50
PERMISSIONS_OF_GROUP, PERMISSIONS_OF_USER = 10, 24
GROUPS_OF_USER, CLIENTS_OF_USER = 2, 10
SESSIONS_OF_USER = SESSIONS // USERS
AT_ONCE = 5_000
FIRST = 1_000_000
NOW = datetime.now(UTC).replace(microsecond=0)
LATER = NOW + timedelta(days=30)
Rows = Iterator[dict[str, Any]]


class Filler:
    """Knows the rows of the demo that the large set hangs on."""

    def __init__(self, connection: Connection) -> None:
        self.draw = random.Random(20_000)
        self.connection = connection
        one = connection.execute
        self.alice = one(select(Subject.id).where(Subject.short_name == "alice")).scalar_one()
        self.domain, self.home = one(
            select(Subject.domain_id, Subject.customer_id).where(Subject.id == self.alice)
        ).one()
        self.root = one(select(Customer.id).where(Customer.parent_id.is_(None))).scalar_one()
        self.all_functions = one(select(Function.id).where(Function.name == "ALL-FUNCTIONS")).scalar_one()
        self.model = dict(
            one(select(OAuthClient.__table__).where(OAuthClient.short_name == "report-portal"))
            .mappings()
            .one()
        )
        self.users = [self.alice, *range(FIRST, FIRST + USERS - 1)]
        self.groups = list(range(FIRST + USERS, FIRST + USERS + sum(GROUPS)))
        self.customers = list(range(FIRST, FIRST + CUSTOMERS))
        self.functions = list(range(FIRST, FIRST + FUNCTIONS))
        self.clients = [str(uuid.UUID(int=FIRST + number)) for number in range(CLIENTS)]

    def fill(self) -> None:
        """Every table, those that others name first; then the versions move, and the planner counts."""
        self._add(Customer, self.list_customers())
        self._add(Function, self.list_functions())
        self._add(FunctionEdge, self.list_edges())
        self._add(Subject, self.list_subjects())
        self._add(Membership, self.list_memberships())
        self._add(Permission, self.list_permissions())
        self._add(OAuthClient, self.list_clients())
        self._add(LoginSession, self.list_logins())
        self._add(Grant, self.list_consents())
        self._add(OAuthSession, self.list_sessions())
        moved = {name: SystemState.__table__.c[name] + 1 for name in
                 ("policy_version", "graph_version", "tree_version")}  # fmt: skip
        self.connection.execute(update(SystemState.__table__).values(moved))  # type: ignore[arg-type]

    def _add(self, model: type[Any], rows: Rows) -> None:
        table: Table = model.__table__
        began, count = time.monotonic(), 0
        while some := list(islice(rows, AT_ONCE)):
            self.connection.execute(insert(table).inline(), some)
            count += len(some)
        print(f"{table.name:16}{count:>10}{time.monotonic() - began:8.1f} s", file=sys.stderr)

    def list_customers(self) -> Rows:
        above, numbers = [self.root], iter(self.customers)
        for many in CUSTOMER_ROWS:
            row = list(islice(numbers, many))
            for place, number in enumerate(row):
                yield _named(f"customer-{number}") | {
                    "id": number, "domain_id": self.domain, "parent_id": above[place % len(above)],
                }  # fmt: skip
            above = row

    def list_functions(self) -> Rows:
        for number in self.functions:
            yield _dated() | {
                "id": number, "name": f"function-{number}", "minimum_security_level": 1,
                "role": number < FIRST + ROLES, "description": f"Do what number {number} is for",
            }  # fmt: skip

    def list_edges(self) -> Rows:
        for number in self.functions:
            above = self.all_functions if number < FIRST + ROLES else FIRST + number % ROLES
            yield {"id": str(uuid.uuid4()), "parent_id": above, "child_id": number, "added_at": NOW}

    def list_subjects(self) -> Rows:
        for kind, numbers in (("user", self.users[1:]), ("group", self.groups)):
            for number in numbers:
                yield _named(f"{kind}-{number}") | {
                    "id": number, "kind": kind, "domain_id": self.domain,
                    "customer_id": self.draw.choice(self.customers), "session_epoch": 0, "rights_version": 0,
                    "language": "english", "disabled_methods": None, "email": f"{kind}-{number}@example.com",
                }  # fmt: skip

    def list_memberships(self) -> Rows:
        numbers = iter(self.groups)
        above: list[int] = []
        for many in GROUPS:
            row = list(islice(numbers, many))
            for place, number in enumerate(row if above else ()):
                yield _member(above[place % len(above)], number)
            above = row
        for user in self.users:
            for group in self.draw.sample(above, GROUPS_OF_USER):
                yield _member(group, user)

    def list_permissions(self) -> Rows:
        for subjects, many in ((self.groups, PERMISSIONS_OF_GROUP), (self.users, PERMISSIONS_OF_USER)):
            for subject in subjects:
                held = zip(
                    self.draw.sample(self.functions, many),
                    self.draw.choices(self.customers, k=many),
                    strict=True,
                )
                for function, customer in held:
                    yield {"subject_id": subject, "function_id": function, "customer_id": customer,
                           "granted_at": NOW}  # fmt: skip

    def list_clients(self) -> Rows:
        for number, client in enumerate(self.clients):
            yield self.model | _named(f"client-{number}") | {
                "id": client, "name": f"Application {number}",
                "required_function_id": self.draw.choice(self.functions),
                "permission_scope_id": self.draw.choice(self.functions[:ROLES]),
                "customer_id": self.draw.choice(self.customers) if number % 2 else None,
            }  # fmt: skip

    def list_logins(self) -> Rows:
        for user in self.users:
            yield {
                "id": _login(user), "user_id": user, "token_digest": self.draw.randbytes(32),
                "user_name": f"user-{user}", "method": "password", "security_level": 1, "session_epoch": 0,
                "created_at": NOW, "authenticated_at": NOW, "last_seen_at": NOW, "expires_at": LATER,
                "constraints": None,
            }  # fmt: skip

    def list_consents(self) -> Rows:
        for user in self.users:
            for client in self._list_clients_of(user):
                yield {
                    "id": _consent(user, client), "user_id": user, "client_id": client,
                    "permission_scope_id": self.functions[0], "scopes": ["openid", "profile"],
                    "created_at": NOW, "updated_at": NOW,
                }  # fmt: skip

    def list_sessions(self) -> Rows:
        for user in self.users:
            clients = self._list_clients_of(user)
            for number in range(SESSIONS_OF_USER):
                client = clients[number % len(clients)]
                yield {
                    "id": self.draw.randbytes(16), "client_id": client, "user_id": user,
                    "login_session_id": _login(user), "grant_id": _consent(user, client),
                    "user_name": f"user-{user}", "scopes": ["openid", "profile"],
                    "access_scopes": ["openid", "profile"], "security_level": 1, "session_epoch": 0,
                    "access_digest": self.draw.randbytes(32), "access_expires_at": LATER,
                    "refresh_digest": self.draw.randbytes(32), "refresh_expires_at": LATER,
                    "rotated_at": NOW, "created_at": NOW, "client_ip": "192.0.2.1",
                }  # fmt: skip

    def _list_clients_of(self, user: int) -> list[str]:
        first = (user * CLIENTS_OF_USER) % CLIENTS
        return [self.clients[(first + number) % CLIENTS] for number in range(CLIENTS_OF_USER)]


def _dated() -> dict[str, Any]:
    return {"created_at": NOW, "updated_at": NOW}


def _named(name: str) -> dict[str, Any]:
    return _dated() | {"name": name.title(), "short_name": name, "short_name_key": name}


def _member(group: int, member: int) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "group_id": group, "member_id": member, "added_at": NOW}


def _login(user: int) -> bytes:
    return uuid.UUID(int=user).bytes


def _consent(user: int, client: str) -> str:
    return str(uuid.uuid5(uuid.UUID(client), str(user)))


def fill(url: str) -> None:
    """Add the large set to this database; nothing serves it meanwhile."""
    engine = create_engine(url)
    with engine.begin() as connection:
        Filler(connection).fill()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        told = connection.execute(select(func.count()).select_from(OAuthSession.__table__)).scalar_one()
    engine.dispose()
    print(f"{told} sessions", file=sys.stderr)
