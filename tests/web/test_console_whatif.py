"""What a permission would change in an application is seen on the page that grants or revokes it."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.authority import Permission
from tests.drivers.person import Person
from tests.fixtures import Template
from tests.world import World

ADD = "/console/permissions/add"


@pytest.fixture
def boss(app: Flask, template: Template) -> Person:
    """The first administrator, logged in."""
    person = Person(app, "admin", template.secrets.password)
    person.logs_in()
    return person


@pytest.fixture
def granted(world: World) -> int:
    """Dave's one permission, on the function that the client ``app`` requires."""
    world.client("app", customer="acme")
    world.user("dave", "acme")
    world.user("erin", "acme")
    return world.grant("dave", "useApp", "acme")


def rows(page: TestResponse) -> dict[str, str]:
    """What becomes of whom."""
    found = re.findall(
        r'<span class="quiet small">([^<]+)</span></th>\s*<td[^>]*><span class="tag [^"]*">([^<]+)<',
        page.get_data(as_text=True),
    )
    return dict(found)


def looks(person: Person, at: str, **fields: str) -> TestResponse:
    """Fill in the form and press the button that only looks."""
    return person.submits(person.visits(at), at, form=-1, **fields, look="true")


def test_before_a_grant(world: World, granted: int, boss: Person) -> None:
    """Who would get in; nothing is granted, and what was typed is kept."""
    audited, standing = len(world.rows(AuditEvent)), len(world.rows(Permission))
    given = {"subject": "erin", "function": "APP-ROLE", "customer": "acme", "client": "app"}
    page = looks(boss, ADD, **given)
    assert page.status_code == 200
    assert rows(page) == {"erin": "gains access"}
    assert 'value="APP-ROLE"' in page.get_data(as_text=True)
    assert (len(world.rows(AuditEvent)), len(world.rows(Permission))) == (audited, standing)
    page = looks(boss, ADD, **{**given, "subject": "dave"})
    assert rows(page) == {"dave": "keeps access, with other rights"}
    page = looks(boss, ADD, **{**given, "subject": "dave", "function": "useApp"})
    assert "Nobody gains or loses anything." in page.get_data(as_text=True)


def test_before_a_revocation(world: World, granted: int, boss: Person) -> None:
    """Who would lose access; the permission still stands."""
    page = looks(boss, f"/console/permissions/{granted}/revoke", client="app")
    assert rows(page) == {"dave": "loses access"}
    assert next(row for row in world.rows(Permission) if row.id == granted).revoked_at is None


@pytest.mark.parametrize(
    ("change", "field"),
    [({"client": ""}, "client"), ({"client": "nothing"}, "client"), ({"function": "nothing"}, "function")],
)
def test_a_wrong_field_is_named(
    world: World, granted: int, boss: Person, change: dict[str, str], field: str
) -> None:
    """As for the grant itself, and the application as well."""
    given = {"subject": "erin", "function": "APP-ROLE", "customer": "acme", "client": "app"}
    page = looks(boss, ADD, **(given | change))
    assert page.status_code == 200
    assert f'id="{field}-error"' in page.get_data(as_text=True)


def test_who_may_look(app: Flask, world: World, granted: int) -> None:
    """Who sees no application's details is offered nothing, and refused when asking anyway."""
    world.user("keeper", "acme", holds=[("USER-ADMIN", "acme"), ("APP-ROLE", "acme")])
    keeper = Person(app, "keeper")
    keeper.logs_in()
    assert "See what changes" not in keeper.visits(ADD).get_data(as_text=True)
    given = {"subject": "dave", "function": "APP-ROLE", "customer": "acme"}
    page = keeper.visits(ADD)
    answer = keeper.submits(page, ADD, **given, form=-1)
    assert answer.status_code == 303
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))[-1]
    sent = {**given, "client": "app", "look": "true", "csrf_token": token}
    assert keeper.browser.post(ADD, data=sent).status_code == 403


def test_back_to_the_explanation_only(world: World, granted: int, boss: Person) -> None:
    """The way back after a grant is a word, not an address: nobody is led elsewhere by it."""
    given = {"subject": "erin", "function": "useApp", "customer": "acme"}
    at = f"{ADD}?client=app&then=explain"
    answer = boss.submits(boss.visits(at), at, **given)
    assert answer.headers["Location"] == "/console/explain/?user=erin&client=app"
    for trick in ("https://evil.example.com/", "//evil.example.com"):
        at = f"{ADD}?client=app&then={trick}"
        answer = boss.submits(boss.visits(at), at, **given)
        assert answer.headers["Location"] == "/console/permissions/?subject=erin"


def test_what_was_asked_for_is_read_first(world: World, granted: int, boss: Person) -> None:
    """The forecast stands before the form, has the focus, and says that nothing was done."""
    given = {"subject": "erin", "function": "APP-ROLE", "customer": "acme", "client": "app"}
    for page in (
        looks(boss, ADD, **given),
        looks(boss, f"/console/permissions/{granted}/revoke", client="app"),
    ):
        body = page.get_data(as_text=True)
        assert re.search(
            r'<h2 id="seen" tabindex="-1" autofocus>[^<]+</h2>\s*<p>Nothing is changed yet\.', body
        )
        assert body.index("<h1") < body.index('id="seen"') < body.index('name="comment"')
        assert body.count("autofocus") == 1


@pytest.mark.parametrize(
    ("query", "back", "called"),
    [
        ("", "/console/permissions/", "Permissions"),
        ("?subject=dave", "/console/permissions/?subject=dave", "Permissions"),
        ("?subject=&function=useApp", "/console/permissions/?function=useApp", "Permissions"),
        (
            "?subject=dave&function=useApp&client=app&then=explain",
            "/console/explain/?user=dave&client=app",
            "Explain",
        ),
        ("?subject=dave&then=explain", "/console/permissions/?subject=dave", "Permissions"),
        (
            "?subject=dave&client=app&then=//evil.example.com",
            "/console/permissions/?subject=dave",
            "Permissions",
        ),
    ],
)
def test_the_way_back_from_a_grant(granted: int, boss: Person, query: str, back: str, called: str) -> None:
    """To where one came from, also after a look that found something wrong."""
    first = boss.visits(ADD + query)
    for page in (first, boss.submits(first, ADD + query, form=-1, subject="erin", look="true")):
        body = page.get_data(as_text=True)
        assert f'<p class="crumbs"><a href="{html.escape(back)}">← {called}</a>' in body
        assert f'<a class="button" href="{html.escape(back)}">Cancel</a>' in body
