"""Every 503 says when to come again: pages, the API, OAuth, health (RFC 9110 15.6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app.extensions import db
from tests.drivers.api_caller import ApiCaller

FORM = "application/x-www-form-urlencoded"


def says_when(answer: TestResponse) -> bool:
    return answer.headers.get("Retry-After", "").isdigit() and int(answer.headers["Retry-After"]) >= 1


@pytest.fixture
def no_database(app: Flask) -> Iterator[None]:
    """Each statement fails, as when the database is gone."""

    def fail(*_: Any) -> None:
        raise OperationalError("", None, Exception())

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", fail)
    yield
    event.remove(engine, "before_cursor_execute", fail)


def test_every_route_without_a_database(app: Flask, admin: ApiCaller, no_database: None) -> None:
    """As nobody and by key: whatever answers 503 says when, and nothing answers 500."""
    wrong, counted = {}, set()
    for rule in app.url_map.iter_rules():
        values = {
            name: 1 if "Integer" in type(one).__name__ else "x" for name, one in rule._converters.items()
        }
        _, path = rule.build(values) or ("", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            for key in (None, admin.key):
                caller = ApiCaller(app, key)
                kind = "application/json" if method != "GET" and not path.startswith("/oauth/") else FORM
                answer = caller.call(method, path, data=None if method == "GET" else "{}", content_type=kind)
                if answer.status_code == 503:
                    counted.add(rule.endpoint.partition(".")[0])
                if answer.status_code == 500 or (answer.status_code == 503 and not says_when(answer)):
                    wrong[f"{method} {path}"] = answer.status_code
    assert wrong == {}
    assert {"admin", "oauth", "ops"} <= counted


def test_who_is_not_ready(app: Flask) -> None:
    with app.app_context():
        kept = db.session.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0'"))
        db.session.commit()
    try:
        answer = app.test_client().get("/readyz")
        assert (answer.status_code, answer.json["problem"]) == (503, "migrations")
        assert says_when(answer)
    finally:
        with app.app_context():
            db.session.execute(sa.text("UPDATE alembic_version SET version_num = :kept"), {"kept": kept})
            db.session.commit()
