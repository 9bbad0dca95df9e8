"""``id_token_hint`` at the login and at the log-out: long ones, and ones whose key is gone."""

from __future__ import annotations

import base64
import json
from urllib.parse import unquote
from urllib.parse import urlencode

import pytest
from flask import Flask

from app.services.tokens import signing_keys
from app.services.unit_of_work import run_in_transaction
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.web.kit import text_of
from tests.world import PASSWORD
from tests.world import World

BYE = "https://app.example.com/bye"
OUT = "/oauth/logout"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def rp(app: Flask, world: World) -> RelyingParty:
    claims = [{"provider": "userGroups", "claimName": "groups", "allowedGroups": []}]
    return RelyingParty(app, world.client(post_logout_redirect_uris=[BYE], open_id_custom_claims=claims))


@pytest.fixture
def crowded(world: World, rp: RelyingParty) -> RelyingParty:
    """The person is in a hundred groups, and the application is told of all."""
    names = [f"a-group-with-quite-a-long-name-in-some-department-{number:03}" for number in range(100)]
    for name in names:
        world.group(name, ["alice"], "acme")
    claims = [{"provider": "userGroups", "claimName": "groups", "allowedGroups": names}]
    world.change_client(rp.client_id, open_id_custom_claims=claims)
    return rp


@pytest.fixture
def hint(crowded: RelyingParty, alice: Person) -> str:
    token = str(crowded.obtains(alice)["id_token"])
    assert len(token) > 8192
    return token


def lose_the_key(app: Flask) -> None:
    with app.app_context():
        run_in_transaction(signing_keys.replace_leaked_keys)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_long_hint_at_the_login(crowded: RelyingParty, alice: Person, hint: str, method: str) -> None:
    """What we issued is accepted, and no address holds it but the application's own."""
    url = crowded.url(id_token_hint=hint)
    if method == "POST":
        path, query = url.split("?")
        url = Person(crowded.app).browser.post(path, data=query, content_type=FORM).headers["Location"]
        assert len(url) < 2000
    assert "code" in returned(alice.visits(url).headers["Location"])
    stranger = Person(crowded.app)
    there = stranger.visits(url).headers["Location"]
    assert there.startswith("/login?continue=")
    assert len(there) < 2000
    back = stranger.submits(stranger.visits(there), there, username="alice", password=PASSWORD)
    assert "code" in returned(stranger.visits(back.headers["Location"]).headers["Location"])


def test_a_long_hint_of_somebody_else(app: Flask, world: World, crowded: RelyingParty, hint: str) -> None:
    """It still says who is meant after it waited for a login."""
    world.user("bob", "bolt", holds=[("APP-ROLE", "bolt")])
    bob = Person(app, "bob")
    there = bob.visits(crowded.url(id_token_hint=hint)).headers["Location"]
    back = bob.submits(bob.visits(there), there, username="bob", password=PASSWORD)
    assert bob.visits(back.headers["Location"]).headers["Location"].startswith("/login?continue=")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_long_hint_at_the_log_out(alice: Person, hint: str, method: str) -> None:
    """By POST the token is in no address."""
    asked = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "kept"}
    if method == "POST":
        there = Person(alice.app).browser.post(OUT, data=asked).headers["Location"]
        assert there.startswith(OUT + "?continue=")
        assert not [part for part in hint.split(".") if part in unquote(there)]
        answer = alice.visits(there)
    else:
        answer = alice.visits(f"{OUT}?{urlencode(asked)}")
    assert answer.headers["Location"] == BYE + "?state=kept"
    assert alice.visits("/").status_code == 303


def test_a_posted_log_out_is_signed(alice: Person, hint: str) -> None:
    """What carries it can be neither made nor changed: then the person is asked."""
    there = alice.browser.post(OUT, data={"id_token_hint": hint}).headers["Location"]
    for url in (there[:-2], OUT + "?continue=x", OUT + "?continue=" + "x" * 9000):
        assert alice.visits(url).headers["Location"].startswith("/logout")
        assert alice.visits("/").status_code == 200


def test_the_key_is_gone(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """Nobody can tell whom it means: the person logs in, once, and the application gets its code."""
    hint = rp.obtains(alice)["id_token"]
    lose_the_key(app)
    url = rp.url(id_token_hint=hint)
    there = alice.visits(url).headers["Location"]
    assert there.startswith("/login?continue=")
    back = alice.submits(alice.visits(there), there, username="alice", password=PASSWORD)
    assert "code" in returned(alice.visits(back.headers["Location"]).headers["Location"])
    silent = returned(alice.visits(rp.url(id_token_hint=hint, prompt="none")).headers["Location"])
    assert silent["error"] == "login_required"


def test_the_key_is_gone_at_the_log_out(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """The person is asked, and goes nowhere else."""
    hint = rp.obtains(alice)["id_token"]
    lose_the_key(app)
    asked = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": BYE})
    page = alice.visits(alice.visits(f"{OUT}?{asked}").headers["Location"])
    assert "Log out?" in text_of(page)
    assert alice.submits(page, "/logout", form=-1).headers["Location"] == "/logged-out"


HEADS = [{}, {"kid": 1}, {"kid": None}, {"kid": ["x"]}, [], "x", 1, None]


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_what_is_no_token_is_an_error(rp: RelyingParty, alice: Person, head: object) -> None:
    """It was never ours: the application is told."""
    alice.logs_in()
    first = base64.urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip("=")
    for hint in (f"{first}.e30.AA", "x.y.z", "x", ".", "\u00e6.x.y", "[" * 5000 + ".x.y"):
        answer = alice.visits(rp.url(id_token_hint=hint))
        assert returned(answer.headers["Location"])["error"] == "invalid_request"


def test_no_request_names_a_subject_by_itself(rp: RelyingParty, alice: Person) -> None:
    """The name under which a subject waits is nothing that an application can send."""
    rp.obtains(alice)
    assert "code" in returned(alice.visits(rp.url(argus_subject="1", prompt="none")).headers["Location"])
