"""A list of clients is what the decision says of each, however many are judged at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app import clock
from app.extensions import db
from app.models.clients import OAuthClient
from app.services.access import gate
from app.services.access import presented
from app.services.clients import registry
from app.services.contact import Contact
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

HERE = Contact(address="127.0.0.1")


@pytest.fixture
def clients(world: World) -> list[str]:
    """One that everybody may use, one bound to each customer, one above alice, a hidden and a deleted one."""
    made = [
        world.client("open"),
        world.client("of-acme", customer="acme"),
        world.client("of-bolt", customer="bolt"),
    ]
    made.append(world.client("high", required_function="ALL-FUNCTIONS"))
    made += [world.client("secret"), world.client("gone")]
    world.change_client(made[-2], hidden=True)
    world.change_client(made[-1], deleted_at=clock.now())
    return made


# Who asks: a credential, and how it is read.
WHO: dict[str, Callable[[World, Flask, str], str]] = {
    "alice by key": lambda world, _app, _client: world.api_key("alice"),
    "the administrator by key": lambda world, _app, _client: world.api_key("admin"),
    "an application of alice's": lambda _world, app, client: RelyingParty(app, client).obtains(Person(app))[
        "access_token"
    ],
}


@pytest.mark.parametrize("who", WHO)
def test_as_each_alone(app: Flask, world: World, clients: list[str], who: str) -> None:
    text = WHO[who](world, app, clients[0])
    with app.test_request_context():
        caller = presented.from_token(text, HERE) or presented.from_api_key(text, HERE)
        assert caller is not None
        every = list(db.session.query(OAuthClient).order_by(OAuthClient.id))
        usable = [one for one in every if gate.ask(caller.at_client(one))]
        assert caller.list_open(every) == {one.id for one in usable}
        shown = {one.id for one in usable if not one.hidden and one.deleted_at is None}
        assert {one.id for one in registry.list_usable_clients(caller)} == shown
        assert registry.list_seen(every, caller) == [one for one in every if registry.may_see(one, caller)]
        assert 0 < len(usable) < len(every)
