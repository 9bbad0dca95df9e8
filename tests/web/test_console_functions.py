"""The console's functions: what is written about them, and their picture."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.models.authority import Function
from tests.drivers.person import Person
from tests.fixtures import Template
from tests.world import World

FUNCTIONS = "/console/functions/"


@pytest.fixture
def boss(app: Flask, template: Template, world: World) -> Person:
    """The first administrator, logged in."""
    person = Person(app, "admin", template.secrets.password)
    person.logs_in()
    return person


def sees(person: Person, path: str) -> str:
    return person.visits(path).get_data(as_text=True)


def test_no_two_boxes_read_alike(boss: Person, world: World) -> None:
    """A name too long for its box loses its middle; all of it is in the title."""
    world.function("a-name-of-exactly-23-xx")
    shown = re.findall(r"<text[^>]*>([^<]+)</text>", sees(boss, FUNCTIONS + "picture"))
    assert len(shown) == len(set(shown))
    assert max(len(name) for name in shown) == 23
    assert {"administra…up-SIGNATURE", "administra…onSetup-TOTP", "a-name-of-exactly-23-xx"} <= set(shown)


def test_a_time_zone_that_is_none(boss: Person) -> None:
    """Said at its field, with one that exists."""
    at = "/console/customers/acme/edit"
    page = boss.submits(boss.visits(at), at, form=-1, timeZone="Oslo", language="norwegian")
    assert re.search(
        r'id="timeZone-error"><p>There is no such time zone\. Write one such as Europe/Oslo\.',
        page.get_data(as_text=True),
    )


def test_described_in_the_languages_of_users(boss: Person, world: World) -> None:
    """Written by hand, kept by whoever changes something else, taken away by emptying the field."""
    add, at = FUNCTIONS + "add", FUNCTIONS + "signThings"
    given = {"name": "signThings", "parent": "APP-ROLE", "minimumSecurityLevel": "standard"}
    norwegian, english = "localizedDescriptions.norwegian", "localizedDescriptions.english"
    page = boss.submits(boss.visits(add), add, form=-1, **given, **{norwegian: "Signere <alt>"})
    body = page.get_data(as_text=True)
    assert f'id="{norwegian}-error"' in body
    assert f'<a href="#{norwegian}">Description in Norwegian</a>' in body
    assert "Signere &lt;alt&gt;</textarea>" in body
    texts = {norwegian: "Signere alt.\r\nOgså på ære.", english: " "}
    assert boss.submits(page, add, form=-1, **given, **texts).status_code == 303
    assert described(world) == {"norwegian": "Signere alt.\nOgså på ære."}
    body = sees(boss, at + "/edit")
    assert "Også på ære.</textarea>" in body
    assert "Også på ære." in sees(boss, at)
    changed = {norwegian: "", english: "Sign it all."}
    answer = boss.submits(boss.visits(at + "/edit"), at + "/edit", form=-1, **given, **changed)
    assert answer.status_code == 303
    assert described(world) == {"english": "Sign it all."}
    answer = boss.submits(boss.visits(at + "/edit"), at + "/edit", form=-1, **given, **{english: ""})
    assert answer.status_code == 303
    assert described(world) == {}
    sent = {**given, "name": "other", "localizedDescriptions.danish": "Underskrive."}
    assert boss.submits(boss.visits(add), add, form=-1, **sent).status_code == 200


def described(world: World) -> dict[str, str]:
    (found,) = [one for one in world.rows(Function) if one.name == "signThings"]
    return dict(found.localized_descriptions)
