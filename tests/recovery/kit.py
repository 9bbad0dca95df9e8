"""What people without a password do: ask for a link, and choose a new password by it."""

from __future__ import annotations

from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.directory import User
from app.services.access import directory
from tests.drivers.person import Person
from tests.world import World

NEW = "quite another password"
API = "/authentication/v1"


def asks(app: Flask, name: str, address: str = "127.0.0.1") -> TestResponse:
    """A stranger's browser asks for a link."""
    browser = Person(app)
    browser.browser.environ_base["REMOTE_ADDR"] = address
    return browser.submits(browser.visits("/recover"), "/recover", name=name)


def chooses(app: Flask, token: str, password: str = NEW, again: str | None = None) -> TestResponse:
    """Another browser opens the link and fills in the form, if there is one."""
    browser = Person(app)
    page = browser.visits(f"/recover/{token}")
    if page.status_code != 200:
        return page
    fields = {"newPassword": password, "newPasswordAgain": password if again is None else again}
    return browser.submits(page, f"/recover/{token}", **fields)


def logs_in(app: Flask, password: str, name: str = "alice") -> int:
    body = {"userName": name, "password": password}
    return app.test_client().post(f"{API}/password/authentication", json=body).status_code


def reasons(world: World, action: str = "recovery") -> list[tuple[str, str | None, list[str]]]:
    return [
        (row.outcome, row.user_name, row.reasons) for row in world.rows(AuditEvent) if row.action == action
    ]


def user(name: str) -> User:
    found = directory.find_user(name, directory.get_home_domain().id)
    assert found is not None
    return found
