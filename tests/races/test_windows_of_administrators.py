"""An administrator whose rights end between the judging and the writing changes nothing any more."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.audit import AuditEvent
from app.models.authority import Permission
from app.services.access import held_rights
from app.services.unit_of_work import run_in_transaction
from tests.api.test_matrix import CALLS
from tests.api.test_matrix import scene  # noqa: F401
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Template
from tests.races.rival import rival_before_unit
from tests.web.crawler import Crawl
from tests.world import World

WRITES = [
    (method, path, body)
    for method, path, body, outcomes in CALLS
    if outcomes.endswith("y") and method != "GET" and not path.endswith("/search")
]
ONCE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def revoke_all(app: Flask, user_id: int) -> None:
    """Take every permission from this user."""

    def work() -> None:
        held = update(Permission).where(Permission.subject_id == user_id)
        db.session.execute(held.values(revoked_at=clock.now()))
        held_rights.raise_policy_version()

    with app.app_context():
        run_in_transaction(work)


def list_done(world: World) -> list[str]:
    return [row.action for row in world.rows(AuditEvent) if row.outcome == "success"]


@ONCE
@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda v: v if isinstance(v, str) else "")
def test_calls(
    app: Flask, world: World, template: Template, scene: dict[str, Any],  # noqa: F811
    method: str, path: str, body: Any,
) -> None:  # fmt: skip
    """Each call of the matrix that the first administrator may make."""
    admin = ApiCaller(app, template.secrets.api_key)
    user_id = int(template.secrets.api_key.partition("/")[0], 16)
    done = list_done(world)
    with rival_before_unit(lambda: revoke_all(app, user_id)) as opened:
        answer = admin.call(method, path.format(**scene), body)
    assert opened[0] > 0
    assert answer.status_code in (401, 403, 404, 412), answer.text
    assert list_done(world) == done


@ONCE
def test_forms(app: Flask, world: World, rp: RelyingParty, template: Template, alice: Person) -> None:
    """Each form of the console, sent as it stands on its page."""
    world.group("team", ["alice"])
    rp.obtains(alice)
    person = Person(app, "admin", template.secrets.password)
    rp.obtains(person)
    user_id = int(template.secrets.api_key.partition("/")[0], 16)
    found = Crawl(app, person, "/console/").forms
    # A session of one's own ends without any right.
    forms = [
        (page, form)
        for page, form in found
        if (form.action or page.path).startswith("/console") and not form.action.endswith("/end")
    ]
    with app.app_context():
        kept = [row.id for row in world.rows(Permission) if row.subject_id == user_id]
    judged = 0
    for page, form in forms:
        done = list_done(world)
        with rival_before_unit(lambda: revoke_all(app, user_id)) as opened:
            answer = person.browser.post(form.action or page.path, data=form.fields)
        judged += opened[0] > 0
        assert answer.status_code < 500, (page.path, form.action)
        assert list_done(world) == done, (page.path, form.action, answer.status_code)
        _give_back(app, kept)
    assert judged >= 10


def _give_back(app: Flask, permissions: list[int]) -> None:
    def work() -> None:
        held = update(Permission).where(Permission.id.in_(permissions))
        db.session.execute(held.values(revoked_at=None))
        held_rights.raise_policy_version()

    with app.app_context():
        run_in_transaction(work)
