"""Pushed authorization requests (RFC 9126): whose they are, how long and how often they count."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.models.single_use import UsedOnce
from app.services.ops import pruning
from app.services.tokens import pushed_requests
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.fixtures import Clock
from tests.world import REDIRECT
from tests.world import SECRET
from tests.world import World


def by_reference(client_id: str, request_uri: str, **more: str) -> str:
    return "/oauth/authorize?" + urlencode({"client_id": client_id, "request_uri": request_uri, **more})


@pytest.mark.parametrize("path", [PAR, "/oauth/par"])
def test_a_pushed_request_becomes_tokens(rp: RelyingParty, alice: Person, path: str) -> None:
    """RFC 9126 2.2: 201, not to be stored; then login, consent and code as for any other request."""
    answer = rp.posts(path, **rp.request())
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert answer.json["expires_in"] == 90
    back = returned(alice.approves(by_reference(rp.client_id, answer.json["request_uri"])))
    assert back["state"] == rp.state
    assert back["iss"] == "http://localhost"
    assert rp.redeems(back["code"]).json["scope"] == "openid profile"


def test_nothing_of_it_stands_in_an_address(rp: RelyingParty, alice: Person) -> None:
    """Neither in the reference nor where it waits for a login."""
    url = rp.pushed_url(state="a-state-to-look-for")
    login = alice.visits(url)
    assert login.status_code == 303
    waiting = parse_qs(urlsplit(login.headers["Location"]).query)
    for text in (url, str(waiting)):
        assert "a-state-to-look-for" not in text
        assert rp.challenge not in text
    assert returned(alice.approves(url))["state"] == "a-state-to-look-for"


def test_only_what_was_pushed_counts(rp: RelyingParty, alice: Person) -> None:
    """RFC 9126 4, RFC 9101 5: what stands beside the reference is not read."""
    url = rp.pushed_url(scope="openid") + "&" + urlencode(
        {"scope": "openid profile email", "state": "other", "redirect_uri": "https://evil.example.com/",
         "argus_subject": "1", "argus_pushed": "x"}
    )  # fmt: skip
    target = alice.approves(url)
    assert target.startswith(REDIRECT)
    assert returned(target)["state"] == rp.state
    assert rp.redeems(returned(target)["code"]).json["scope"] == "openid"


def test_a_reload_shows_the_same_page(rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """Before the answer it may be opened again; a login may take longer than the reference lives."""
    url = rp.pushed_url()
    first = alice.visits(url)
    assert alice.visits(url).status_code == first.status_code == 303
    clock.advance(600)
    assert alice.visits(url).status_code == 400
    assert "code=" in alice.approves(first.headers["Location"])


@pytest.mark.parametrize("answer", ["approves", "denies"])
def test_it_is_answered_once(rp: RelyingParty, alice: Person, world: World, answer: str) -> None:
    """RFC 9126 4: also by whoever kept the page or the address of the login; the row goes by itself."""
    url = rp.pushed_url(prompt="consent")
    alice.logs_in()
    kept = alice.visits(url)
    assert ("code=" in getattr(alice, answer)(url)) == (answer == "approves")
    rp.sends(alice)
    for decision in ("approve", "deny"):
        again = alice.submits(kept, url, decision=decision)
        assert again.status_code == 400, again.headers
    page = alice.visits(url)
    assert alice.submits(page, url, decision="approve").status_code == 400
    assert len(world.rows(UsedOnce)) == 1


def test_a_remembered_approval_uses_it_up_too(rp: RelyingParty, alice: Person) -> None:
    rp.obtains(alice)
    url = rp.pushed_url()
    assert "code=" in alice.visits(url).headers["Location"]
    again = alice.visits(url)
    assert again.status_code == 400
    assert "Location" not in again.headers


def test_used_ones_are_forgotten_when_they_would_be_too_old(
    app: Flask, rp: RelyingParty, alice: Person, world: World, clock: Clock
) -> None:
    url = rp.pushed_url()
    waiting = parse_qs(urlsplit(alice.visits(url).headers["Location"]).query)["continue"][0]
    alice.approves(url)
    for seconds, left in ((3600, 1), (1801, 0)):
        clock.advance(seconds)
        with app.app_context():
            pruning.prune_all(30)
        assert len(world.rows(UsedOnce)) == left
        refused = alice.visits("/oauth/authorize?" + urlencode({"continue": waiting}))
        assert b"waited for a login" in refused.data


def broken(text: str) -> dict[str, str]:
    """Wrong references, by what is wrong."""
    head, tail = text[:-8], text[-8:]
    return {
        "another text": pushed_requests.PREFIX + "x" * 80,
        "nothing": pushed_requests.PREFIX,
        "no ASCII": pushed_requests.PREFIX + "é" * 80,
        "a changed end": head + tail[::-1],
        "cut": head,
    }


@pytest.mark.parametrize("what", ["another text", "nothing", "no ASCII", "a changed end", "cut"])
def test_a_reference_that_is_none(rp: RelyingParty, alice: Person, what: str) -> None:
    """An error page: nobody knows yet where to return to."""
    alice.logs_in()
    page = alice.visits(by_reference(rp.client_id, broken(rp.pushes().json["request_uri"])[what]))
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_a_reference_of_another_client(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """RFC 9126 2.2: bound to the client that pushed it."""
    other = RelyingParty(app, world.client("other"))
    alice.logs_in()
    request_uri = rp.pushes().json["request_uri"]
    for client_id in (other.client_id, "nobody", ""):
        assert alice.visits(by_reference(client_id, request_uri)).status_code == 400
    assert "code=" in alice.approves(by_reference(rp.client_id, request_uri))


def test_any_other_reference_is_not_supported(rp: RelyingParty, alice: Person) -> None:
    """Nothing is ever fetched (security rule 33)."""
    alice.logs_in()
    for uri in ("https://app.example.com/request.jwt", "urn:ietf:params:oauth:other:x"):
        assert returned(alice.visits(rp.url(request_uri=uri)).headers["Location"])["error"] == (
            "request_uri_not_supported"
        )


WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "scope": ({"scope": "openid groups"}, "invalid_scope"),
    "response type": ({"response_type": "token"}, "unsupported_response_type"),
    "no response type": ({"response_type": None}, "invalid_request"),
    "redirect URI": ({"redirect_uri": "https://evil.example.com/"}, "invalid_request"),
    "PKCE": ({"code_challenge_method": "plain"}, "invalid_request"),
    "prompt": ({"prompt": "none login"}, "invalid_request"),
    "a reference": ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
    "a request object": ({"request": "x.y.z"}, "request_not_supported"),
    "a long state": ({"state": "s" * 2049}, "invalid_request"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_to_the_client(rp: RelyingParty, world: World, what: str) -> None:
    """RFC 9126 2.3: at once, by the validator of the page, with a number that finds the audit row."""
    changes, error = WRONG[what]
    answer = rp.pushes(**changes)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert "evil" not in answer.get_data(as_text=True)
    if what == "a long state":  # refused as a form, before anything is read
        return
    (row,) = [one for one in world.rows(AuditEvent) if one.action == "push"]
    assert row.decision == answer.json["decision"]
    assert (row.outcome, row.client_id, row.reasons) == ("refused", rp.client_id, [error])
    assert rp.pushes(**changes).json["decision"] == row.decision


def test_too_much_is_refused(rp: RelyingParty) -> None:
    """RFC 9126 2.3: 413. Each value is short enough, all of them are not."""
    answer = rp.pushes(**dict.fromkeys(("state", "login_hint", "ui_locales"), "x" * 2000))
    assert (answer.status_code, answer.json["error"]) == (413, "invalid_request")


def test_the_client_proves_itself_first(app: Flask, world: World, rp: RelyingParty) -> None:
    """As at the token endpoint: secret, method and address (decision 6); what is wrong has a number."""
    far = RelyingParty(app, world.client("far", client_ip_range=["192.0.2.1/32"]))
    wrong = RelyingParty(app, rp.client_id, secret="wrong")
    none = RelyingParty(app, rp.client_id, secret=None)
    unknown = RelyingParty(app, "nobody")
    for one in (far, wrong, none, unknown):
        answer = one.pushes()
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert answer.json["decision"].startswith("D-")
        assert "WWW-Authenticate" in answer.headers
    assert far.posts(PAR, address="192.0.2.1", **far.request()).status_code == 201
    basic = app.test_client().post(PAR, data=rp.request(), auth=(rp.client_id, SECRET))
    assert basic.status_code == 201


def test_a_form_that_is_not_in_order(rp: RelyingParty) -> None:
    """Rules 26, 27: the body alone, nothing twice, no other method."""
    browser = rp.app.test_client()
    assert browser.get(PAR).status_code == 405
    assert browser.post(PAR + "?scope=openid", data=rp.request()).json["error"] == "invalid_request"
    twice = urlencode([*rp.request().items(), ("client_secret", SECRET), ("state", "x")])
    answer = browser.post(PAR, data=twice, content_type="application/x-www-form-urlencoded")
    assert answer.json["error"] == "invalid_request"
    assert browser.post(PAR, json=rp.request()).status_code == 400


def test_a_public_client_may_push(app: Flask, world: World, alice: Person) -> None:
    """It proves nothing by that, and leaves nothing behind."""
    rp = RelyingParty(app, world.client("cli", authentication_method="none"), secret=None)
    assert "code=" in alice.approves(rp.pushed_url())
    assert rp.pushes(code_challenge=None, code_challenge_method=None).json["error"] == "invalid_request"


def test_pushing_leaves_no_row(rp: RelyingParty, queries: Any) -> None:
    """Whoever knows the name of a public client could push without end."""
    rp.pushes()
    queries.reset()
    assert rp.pushes().status_code == 201
    assert [one for one in queries.statements if not one.startswith("SELECT")] == []


def test_a_client_that_must_push(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """RFC 9126 6: a request by the browser, or by the JSON call, does not count."""
    world.change_client(rp.client_id, require_pushed_authorization_requests=True)
    alice.logs_in()
    page = alice.visits(rp.url())
    assert page.status_code == 400
    assert b"must push its request first" in page.data
    assert alice.visits(rp.url(argus_pushed="x")).status_code == 400
    assert "code=" in alice.approves(rp.pushed_url())


def test_a_request_that_was_open_when_pushing_became_needed(
    world: World, rp: RelyingParty, alice: Person
) -> None:
    """What is decided is today's client."""
    alice.logs_in()
    page = alice.visits(rp.url())
    world.change_client(rp.client_id, require_pushed_authorization_requests=True)
    assert alice.submits(page, rp.url(), decision="approve").status_code == 400


def test_the_field_of_the_client(admin: ApiCaller, world: World, rp: RelyingParty) -> None:
    path = f"/authentication/v1/oauth/client/{rp.client_id}"
    assert admin.get(path).json["data"]["requirePushedAuthorizationRequests"] is False
    changed = admin.put(path, {"requirePushedAuthorizationRequests": True})
    assert changed.json["data"]["requirePushedAuthorizationRequests"] is True
    assert world.rows(AuditEvent)[-1].detail["require_pushed_authorization_requests"] == {
        "before": False,
        "after": True,
    }


def test_discovery_names_it(app: Flask) -> None:
    """RFC 9126 5."""
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        told = app.test_client().get(path).json
        assert told["pushed_authorization_request_endpoint"] == "http://localhost" + PAR
        assert told["require_pushed_authorization_requests"] is False
    told = app.test_client().get("/openapi.json").json["paths"][PAR]["post"]
    assert set(told["responses"]) >= {"201", "400", "401"}
