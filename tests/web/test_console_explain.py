"""The Explain page: each refusal with what ends it, under the guards of the API's own explain."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.clients import OAuthClient
from app.policy.access import RULES
from app.policy.facts import Leg
from app.web.console.repairs import REPAIRS
from app.web.words.labels import LEGS
from app.web.words.labels import RULES as RULE_WORDS
from tests.drivers.person import Person
from tests.drivers.person import forms
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Counter
from tests.fixtures import Template
from tests.world import SECRET
from tests.world import World


@pytest.fixture
def boss(app: Flask, template: Template) -> Person:
    """The first administrator, logged in."""
    person = Person(app, "admin", template.secrets.password)
    person.logs_in()
    return person


@pytest.fixture
def people(world: World) -> World:
    """A client bound to acme, from one range; carol holds its function elsewhere, dave nowhere."""
    world.client("bound", customer="acme", client_ip_range=["10.0.0.0/8"], full_name="Bound portal")
    world.user("carol", "bolt", holds=[("APP-ROLE", "bolt")])
    world.user("dave", "acme")
    return world


def asks(person: Person, **query: str) -> TestResponse:
    return person.visits("/console/explain/?" + urlencode(query))


def text(page: TestResponse) -> str:
    """What a person reads, without the tags."""
    body = page.get_data(as_text=True).split('<main id="main"')[1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def links(page: TestResponse) -> dict[str, str]:
    """The repairs that are links: what they say, and where they lead."""
    found = re.findall(
        r'<p class="repair"><a class="button slim" href="([^"]+)">([^<]+)<', page.get_data(as_text=True)
    )
    return {html.unescape(words): html.unescape(url) for url, words in found}


def refusals(page: TestResponse) -> list[str]:
    """The rules that refuse, by their names on the page."""
    return [
        name.strip() for name in re.findall(r'<li class="fail">\s*<h3>([^<]+)<', page.get_data(as_text=True))
    ]


def test_every_rule_has_a_name_and_a_repair() -> None:
    """A rule added to the policy without them would be an error on somebody's page."""
    rules = [rule.__name__ for rule in RULES]
    assert list(REPAIRS) == rules
    assert list(RULE_WORDS) == rules
    assert set(LEGS) == {str(leg) for leg in Leg}


def test_a_yes(people: World, boss: Person) -> None:
    """The verdict, each check in order, and what may be done by customer."""
    page = asks(boss, user="alice", client="bound")
    assert page.status_code == 200
    said = text(page)
    assert "Alice may use Bound portal" in said
    assert refusals(page) == []
    shown = re.findall(r"<h3>([^<]+) <span class=\"tag", page.get_data(as_text=True))
    assert shown == [str(RULE_WORDS[rule.__name__]) for rule in RULES]
    assert "Acme APP-ROLE , readThings , useApp , writeThings" in said
    assert "does not apply" in said


@pytest.mark.parametrize(
    ("query", "rule", "repair"),
    [
        ({"user": "dave"}, "required_function", "Grant useApp for Acme to dave"),
        ({"user": "carol"}, "customer_binding", "Grant useApp for Acme to carol"),
        ({"clientIP": "192.0.2.1"}, "client_address", "Change the addresses the application may call from"),
        ({"securityLevel": "external"}, "security_level", "Let a weaker login be enough for the function"),
        ({"user": "blocked"}, "user_active", "Unblock blocked"),
        ({"user": "gone"}, "user_active", "Enable the customer Cove again"),
    ],
)
def test_each_refusal_and_what_ends_it(
    people: World, boss: Person, query: dict[str, str], rule: str, repair: str
) -> None:
    """The rule that refuses is named, and the repair beside it leads to a page that is there."""
    people.raise_level("useApp", 2)
    people.user("blocked", "acme", holds=[("APP-ROLE", "acme")])
    people.block("blocked")
    people.customer("cove", "group")
    people.user("gone", "cove", holds=[("APP-ROLE", "acme")])
    people.disable_customer("cove")
    page = asks(boss, **({"user": "alice", "client": "bound"} | query))
    assert page.status_code == 200
    assert "may not use Bound portal" in text(page)
    assert str(RULE_WORDS[rule]) in refusals(page)
    assert repair in text(page)
    if repair in links(page):
        assert boss.visits(links(page)[repair]).status_code == 200


