"""Builds the little world a test needs: customers, functions, people, clients - straight into rows."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import Integer
from sqlalchemy import inspect
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.authority import FunctionEdge
from app.models.authority import Permission
from app.models.clients import OAuthClient
from app.models.directory import Customer
from app.models.directory import Group
from app.models.directory import Membership
from app.models.directory import Subject
from app.models.directory import User
from app.services.access import apikeys
from app.services.access import directory
from app.services.access import held_rights
from app.services.administration import users_and_groups
from app.services.audit.trail import Actor
from app.services.clients.fields import build_default_columns
from app.services.login.passwords import passwords
from app.services.ops import bootstrap
from app.services.unit_of_work import run_in_transaction

PASSWORD = "correct horse battery"
SECRET = "a-client-secret-of-some-length"
REDIRECT = "https://app.example.com/callback"
OPERATOR = Actor(name="test")


class World:
    """Every method runs in an application context of its own and returns plain ids or texts."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def customer(self, name: str, parent: str = "root") -> int:
        with self._unit() as done:
            above = directory.find_customer(parent, self._domain())
            assert above is not None
            now = clock.now()
            row = Customer(
                domain_id=above.domain_id,
                parent_id=above.id,
                short_name=name,
                name=name.title(),
                created_at=now,
                updated_at=now,
            )
            return done(row)

    def function(
        self, name: str, parent: str = "ALL-FUNCTIONS", *, level: int = 1, role: bool = False
    ) -> int:
        with self._unit() as done:
            row = bootstrap.create_function(name, name, role=role)
            row.minimum_security_level = level
            number = done(row)
            above = directory.find_function(parent)
            assert above is not None
            bootstrap.bundle_function(above, row)
            return number

    def edge(self, parent: str, child: str) -> None:
        with self._unit():
            above, below = directory.find_function(parent), directory.find_function(child)
            assert above is not None
            assert below is not None
            bootstrap.bundle_function(above, below)

    def user(
        self, name: str, customer: str = "root", holds: Iterable[tuple[str, str]] = (), **fields: Any
    ) -> int:
        with self._unit() as done:
            home = directory.find_customer(customer, self._domain())
            assert home is not None
            now = clock.now()
            row = User(
                domain_id=home.domain_id,
                customer_id=home.id,
                short_name=name,
                name=name.title(),
                email=f"{name}@example.com",
                email_confirmed_at=now,
                password_hash=passwords().hash(PASSWORD),
                created_at=now,
                updated_at=now,
                **fields,
            )
            number = done(row)
        for function, at in holds:
            self.grant(name, function, at)
        return number

    def group(self, name: str, members: Sequence[str] = (), customer: str = "root") -> int:
        with self._unit() as done:
            home = directory.find_customer(customer, self._domain())
            assert home is not None
            now = clock.now()
            row = Group(
                domain_id=home.domain_id,
                customer_id=home.id,
                short_name=name,
                name=name,
                created_at=now,
                updated_at=now,
            )
            number = done(row)
            for member in members:
                below = directory.find_subject(member, home.domain_id)
                assert below is not None
                db.session.add(
                    Membership(id=str(uuid.uuid4()), group_id=number, member_id=below.id, added_at=now)
                )
            return number

    def leave(self, member: str, group: str) -> None:
        """End a membership."""
        with self._unit():
            below, above = (directory.find_subject(name, self._domain()) for name in (member, group))
            assert below is not None
            assert above is not None
            db.session.execute(
                update(Membership)
                .where(Membership.member_id == below.id, Membership.group_id == above.id)
                .values(removed_at=clock.now())
            )

    def grant(self, subject: str, function: str, customer: str) -> int:
        with self._unit() as done:
            who = directory.find_subject(subject, self._domain())
            what, where = directory.find_function(function), directory.find_customer(customer, self._domain())
            assert who is not None
            assert what is not None
            assert where is not None
            return done(
                Permission(
                    subject_id=who.id, function_id=what.id, customer_id=where.id, granted_at=clock.now()
                )
            )

    def revoke(self, subject: str, function: str) -> None:
        """Take away every permission of this subject on this function."""
        with self._unit():
            who, what = directory.find_subject(subject, self._domain()), directory.find_function(function)
            assert who is not None
            assert what is not None
            rows = db.session.execute(
                select(Permission).where(Permission.subject_id == who.id, Permission.function_id == what.id)
            ).scalars()
            for row in rows:
                row.revoked_at = clock.now()

    def client(self, name: str = "app", **fields: Any) -> str:
        """A client; by default confidential, for ``useApp`` with scope ``APP-ROLE``, from anywhere."""
        with self._unit() as done:
            required = directory.find_function(fields.pop("required_function", "useApp"))
            scope = directory.find_function(fields.pop("permission_scope", "APP-ROLE"))
            assert required is not None
            assert scope is not None
            customer = fields.pop("customer", None)
            bound = directory.find_customer(customer, self._domain()) if customer else None
            method = fields.pop("authentication_method", "password")
            now = clock.now()
            given = {
                "authentication_method": method,
                "secret_hash": passwords().hash(SECRET) if method == "password" else None,
                "permitted_scopes": ["openid", "profile", "email"],
                "max_security_level": 2,
            }
            row = OAuthClient(
                id=str(uuid.uuid4()),
                domain_id=self._domain(),
                customer_id=bound.id if bound else None,
                short_name=name,
                name=fields.pop("full_name", name.title()),
                description="An application",
                main_uri="https://app.example.com/",
                required_function_id=required.id,
                permission_scope_id=scope.id,
                client_ip_range=fields.pop("client_ip_range", ["0.0.0.0/0", "::/0"]),
                redirect_uris=fields.pop("redirect_uris", [REDIRECT]),
                created_at=now,
                updated_at=now,
                **build_default_columns() | given | fields,
            )
            done(row)
            return row.id

    def change_client(self, client_id: str, **values: Any) -> None:
        with self._unit():
            db.session.execute(update(OAuthClient).where(OAuthClient.id == client_id).values(**values))

    def change_user(self, name: str, /, **values: Any) -> None:
        with self._unit():
            db.session.execute(
                update(Subject.__table__).where(Subject.__table__.c.short_name == name).values(**values)
            )

    def block(self, name: str) -> None:
        with self._unit():
            user = directory.find_user(name, self._domain())
            assert user is not None
            users_and_groups.block_user(user, OPERATOR)

    def delete(self, name: str) -> None:
        """Delete a user or a group."""
        self.change_user(name, deleted_at=clock.now())

    def disable_customer(self, name: str) -> None:
        with self._unit():
            customer = directory.find_customer(name, self._domain())
            assert customer is not None
            customer.disabled_at = clock.now()

    def api_key(self, name: str = "admin", **limits: Any) -> str:
        with self.app.app_context():

            def work() -> str:
                user = directory.find_user(name, self._domain())
                assert user is not None
                return apikeys.create_key(user, "test", OPERATOR, **limits)[1]

            return run_in_transaction(work)

    def function_id(self, name: str) -> int:
        with self.app.app_context():
            found = directory.find_function(name)
            assert found is not None
            return found.id

    def raise_level(self, name: str, level: int) -> None:
        with self._unit():
            found = directory.find_function(name)
            assert found is not None
            found.minimum_security_level = level

    def cut(self, parent: str, child: str) -> None:
        """Take a function out of a role."""
        with self._unit():
            above, below = directory.find_function(parent), directory.find_function(child)
            assert above is not None
            assert below is not None
            db.session.execute(
                update(FunctionEdge)
                .where(FunctionEdge.parent_id == above.id, FunctionEdge.child_id == below.id)
                .values(removed_at=clock.now())
            )

    def remove_function(self, name: str) -> None:
        with self._unit():
            found = directory.find_function(name)
            assert found is not None
            found.deleted_at = clock.now()

    def standard(self) -> None:
        """Two customers under one parent, a function to enter, a role as scope, and one who holds it."""
        self.customer("group")
        self.customer("acme", "group")
        self.customer("bolt", "group")
        for name in ("useApp", "readThings", "writeThings"):
            self.function(name)
        self.function("APP-ROLE", role=True)
        for name in ("useApp", "readThings", "writeThings"):
            self.edge("APP-ROLE", name)
        self.user("alice", "acme", holds=[("APP-ROLE", "acme")])

    def rows(self, model: type) -> list[Any]:
        """All rows of a table, for assertions; the oldest first."""
        mapper = inspect(model)
        (key, *_) = mapper.primary_key
        times = [one for one in ("created_at", "added_at", "kept_until") if one in mapper.columns]
        age = key if isinstance(key.type, Integer) else mapper.columns[times[0]]
        with self.app.app_context():
            return list(db.session.execute(select(model).order_by(age)).scalars())

    def _domain(self) -> int:
        return directory.get_home_domain().id

    @contextlib.contextmanager
    def _unit(self) -> Any:
        """Plain rows are added here and the policy version raised: what services do, without their checks."""

        def done(row: Any) -> Any:
            db.session.add(row)
            db.session.flush()
            return row.id

        with self.app.app_context():
            db.session.rollback()
            yield done
            held_rights.raise_policy_version()
            db.session.commit()
