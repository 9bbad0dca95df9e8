"""A field of the console takes the name that the console shows; what could mean two things means neither."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.authority import Permission
from app.models.directory import User
from tests.drivers.person import Person
from tests.world import World


@pytest.fixture
def helen(app: Flask, world: World) -> Person:
    """An administrator of everything; ``Shared Name`` is the name of two users."""
    for name in ("one", "two"):
        world.user(name, "acme")
        world.change_user(name, name="Shared Name")
    world.change_user("alice", name="Alice Ås")
    world.group("team", [], "acme")
    world.change_user("team", name="The Team")
    world.user("helen", "root", holds=[("ALL-FUNCTIONS", "root")])
    person = Person(app, "helen")
    person.logs_in()
    return person


def send(person: Person, at: str, **fields: str) -> Any:
    return person.submits(person.visits(at), at, **fields)


def test_a_permission_by_shown_names(world: World, helen: Person) -> None:
    """User, customer and function, each as the pages write it."""
    answer = send(
        helen,
        "/console/permissions/add",
        subject="alice ås",
        customer="Bolt",
        function="Read the things (readThings)",
    )
    assert answer.status_code in (302, 303), answer.text
    made = max(world.rows(Permission), key=lambda one: one.id)
    assert (made.subject.short_name, made.customer.short_name, made.function.name) == (
        "alice",
        "bolt",
        "readThings",
    )


def test_two_of_a_name_are_neither(world: World, helen: Person) -> None:
    """The page says that there is none; a short name never gets another meaning."""
    sent = {"customer": "acme", "function": "readThings"}
    before = len(world.rows(Permission))
    answer = send(helen, "/console/permissions/add", subject="Shared Name", **sent)
    assert "subject-error" in answer.text
    assert len(world.rows(Permission)) == before
    world.change_user("one", name="alice")
    answer = send(helen, "/console/permissions/add", subject="alice", **sent)
    assert answer.status_code in (302, 303)
    assert max(world.rows(Permission), key=lambda one: one.id).subject.short_name == "alice"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("/console/users/?customer=Acme", "alice"),
        ("/console/groups/?customer=ACME", "team"),
        ("/console/permissions/?subject=Alice%20%C3%85s", "APP-ROLE"),
        ("/console/permissions/?customer=Acme", "APP-ROLE"),
        ("/console/sessions/?user=Helen", "helen"),
    ],
)
def test_filters(helen: Person, page: str, found: str) -> None:
    """As forms."""
    answer = helen.visits(page)
    assert answer.status_code == 200
    assert 'class="error"' not in answer.text
    assert found in answer.text.partition("</form>")[2]


def test_forms_of_people_and_customers(world: World, helen: Person) -> None:
    """A new user at a customer, members of a group by line, a customer below another."""
    sent = {"customer": "Bolt", "shortName": "fresh", "name": "F", "sendLink": "false"}
    assert send(helen, "/console/users/add", **sent).status_code == 303
    (made,) = [one for one in world.rows(User) if one.short_name == "fresh"]
    assert made.customer.short_name == "bolt"
    team = next(
        one
        for one in helen.visits("/console/groups/").text.split('"')
        if "/console/groups/" in one and one[-1].isdigit()
    )
    assert send(helen, team, subject="Alice Ås\r\nfresh").status_code == 303
    below = send(helen, "/console/customers/add", parent="Acme", shortName="deep", name="Deep")
    assert below.status_code == 303, below.text