def test_a_disabled_customer(people: World, boss: Person) -> None:
    """What is bound to it refuses everybody, and no grant mends that; who may is decided above it."""
    people.disable_customer("acme")
    people.user("erin", "bolt", holds=[("APP-ROLE", "group")])
    page = asks(boss, user="erin", client="bound")
    assert refusals(page) == ["The customer"]
    url = links(page)["Enable the customer Acme again"]
    assert "Enable Acme" in boss.visits(url).get_data(as_text=True)


def test_what_only_the_person_can_do(people: World, boss: Person, app: Flask) -> None:
    """An approval that was withdrawn is given again by the user alone: words, and no link."""
    rp = RelyingParty(app, people.client("plain"), secret=SECRET)
    alice = Person(app)
    rp.obtains(alice)
    (action, hidden), *_ = [f for f in _forms(alice.visits("/")) if "withdraw" in f[0]]
    alice.browser.post(action, data=hidden)
    page = asks(boss, user="alice", client="plain")
    assert refusals(page) == ["The approval"]
    assert "The user withdrew the consent." in text(page)
    assert "alice opens the application again and approves it." in text(page)
    assert links(page) == {}


def test_the_repair_repairs(people: World, boss: Person) -> None:
    """Grant what is missing on the page it leads to; from there one comes back, and it is green."""
    page = asks(boss, user="dave", client="bound")
    url = links(page)["Grant useApp for Acme to dave"]
    answer = boss.submits(boss.visits(url), url, subject="dave", function="useApp", customer="acme")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/console/explain/?user=dave&client=bound"
    assert "Dave may use Bound portal" in text(boss.visits(answer.headers["Location"]))


def test_a_partial_administrator(app: Flask, people: World) -> None:
    """Who may look but not grant reads who could; outside the own customers there is nothing to see."""
    people.user("keeper", "acme", holds=[("viewOAuthClientsDetails", "acme"), ("viewPermissions", "acme")])
    keeper = Person(app, "keeper")
    keeper.logs_in()
    page = asks(keeper, user="dave", client="bound")
    assert refusals(page) == ["The required function", "The customer"]
    assert links(page) == {}
    assert "Somebody who holds grantRole and useApp for Acme can do it." in text(page)
    # What one may not know of is as unknown as what is not there (security rule 58).
    assert "There is no such user." in text(asks(keeper, user="carol", client="bound"))
    people.client("free")
    for name in ("free", "nothing-of-the-kind"):
        assert "There is no such application." in text(asks(keeper, user="dave", client=name))
    people.grant("keeper", "grantRole", "acme")
    assert links(asks(keeper, user="dave", client="bound")) == {}, "nobody gives what he does not hold"


def test_about_oneself(app: Flask, people: World) -> None:
    """Free, in the public words, without evidence and repairs; no form for who administers nothing."""
    carol = Person(app, "carol")
    carol.logs_in()
    assert asks(carol).status_code == 403
    assert asks(carol, user="carol", client="bound").status_code == 403, "never shown to her"
    people.client("own", required_function="writeThings", permission_scope="APP-ROLE")
    page = asks(carol, user="carol", client="own")
    assert "Carol may use Own" in text(page)
    people.change_client(_id(people, "own"), client_ip_range=["10.0.0.0/8"])
    page = asks(carol, user="carol", client="own", clientIP="192.0.2.1")
    assert "This client may not call from this address." in text(page)
    assert "10.0.0.0/8" not in page.get_data(as_text=True)
    assert links(page) == {}
    assert 'id="user"' not in page.get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"user": "nobody"}, "user"),
        ({"user": ""}, "user"),
        ({"client": "nothing"}, "client"),
        ({"client": ""}, "client"),
        ({"client": "x" * 300}, "client"),
        ({"clientIP": "10.0.0.1/8"}, "clientIP"),
        ({"customer": "nothing"}, "customer"),
        ({"scope": 'a"b'}, "scope"),
        ({"leg": "lunch"}, "leg"),
        ({"securityLevel": "top"}, "securityLevel"),
        ({"decision": "D-0000000000"}, "decision"),
        ({"decision": "nonsense"}, "decision"),
    ],
)
def test_a_wrong_field_is_named(people: World, boss: Person, query: dict[str, str], field: str) -> None:
    """In a summary that leads to it, with what was written kept."""
    page = asks(boss, **({"user": "alice", "client": "bound"} | query))
    body = page.get_data(as_text=True)
    assert page.status_code == 200
    assert f'<a href="#{field}">' in body
    assert f'id="{field}-error"' in body
    assert "Problem:" in body


