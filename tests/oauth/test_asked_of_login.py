"""``acr_values`` and ``claims``: what a request asks of the login (OIDC Core 3.1.2.1, 5.5; decision 056)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.oauth.test_id_tokens import read_claims
from tests.web.kit import enters_code
from tests.web.kit import given_codes
from tests.web.kit import level_of
from tests.world import World

pytestmark = pytest.mark.usefixtures("early_in_a_step")
UNMET = "unmet_authentication_requirements"


def insist(*values: str, **more: Any) -> str:
    """``claims`` with an essential ``acr`` of these values."""
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)} | more}})


WISHES: dict[str, dict[str, str]] = {
    "acr_values": {"acr_values": "administrative"},
    "among unknown ones": {"acr_values": "urn:other administrative"},
    "claims": {"claims": json.dumps({"id_token": {"acr": {"values": ["administrative"]}}})},
    "one value": {"claims": json.dumps({"id_token": {"acr": {"value": "administrative"}}})},
}
DEMANDS: dict[str, dict[str, str]] = {
    "claims": {"claims": insist("administrative")},
    "one value": {
        "claims": json.dumps({"id_token": {"acr": {"essential": True, "value": "administrative"}}})
    },
    "beside a wish": {"acr_values": "standard", "claims": insist("administrative")},
}
# What every login has, or what asks for nothing that a login has more or less of.
EASY: dict[str, dict[str, str]] = {
    "standard": {"acr_values": "standard"},
    "either": {"acr_values": "administrative standard"},
    "unknown": {"acr_values": "urn:mace:incommon:iap:silver"},
    "insisting on either": {"claims": insist("administrative", "standard")},
    "insisting on any": {"claims": json.dumps({"id_token": {"acr": {"essential": True}}})},
    "auth_time": {"claims": json.dumps({"id_token": {"auth_time": {"essential": True}}})},
    "a claim of the person": {
        "claims": json.dumps({"userinfo": {"name": {"essential": True}, "email": None}})
    },
    "nothing": {"claims": "{}"},
    "nulls": {"claims": '{"id_token": null, "userinfo": null}'},
    "other members": {"claims": '{"other": [1], "id_token": {"acr": null, "sub": {"value": 5}}}'},
    "values of other kinds": {"claims": '{"id_token": {"acr": {"values": [1, null, {}]}}}'},
}
WRONG = [
    "x",
    "[]",
    "1",
    "null",
    '"{}"',
    '{"id_token": []}',
    '{"userinfo": 1}',
    '{"id_token": {"acr": true}}',
    "[" * 900,
]


@pytest.mark.parametrize("asked", EASY.values(), ids=EASY)
@pytest.mark.parametrize("prompt", [None, "none"])
def test_what_every_login_has(
    app: Flask, rp: RelyingParty, alice: Person, asked: dict[str, str], prompt: str | None
) -> None:
    rp.obtains(alice)
    tokens = rp.obtains(alice, prompt=prompt, **asked)
    told = read_claims(app, tokens)
    assert told["acr"] == "standard"
    assert told["auth_time"]
    assert "name" in told
    assert "email" not in told


@pytest.mark.parametrize("asked", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("prompt", [None, "none"])
def test_a_wish_that_cannot_be_fulfilled(
    app: Flask, world: World, rp: RelyingParty, alice: Person, asked: dict[str, str], prompt: str | None
) -> None:
    """Core 5.5.1.1: without insistence it is no error, and who has no second factor is not bothered."""
    rp.obtains(alice)
    assert read_claims(app, rp.obtains(alice, prompt=prompt, **asked))["acr"] == "standard"
    assert len(level_of(world)) == 1


@pytest.mark.parametrize("asked", DEMANDS.values(), ids=DEMANDS)
@pytest.mark.parametrize("prompt", [None, "none"])
def test_a_demand_that_cannot_be_fulfilled(
    rp: RelyingParty, alice: Person, asked: dict[str, str], prompt: str | None
) -> None:
    """Unmet Authentication Requirements 1.0: the application is told, whoever is logged in already."""
    rp.obtains(alice)
    back = returned(alice.visits(rp.url(prompt=prompt, **asked)).headers["Location"])
    assert (back["error"], back["state"]) == (UNMET, rp.state)


@pytest.mark.parametrize("asked", [*WISHES.values(), *DEMANDS.values()])
def test_a_login_that_becomes_stronger(
    app: Flask, world: World, rp: RelyingParty, alice: Person, asked: dict[str, str]
) -> None:
    """RFC 9470 4: the password alone was let in by name; now the second factor is asked for as well, once."""
    rp.obtains(alice)
    codes = given_codes(app)
    world.change_user("alice", password_alone=True)
    assert read_claims(app, rp.obtains(alice))["acr"] == "standard"
    there = alice.visits(rp.url(**asked)).headers["Location"]
    assert there.startswith("/login")
    second = alice.logs_in(there)
    resumed = enters_code(alice, second, codes.code()).headers["Location"]
    code = returned(alice.visits(resumed).headers["Location"])["code"]
    told = read_claims(app, rp.redeems(code).json)
    assert (told["acr"], told["amr"]) == ("administrative", ["pwd", "otp", "mfa"])
    assert level_of(world) == [("totp", 3)]
    assert "code" in returned(alice.visits(rp.url(prompt="none", **asked)).headers["Location"])


@pytest.mark.parametrize("asked", DEMANDS.values(), ids=DEMANDS)
def test_a_silent_demand_that_a_login_would_fulfil(
    app: Flask, world: World, rp: RelyingParty, alice: Person, asked: dict[str, str]
) -> None:
    """Core 3.1.2.6: nobody may be asked, and a login would help."""
    rp.obtains(alice)
    given_codes(app)
    world.change_user("alice", password_alone=True)
    back = returned(alice.visits(rp.url(prompt="none", **asked)).headers["Location"])
    assert back["error"] == "login_required"
    wished = alice.visits(rp.url(prompt="none", acr_values="administrative")).headers["Location"]
    assert "code" in returned(wished)


def test_a_demand_of_what_is_not_known(rp: RelyingParty, alice: Person) -> None:
    rp.obtains(alice)
    back = returned(alice.visits(rp.url(claims=insist("urn:other"))).headers["Location"])
    assert back["error"] == UNMET


@pytest.mark.parametrize("text", WRONG)
def test_claims_of_another_shape(rp: RelyingParty, alice: Person, text: str) -> None:
    """Core 3.1.2.6: the application is told, and nothing that it sent is repeated."""
    alice.logs_in()
    back = returned(alice.visits(rp.url(claims=text)).headers["Location"])
    assert back["error"] == "invalid_request"
    assert "claims" in back["error_description"]
    assert text not in back["error_description"] or text == "1"


def test_the_subject(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Core 5.5.1: of another person nothing is told: who that is logs in. Two that differ are an error."""
    mine = read_claims(app, rp.obtains(alice))["sub"]
    hint = rp.obtains(alice)["id_token"]

    def asks(subject: str, **more: str) -> str:
        claims = json.dumps({"id_token": {"sub": {"value": subject}}})
        return str(alice.visits(rp.url(claims=claims, **more)).headers["Location"])

    assert "code" in returned(asks(mine))
    assert "code" in returned(asks(mine, id_token_hint=hint))
    assert asks("4711").startswith("/login")
    assert returned(asks("4711", prompt="none"))["error"] == "login_required"
    assert returned(asks("4711", id_token_hint=hint))["error"] == "invalid_request"
