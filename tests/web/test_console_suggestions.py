"""What the console's forms suggest: names beside short names, never more than one may see, never too many."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask

from app.web.console import suggestions
from tests.drivers.person import Person
from tests.fixtures import Counter
from tests.fixtures import Template
from tests.web.crawler import looked_at
from tests.web.crawler import weight
from tests.web.test_every_page import MOST_BYTES
from tests.world import World

MANY = 130
# Each page, and the lists its fields choose from.
PAGES = {
    "/console/users/": {"customers"},
    "/console/users/add": {"customers"},
    "/console/users/dave/move": {"customers"},
    "/console/groups/": {"customers"},
    "/console/groups/add": {"customers"},
    "/console/groups/team": {"subjects"},
    "/console/groups/team/move": {"customers"},
    "/console/permissions/": {"subjects", "functions", "customers"},
    "/console/permissions/add": {"subjects", "functions", "customers", "applications"},
    "/console/customers/add": {"customers"},
    "/console/customers/acme/move": {"customers"},
    "/console/functions/add": {"functions"},
    "/console/functions/APP-ROLE": {"functions"},
    "/console/explain/": {"subjects", "applications", "customers"},
    "/console/explain/?user=dave&client=app": {"subjects", "applications", "customers"},
    "/console/sessions/": {"subjects", "applications"},
    "/console/clients/": {"customers", "functions"},
    "/console/clients/add": {"customers", "functions"},
}


@pytest.fixture
def boss(app: Flask, template: Template, world: World) -> Person:
    """The first administrator, logged in."""
    world.client("app")
    world.user("dave", "acme")
    world.group("team", ["dave"], "acme")
    person = Person(app, "admin", template.secrets.password)
    person.logs_in()
    return person


def offered(page: str) -> dict[str, dict[str, str]]:
    """For each list of a page, what is sent and what it is called."""
    return {
        name: {
            html.unescape(value): html.unescape(called)
            for value, called in re.findall(r'<option value="([^"]+)">([^<]*)</option>', inside)
        }
        for name, inside in re.findall(r'(?s)<datalist id="([^"]+)">(.*?)</datalist>', page)
    }


def sees(person: Person, path: str) -> str:
    answer = person.visits(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("path", PAGES)
def test_every_field_that_names_something_suggests(boss: Person, path: str) -> None:
    """Each list is there once, and a field takes from it."""
    page = sees(boss, path)
    assert set(offered(page)) == PAGES[path]
    assert set(re.findall(r'<input[^>]* list="([^"]+)"', page)) == PAGES[path]
    expected = {"customers": ("acme", "Acme"), "subjects": ("dave", "Dave"), "applications": ("app", "App")}
    for name, pairs in offered(page).items():
        value, called = expected.get(name, ("APP-ROLE", ""))
        assert pairs[value] == called


def test_nobody_learns_a_name(app: Flask, boss: Person, world: World) -> None:
    """An administrator of one customer is offered that one, its people and its applications only."""
    world.user("keeper", "bolt", holds=[("USER-ADMIN", "bolt"), ("OAUTH-ADMIN", "bolt")])
    world.client("bolted", customer="bolt")
    keeper = Person(app, "keeper")
    keeper.logs_in()
    found = offered(sees(keeper, "/console/permissions/add"))
    assert found["customers"] == {"bolt": "Bolt"}
    assert set(found["subjects"]) == {"keeper"}
    assert set(found["applications"]) == {"bolted"}
    world.user("clerk", "bolt", holds=[("OAUTH-ADMIN", "bolt")])
    clerk = Person(app, "clerk")
    clerk.logs_in()
    # Whoever may see neither functions nor users is offered none.
    assert offered(sees(clerk, "/console/explain/"))["subjects"] == {}
    assert offered(sees(clerk, "/console/clients/"))["functions"] == {}


def test_many_names(app: Flask, boss: Person, world: World, queries: Counter) -> None:
    """However many there are: no query more, no list beyond its limit, no page that gets heavy."""

    def cost(path: str) -> int:
        sees(boss, path)
        queries.reset()
        sees(boss, path)
        return len(queries.statements)

    before = {path: cost(path) for path in PAGES}
    for number in range(MANY):
        world.customer(f"customer-{number:03}", "acme")
        world.user(f"user-{number:03}", "acme", holds=[("APP-ROLE", "acme")])
        world.function(f"function-{number:03}")
    browser = app.test_client()
    for path, number in before.items():
        assert cost(path) <= number, path
        answer = boss.visits(path)
        page = looked_at(path, "", answer)
        assert all(len(pairs) <= suggestions.MOST for pairs in offered(page.html).values()), path
        if path != "/console/functions/APP-ROLE":
            assert weight(browser, page) < MOST_BYTES, (path, weight(browser, page))


def test_several_at_once(boss: Person, world: World) -> None:
    """The first by its suggestion and more below it, one per line; when one is wrong, all is kept."""
    at = "/console/groups/team"
    world.user("erin", "acme")
    world.user("finn", "acme")
    page = boss.submits(boss.visits(at), f"{at}/members", form=-1, subject=["erin", "finn\r\nnobody-at-all"])
    body = page.get_data(as_text=True)
    assert 'id="subject-error"' in body
    assert re.search(r'<input id="subject"[^>]* value="erin"', body)
    assert "finn\nnobody-at-all</textarea>" in body
    answer = boss.submits(page, f"{at}/members", form=-1, subject=["erin", "finn"])
    assert answer.status_code == 303
    body = sees(boss, at)
    assert 'aria-label="Remove erin"' in body
    assert 'aria-label="Remove finn"' in body
    page = boss.submits(boss.visits(at), f"{at}/members", form=-1, subject=["", ""])
    assert page.status_code == 200
    assert 'id="subject-error"' in page.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/console/users/", ["customer"]),
        ("/console/groups/", ["customer"]),
        ("/console/permissions/", ["customer"]),
        ("/console/clients/", ["customer"]),
        ("/console/clients/", ["requiredFunction"]),
        ("/console/sessions/", ["user"]),
        ("/console/sessions/", ["client"]),
        ("/console/audit/", ["address", "from", "to"]),
        ("/console/explain/", ["user", "client"]),
    ],
)
def test_a_wrong_filter_says_so_at_its_field(boss: Person, path: str, fields: list[str]) -> None:
    """What was typed stays; the sentence stands under the field and belongs to it."""
    page = sees(boss, path + "?" + "&".join(f"{name}=nobody-at-all" for name in fields))
    for name in fields:
        found = re.search(rf'<input[^>]* id="{name}"[^>]*>|<input id="{name}"[^>]*>', page)
        assert found is not None
        assert 'aria-invalid="true"' in found[0]
        assert re.search(rf'aria-describedby="[^"]*\b{name}-error"', found[0])
        assert 'value="nobody-at-all"' in found[0]
        assert re.search(rf'id="{name}-error"><p>[^<]+\.</p>', page)
        assert f'<a href="#{name}">' in page


def test_an_unknown_user_beside_an_unknown_application(app: Flask, boss: Person, world: World) -> None:
    """Whom one may not know of is as unknown as nobody; a known user is not blamed."""
    page = sees(boss, "/console/explain/?user=dave&client=nothing")
    assert 'id="client-error"' in page
    assert 'id="user-error"' not in page
    world.user("keeper", "bolt", holds=[("OAUTH-ADMIN", "bolt"), ("USER-ADMIN", "bolt")])
    keeper = Person(app, "keeper")
    keeper.logs_in()
    for name in ("dave", "nobody-at-all"):
        page = sees(keeper, f"/console/explain/?user={name}&client=nothing")
        assert "There is no such user." in page
        assert "There is no such application." in page