def test_a_question_half_asked(people: World, boss: Person) -> None:
    """A link that brings only the user is a form that is half filled in, and no complaint."""
    body = asks(boss, user="dave").get_data(as_text=True)
    assert 'value="dave"' in body
    assert 'role="alert"' not in body


def test_a_recorded_decision(app: Flask, people: World, boss: Person) -> None:
    """By its number alone, as it is read out: what was, beside today; another client's is not found."""
    rp = RelyingParty(app, _id(people, "bound"))
    dave = Person(app, "dave")
    dave.logs_in()
    number = re.findall(r"D-[0-9A-Z]{10}", dave.visits(rp.url()).get_data(as_text=True))[0]
    people.grant("dave", "APP-ROLE", "acme")
    page = asks(boss, decision=number.lower())
    said = text(page)
    assert "Dave may use Bound portal" in said
    assert "As it was decided then" in said
    assert "That is the answer of now." in said
    assert number in said
    assert "dave does not hold useApp for any customer of the application's domain." in said
    people.client("other")
    assert 'id="decision-error"' in asks(boss, decision=number, client="other").get_data(as_text=True)
    own = asks(dave, decision=number)
    assert "As it was decided then" in text(own)
    assert "holds useApp for no customer" not in text(own)


def test_a_number_of_a_page_that_refused(app: Flask, people: World, boss: Person) -> None:
    """Whoever was refused sends the number: it leads to its entry, for who may read it."""
    dave = Person(app, "dave")
    dave.logs_in()
    number = re.findall(r"D-[0-9A-Z]{10}", dave.visits("/console/users/").get_data(as_text=True))[0]
    answer = asks(boss, decision=number)
    assert answer.status_code == 303
    assert number in text(boss.visits(answer.headers["Location"]))
    assert 'id="decision-error"' in asks(boss, decision="D-0000000000").get_data(as_text=True)
    assert asks(dave, decision=number).status_code == 403


def test_what_falls_away(people: World, boss: Person) -> None:
    """Each function of the permission scope that the application does not get, why, and what helps."""
    people.user("carla", "acme", holds=[("useApp", "acme")])
    page = asks(boss, user="carla", client="bound")
    assert "carla does not hold readThings for any customer." in text(page)
    assert "Grant APP-ROLE for Acme to carla" in links(page)
    people.raise_level("writeThings", 3)
    page = asks(boss, user="alice", client="bound")
    assert "writeThings needs a higher security level than this session has." in text(page)
    assert "alice logs in with a second factor" in links(page)
    assert "Raise the highest level the application may use" in text(page)
    # Whoever logged in by password alone hands on nothing that needs more (design decision 23).
    page = asks(boss, user="carla", client="bound")
    assert "Grant APP-ROLE for Acme to carla" not in links(page)
    assert "Somebody who holds grantRole and APP-ROLE for Acme can do it." in text(page)


def test_no_secret_and_nothing_written(people: World, boss: Person) -> None:
    """Asking changes nothing, and what must not be told is not on the page."""
    before = len(people.rows(AuditEvent))
    body = asks(boss, user="dave", client="bound").get_data(as_text=True)
    assert len(people.rows(AuditEvent)) == before
    assert "argon2" not in body
    assert SECRET not in body


def test_queries_do_not_grow(people: World, boss: Person, queries: Counter) -> None:
    """The same number for one application, user and function as for many."""

    def count(**query: str) -> int:
        asks(boss, **query)
        queries.reset()
        assert asks(boss, **query).status_code == 200
        return len(queries.statements)

    first = count(user="dave", client="bound")
    for number in range(12):
        people.client(f"more{number}")
        people.function(f"more{number}", "APP-ROLE")
        people.user(f"more{number}", "acme", holds=[("useApp", "acme")])
    assert count(user="dave", client="bound") == first


def _id(world: World, name: str) -> str:
    return next(str(row.id) for row in world.rows(OAuthClient) if row.short_name == name)


def _forms(page: TestResponse) -> list[tuple[str, dict[str, Any]]]:
    return forms(page.get_data(as_text=True))
