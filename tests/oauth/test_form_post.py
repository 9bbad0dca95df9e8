"""OAuth 2.0 Form Post Response Mode 1.0: the answer is a form that posts itself (decision 43)."""

from __future__ import annotations

import base64
import secrets
import time

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.drivers.person import Person
from tests.drivers.person import forms
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.world import REDIRECT
from tests.world import World

FORM_POST = {"response_mode": "form_post"}
STATE = "s \"t'</form><script>alert(1)</script>&amp;é\\"


def answer_form(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Action and fields of the form for the application."""
    found = [(action, fields) for action, fields in forms(page.text) if "iss" in fields]
    assert len(found) == 1, page.text
    return found[0]


def posted(page: TestResponse) -> dict[str, str]:
    """What the page sends, once everything that must hold of it does."""
    assert page.status_code == 200, page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    policy = page.headers["Content-Security-Policy"]
    assert "form-action" not in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert '<script src="/static/answer.js" defer></script>' in page.text
    assert ">Continue</button>" in page.text
    assert "Location" not in page.headers
    action, fields = answer_form(page)
    assert action == REDIRECT
    assert fields["iss"] == "http://localhost"
    return fields


def answers(person: Person, url: str, decision: str) -> TestResponse:
    """Answer the consent page at this address."""
    page = person.visits(url)
    (fields,) = [fields for _, fields in forms(page.text) if "transaction" in fields]
    return person.browser.post("/oauth/authorize", data={**fields, "decision": decision})


def test_from_approval_to_tokens(rp: RelyingParty, alice: Person) -> None:
    """Approve, and the next time remembered; the code is as good as any."""
    alice.logs_in()
    url = rp.url(**FORM_POST, state=STATE)
    for page in (answers(alice, url, "approve"), alice.visits(url)):
        fields = posted(page)
        assert set(fields) == {"code", "state", "iss"}
        assert fields["state"] == STATE
        assert "alert(1)<" not in page.text
        assert rp.redeems(fields["code"]).status_code == 200


def test_errors_travel_so_too(rp: RelyingParty, alice: Person, app: Flask, world: World) -> None:
    """Deny, a scope, ``prompt=none`` with nobody there, without an approval, and of who may not."""
    silent = rp.url(**FORM_POST, prompt="none")
    assert posted(Person(app).visits(silent))["error"] == "login_required"
    alice.logs_in()
    assert posted(alice.visits(silent))["error"] == "consent_required"
    denied = posted(answers(alice, rp.url(**FORM_POST), "deny"))
    assert (denied["error"], denied["state"]) == ("access_denied", rp.state)
    assert denied["error_description"]
    assert posted(alice.visits(rp.url(**FORM_POST, scope="openid phone")))["error"] == "invalid_scope"
    rp.obtains(alice)
    assert posted(alice.visits(silent))["code"]
    world.revoke("alice", "APP-ROLE")
    assert "D-" in posted(alice.visits(silent))["error_description"]


def test_the_button_of_a_page_is_a_form(rp: RelyingParty, app: Flask, world: World) -> None:
    """Where a person decides to return: the refusal page, and that of a request which is not in order."""
    unsound = Person(app).visits(rp.url(**FORM_POST, scope="phone"))
    assert unsound.status_code == 400
    world.user("nobody", "acme")
    nobody = Person(app, "nobody")
    nobody.logs_in()
    refused = nobody.visits(rp.url(**FORM_POST))
    assert refused.status_code == 403
    for page, error in ((unsound, "invalid_scope"), (refused, "access_denied")):
        action, fields = answer_form(page)
        assert (action, fields["error"], fields["state"]) == (REDIRECT, error, rp.state)
        assert "Return to App</button>" in page.text
        assert "answer.js" not in page.text
        assert "form-action" not in page.headers["Content-Security-Policy"]
    linked = nobody.visits(rp.url())
    assert "form-action 'self'" in linked.headers["Content-Security-Policy"]


@pytest.mark.parametrize("query", ["?own=1&x=%20y", "?/login/oidc", "?a[]=1"])
def test_the_addresss_own_query_stays(app: Flask, world: World, alice: Person, query: str) -> None:
    """Byte by byte in the action; what we add is in the body."""
    rp = RelyingParty(app, world.client(redirect_uris=[REDIRECT + query]))
    alice.logs_in()
    page = answers(alice, rp.url(redirect_uri=REDIRECT + query, **FORM_POST), "approve")
    action, fields = answer_form(page)
    assert action == REDIRECT + query
    assert "code" in fields


def test_a_request_by_post_is_answered_by_form(rp: RelyingParty, alice: Person) -> None:
    """It comes back by GET, and keeps its mode; also through the login page."""
    path, data = rp.url(**FORM_POST).split("?")
    sent = alice.browser.post(path, data=data, content_type="application/x-www-form-urlencoded")
    login = alice.visits(sent.headers["Location"]).headers["Location"]
    back = alice.logs_in(login).headers["Location"]
    assert posted(answers(alice, back, "approve"))["code"]


@pytest.mark.parametrize("mode", ["fragment", "web_message", "form_post.jwt", "FORM_POST", "x" * 100])
def test_other_modes_are_told_by_query(rp: RelyingParty, alice: Person, mode: str) -> None:
    alice.logs_in()
    back = returned(alice.visits(rp.url(response_mode=mode)).headers["Location"])
    assert back["error"] == "invalid_request"
    assert "query or form_post" in back["error_description"]
    assert mode not in back["error_description"]


def test_the_metadata_name_both(app: Flask) -> None:
    told = app.test_client().get("/.well-known/openid-configuration").json
    assert told["response_modes_supported"] == ["query", "form_post"]


def test_as_dot_net_asks(rp: RelyingParty, alice: Person) -> None:
    """Its default request: form_post, a long state, a nonce with ticks, parameters that nobody else knows."""
    nonce = f"{time.time_ns()}.{base64.b64encode(secrets.token_bytes(48)).decode()}"
    state = "CfDJ8" + base64.urlsafe_b64encode(secrets.token_bytes(600)).decode().rstrip("=")
    url = rp.url(**FORM_POST, nonce=nonce, state=state)
    url += "&x-client-SKU=ID_NET8_0&x-client-ver=8.0.1.0"
    alice.logs_in()
    fields = posted(answers(alice, url, "approve"))
    assert fields["state"] == state
    token = rp.redeems(fields["code"]).json["id_token"]
    payload = token.split(".")[1]
    assert nonce.encode() in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
