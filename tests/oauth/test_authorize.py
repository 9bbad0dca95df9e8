"""The authorization request, page and JSON call (rules 31-41, OIDC Core 3.1.2)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.grants import Grant
from app.models.sessions import AuthorizationCode
from app.models.sessions import AuthorizeTransaction
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.person import first_form
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.fixtures import Clock
from tests.world import PASSWORD
from tests.world import REDIRECT
from tests.world import World

AUTHORIZE = "/oauth/authorize"
ROOT = "/authentication/v1"
JSON = "/authentication/v1/oauth/authorize"
LOGIN = "/authentication/v1/password/authentication"
HOSTILE = [
    "https://app.example.com/callback/",
    "https://app.example.com/callback?x=1",
    "https://APP.example.com/callback",
    "https://app.example.com:443/callback",
    "https://app.example.com/../callback",
    "https://app.example.com/callback#x",
    "https://app.example.com%2fcallback",
    "https://app.example.com@evil.example/callback",
    "http://app.example.com/callback",
    "//app.example.com/callback",
    "javascript:alert(1)",
    'https://app.example.com/callback"',
    "https://app.example.com/cällback",
]


def error_of(answer: TestResponse) -> dict[str, str]:
    """The error that a redirect brings to the client; it names the issuer and keeps the state."""
    assert answer.status_code == 303, answer.data
    assert answer.headers["Location"].startswith(REDIRECT)
    back = returned(answer.headers["Location"])
    assert back["iss"] == "http://localhost"
    return back


@pytest.mark.parametrize("uri", HOSTILE)
def test_no_redirect_to_what_is_not_registered(rp: RelyingParty, alice: Person, uri: str) -> None:
    """Rules 31-32: byte equality; an error page without a Location, which echoes nothing."""
    answer = alice.visits(rp.url(redirect_uri=uri))
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert uri not in answer.get_data(as_text=True)


@pytest.mark.parametrize("client_id", [None, "", "nobody", "' OR 1=1 --", "x" * 3000])
def test_an_unknown_client_is_an_error_page(rp: RelyingParty, alice: Person, client_id: str | None) -> None:
    """RFC 6749 4.1.2.1."""
    answer = alice.visits(rp.url(client_id=client_id))
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_missing_redirect_uri_is_the_only_registered_one(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """RFC 6749 3.1.2.3: with one registered it may be left out, here and at the token endpoint."""
    code = returned(alice.approves(rp.url(redirect_uri=None)))["code"]
    assert rp.posts(grant_type="authorization_code", code=code, code_verifier=rp.verifier).status_code == 200
    two = RelyingParty(app, world.client("two", redirect_uris=[REDIRECT, REDIRECT + "/b"]))
    assert alice.visits(two.url(redirect_uri=None)).status_code == 400


def test_redirect_uri_must_be_repeated_when_it_was_sent(rp: RelyingParty, alice: Person) -> None:
    """RFC 6749 4.1.3."""
    code = rp.sends(alice)["code"]
    without = rp.posts(grant_type="authorization_code", code=code, code_verifier=rp.verifier)
    assert without.json["error"] == "invalid_grant"
    assert rp.redeems(code).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": 'co"de\\'}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"scope": "openid phone"}, "invalid_scope"),
        ({"scope": 'openid ad"min'}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1e3"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
        ({"id_token_hint": "x" * 12_001}, None),
    ],
)
def test_what_is_wrong_goes_back_to_the_client(
    rp: RelyingParty, alice: Person, changes: dict[str, str | None], error: str | None
) -> None:
    """After client and redirect URI are good every error is a redirect with ``iss`` and the exact state."""
    alice.logs_in()
    state = 's "t\\ate' + "é&+"
    answer = alice.visits(rp.url(state=state, **changes))
    if error is None:
        assert answer.status_code in (200, 400)
        return
    back = error_of(answer)
    assert back["error"] == error
    assert back["state"] == state


def test_blanks_in_a_scope_do_not_count(rp: RelyingParty, alice: Person) -> None:
    """Around and between names: the person is asked for the same (design decisions 5 and 26)."""
    alice.logs_in()
    pages = [alice.visits(rp.url(scope=scope)) for scope in ("openid profile", " openid   profile ")]
    assert [page.status_code for page in pages] == [200, 200]
    assert all("your name" in page.text for page in pages)


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "x"]
)
def test_no_parameter_twice(rp: RelyingParty, alice: Person, name: str) -> None:
    """RFC 6749 3.1: across query and body, known or not; the doubt is an error page."""
    answer = alice.visits(rp.url(nonce="n") + f"&{name}=a&{name}=a")
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    body = alice.browser.post(rp.url(nonce="n"), data={name: "a"})
    assert name == "x" or body.status_code == 400


def test_nothing_scoped_is_nothing(rp: RelyingParty, alice: Person) -> None:
    """Decision 5: no scope asked is granted as asked: none, and no ``scope`` in the answer."""
    tokens = rp.obtains(alice, scope=None)
    assert "scope" not in tokens
    assert "id_token" not in tokens


def test_a_scope_that_nobody_knows_is_ignored(
    app: Flask, rp: RelyingParty, alice: Person, admin: ApiCaller
) -> None:
    """Decision 5: stock libraries ask for ``offline_access``; every answer says what was granted."""
    tokens = rp.obtains(alice, scope="openid offline_access profile roles")
    assert tokens["scope"] == "openid profile"
    assert rp.introspects(tokens["access_token"])["scope"] == "openid profile"
    refreshed = rp.refreshes(tokens["refresh_token"], scope="openid offline_access")
    assert refreshed.json["scope"] == "openid"
    assert rp.refreshes(refreshed.json["refresh_token"], scope="roles").json["scope"] == "openid profile"
    form = {"grant_type": "client_credentials", "client_id": rp.client_id, "scope": "roles profile"}
    bought = app.test_client().post("/oauth/token", data=form, headers={"Argus-API-Key": str(admin.key)})
    assert bought.json["scope"] == "profile"


def test_empty_permitted_scopes_permit_none(app: Flask, world: World, alice: Person) -> None:
    """Decision 5: emptiness is never permission."""
    rp = RelyingParty(app, world.client("bare", permitted_scopes=[]))
    alice.logs_in()
    assert error_of(alice.visits(rp.url(scope="openid")))["error"] == "invalid_scope"
    assert rp.obtains(alice, scope=None)["access_token"]


# --- who is there, and since when --------------------------------------------------------------------------


def test_prompt_none(rp: RelyingParty, alice: Person) -> None:
    """OIDC Core 3.1.2.6: never a page: login_required, consent_required, then a code."""
    url = rp.url(prompt="none")
    assert error_of(alice.visits(url))["error"] == "login_required"
    alice.logs_in()
    assert error_of(alice.visits(url))["error"] == "consent_required"
    rp.sends(alice)
    assert "code" in error_of(alice.visits(url))


def test_prompt_none_of_a_refused_user(app: Flask, world: World, rp: RelyingParty) -> None:
    """Decision 13: redirects at once with access_denied and the decision number, no details."""
    world.user("mallory", "bolt")
    mallory = Person(app, "mallory")
    mallory.logs_in()
    back = error_of(mallory.visits(rp.url(prompt="none")))
    assert back["error"] == "access_denied"
    assert re.search(r"\(D-[0-9A-Z]{10}\)$", back["error_description"])
    assert "useApp" not in back["error_description"]


def test_prompt_login_asks_again_once(rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """Rule 37: a login after this request began; the same login row goes on under a new cookie."""
    first = rp.obtains(alice)
    clock.advance(30)
    assert urlsplit(alice.visits(rp.url(prompt="login")).headers["Location"]).path == "/login"
    second = rp.obtains(alice, prompt="login")
    for tokens in (first, second):
        assert rp.calls("/authentication/v1/session", tokens["access_token"]).status_code == 200


def test_max_age(rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """OIDC Core 3.1.2.1: an older login is not enough; 0 asks for one now, not for ever."""
    rp.obtains(alice)
    clock.advance(100)
    assert "code" in error_of(alice.visits(rp.url(max_age="3600")))
    assert urlsplit(alice.visits(rp.url(max_age="50")).headers["Location"]).path == "/login"
    assert rp.obtains(alice, max_age="0")


def test_max_age_counts_when_the_page_is_answered(rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """OIDC Core 3.1.2.1: a login that grew too old behind the page gives no code, but a login first."""
    alice.logs_in()
    url = rp.url(max_age="60")
    action, form = first_form(alice.visits(url).get_data(as_text=True), {"transaction"})
    clock.advance(100)
    back = alice.browser.post(action or url, data=form | {"decision": "approve"})
    assert urlsplit(back.headers["Location"]).path == "/oauth/authorize"
    login = alice.visits(back.headers["Location"])
    assert urlsplit(login.headers["Location"]).path == "/login"
    assert "code" in returned(alice.approves(back.headers["Location"]))
    assert rp.obtains(alice, max_age="0", prompt="login consent")


def test_a_hint_of_somebody_else(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """OIDC Core 3.1.2.1: with ``id_token_hint`` of another subject the present login does not do."""
    world.user("bob", "acme", holds=[("APP-ROLE", "acme")])
    hint = rp.obtains(Person(app, "bob"))["id_token"]
    rp.obtains(alice)
    back = error_of(alice.visits(rp.url(prompt="none", id_token_hint=hint)))
    assert back["error"] == "login_required"
    own = rp.obtains(alice)["id_token"]
    assert "code" in error_of(alice.visits(rp.url(prompt="none", id_token_hint=own)))


def test_login_hint_fills_the_field(rp: RelyingParty, alice: Person) -> None:
    """And is escaped."""
    answer = alice.visits(rp.url(login_hint='"><script>'))
    page = alice.visits(answer.headers["Location"]).get_data(as_text=True)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_another_user_ends_the_first_login(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Decision 8: who logs in at the same browser as somebody else ends what was there."""
    world.user("bob", "acme", holds=[("APP-ROLE", "acme")])
    first = rp.obtains(alice)
    page = alice.visits("/login")
    alice.submits(page, "/login", username="bob", password=PASSWORD)
    assert rp.calls("/authentication/v1/session", first["access_token"]).status_code == 401


def test_an_idle_browser_logs_in_again_and_keeps_its_sessions(
    rp: RelyingParty, alice: Person, clock: Clock
) -> None:
    """Decision 8: two clocks. The idle browser must log in again; the refreshing application goes on."""
    token = rp.obtains(alice)["refresh_token"]
    for _ in range(3):
        clock.advance(1500)
        token = rp.refreshes(token).json["refresh_token"]
    assert alice.visits("/").status_code == 303
    alice.logs_in()
    fresh = rp.refreshes(token)
    assert fresh.status_code == 200
    alice.logs_out()
    assert rp.refreshes(fresh.json["refresh_token"]).status_code == 400


# --- the form ----------------------------------------------------------------------------------------------


def asked(rp: RelyingParty, person: Person) -> dict[str, str]:
    """The consent form's hidden fields."""
    person.logs_in()
    page = person.visits(rp.url())
    assert page.status_code == 200, page.data
    return first_form(page.get_data(as_text=True), {"transaction"})[1]


def test_a_transaction_is_used_once(rp: RelyingParty, alice: Person, world: World) -> None:
    """Rule 35."""
    form = asked(rp, alice) | {"decision": "approve"}
    assert alice.browser.post(AUTHORIZE, data=form).status_code == 303
    again = alice.browser.post(AUTHORIZE, data=form)
    assert again.status_code == 400
    assert "Location" not in again.headers
    assert len(world.rows(AuthorizationCode)) == 1


def test_a_transaction_belongs_to_its_login(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """Rule 35: another login, even of the same person, cannot answer it; nor after a log-out."""
    form = asked(rp, alice) | {"decision": "approve"}
    twin = Person(app)
    mine = asked(rp, twin) | {"transaction": form["transaction"], "decision": "approve"}
    assert twin.browser.post(AUTHORIZE, data=mine).status_code == 400
    alice.logs_out()
    assert alice.browser.post(AUTHORIZE, data=form).status_code in (400, 403)
    assert world.rows(AuthorizationCode) == []


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_the_form_needs_its_csrf_token(
    rp: RelyingParty, alice: Person, world: World, token: str | None
) -> None:
    """Rule 40; no code, and the transaction is still there to be answered."""
    form = asked(rp, alice) | {"decision": "approve"}
    bad = {k: v for k, v in form.items() if k != "csrf_token"} | (
        {} if token is None else {"csrf_token": token}
    )
    assert alice.browser.post(AUTHORIZE, data=bad).status_code in (400, 403)
    assert world.rows(AuthorizationCode) == []
    assert alice.browser.post(AUTHORIZE, data=form).status_code == 303


def test_what_changed_meanwhile_counts(rp: RelyingParty, alice: Person, world: World) -> None:
    """The page was not a promise: approving asks the gate again."""
    form = asked(rp, alice) | {"decision": "approve"}
    world.revoke("alice", "APP-ROLE")
    back = error_of(alice.browser.post(AUTHORIZE, data=form))
    assert back["error"] == "access_denied"
    assert world.rows(AuthorizationCode) == []
    refused = [row for row in world.rows(AuditEvent) if row.outcome == "refused"][-1]
    assert refused.decision in back["error_description"]


@pytest.mark.parametrize("seconds", [601, 3601])
def test_an_answer_that_comes_too_late_is_asked_for_anew(
    rp: RelyingParty, alice: Person, world: World, clock: Clock, seconds: int
) -> None:
    """Nothing is approved; one is back at the question, through the login when that has idled."""
    form = asked(rp, alice) | {"decision": "approve"}
    clock.advance(seconds)
    answer = alice.browser.post(AUTHORIZE, data=form)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/oauth/authorize?continue=")
    assert world.rows(Grant) == world.rows(AuthorizationCode) == []
    assert "code" in returned(alice.approves(answer.headers["Location"]))


def test_an_application_that_grows_while_its_page_is_open_is_asked_about_again(
    rp: RelyingParty, alice: Person, world: World
) -> None:
    """Approving means what was shown, never more (design decision 14); what narrows needs no second page."""
    world.function("secondTool")
    world.function("WIDE-ROLE")
    world.edge("WIDE-ROLE", "APP-ROLE")
    world.edge("WIDE-ROLE", "secondTool")
    form = asked(rp, alice) | {"decision": "approve"}
    world.change_client(rp.client_id, permission_scope_id=world.function_id("WIDE-ROLE"))
    page = alice.browser.post(AUTHORIZE, data=form)
    assert page.status_code == 200
    assert world.rows(Grant) == world.rows(AuthorizationCode) == []
    again = first_form(page.get_data(as_text=True), {"transaction"})[1] | {"decision": "approve"}
    assert again["transaction"] != form["transaction"]
    world.change_client(rp.client_id, permission_scope_id=world.function_id("APP-ROLE"))
    assert "code" in returned(alice.browser.post(AUTHORIZE, data=again).headers["Location"])
    assert [row.permission_scope_id for row in world.rows(Grant)] == [world.function_id("APP-ROLE")]


@pytest.mark.parametrize("decision", ["", "Approve", "yes"])
def test_only_two_answers(rp: RelyingParty, alice: Person, world: World, decision: str) -> None:
    """Emptiness is never permission."""
    form = asked(rp, alice) | {"decision": decision}
    assert alice.browser.post(AUTHORIZE, data=form).status_code == 400
    assert world.rows(AuthorizationCode) == []


def test_a_cross_site_post_comes_back_by_get(app: Flask, rp: RelyingParty, world: World) -> None:
    """Rule 39: without the Lax cookie the request is kept and answered after a 303."""
    query = urlsplit(rp.url()).query
    answer = app.test_client().post(AUTHORIZE, data=query, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/oauth/authorize?continue=")
    assert world.rows(AuthorizeTransaction) == []
    assert "code" in returned(Person(app).approves(answer.headers["Location"]))


def test_a_forged_continuation_is_nothing(alice: Person, rp: RelyingParty) -> None:
    """What waits in the URL is signed."""
    kept = alice.visits(rp.url()).headers["Location"]
    forged = kept.replace("continue=", "continue=A")
    page = alice.visits(forged)
    done = alice.submits(page, forged, username="alice", password=PASSWORD)
    assert done.headers["Location"] == "/"
    assert alice.visits("/oauth/authorize?continue=" + "A" * 20).status_code == 400


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil"],
)
def test_next_stays_at_home(world: World, alice: Person, target: str) -> None:
    """Rule 40: own-origin paths only."""
    assert world.app is alice.app
    at = "/login?" + urlencode({"next": target})
    assert alice.logs_in(at).headers["Location"] == "/"


# --- consent -----------------------------------------------------------------------------------------------


def asks(rp: RelyingParty, person: Person, **changes: str) -> bool:
    """Whether the consent page is shown."""
    return b'name="transaction"' in person.visits(rp.url(**changes)).data


def test_consent_is_asked_again_when_something_grows(rp: RelyingParty, alice: Person, world: World) -> None:
    """Decision 14: when scopes or permission scope grow it is asked, and a live session is refused."""
    tokens = rp.obtains(alice)
    assert not asks(rp, alice, scope="openid")
    assert asks(rp, alice, scope="openid profile email")
    world.change_client(rp.client_id, permission_scope_id=world.function_id("useApp"))
    assert not asks(rp, alice)
    assert rp.calls("/authentication/v1/session", tokens["access_token"]).status_code == 200
    world.change_client(rp.client_id, permission_scope_id=world.function_id("ALL-FUNCTIONS"))
    assert rp.calls("/authentication/v1/session", tokens["access_token"]).status_code == 401
    assert rp.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert asks(rp, alice)
    rp.sends(alice)
    assert not asks(rp, alice)


def test_a_new_function_inside_the_role_voids_nothing(rp: RelyingParty, alice: Person, world: World) -> None:
    """Decision 14: edges added inside a role do not void the consent."""
    tokens = rp.obtains(alice)
    world.function("newThings")
    world.edge("APP-ROLE", "newThings")
    assert not asks(rp, alice)
    assert rp.calls("/authentication/v1/session", tokens["access_token"]).status_code == 200


def test_the_page_names_what_it_gives(rp: RelyingParty, alice: Person) -> None:
    """Decision 14: application, site, scopes in words, functions, customers."""
    alice.logs_in()
    page = alice.visits(rp.url()).get_data(as_text=True)
    for text in ("App wants", "app.example.com", "readThings", "writeThings", "Acme", "alice"):
        assert text in page, text
    assert "Bolt" not in page


def test_the_refusal_names_no_customer_one_may_not_see(app: Flask, world: World) -> None:
    """Decision 13: a customer is named only to a user who may see it."""
    rp = RelyingParty(app, world.client("bound", customer="acme"))
    world.user("carol", "bolt", holds=[("APP-ROLE", "bolt")])
    carol = Person(app, "carol")
    carol.logs_in()
    page = carol.visits(rp.url())
    assert page.status_code == 403
    assert "Acme" not in page.get_data(as_text=True)
    assert re.search(r"D-[0-9A-Z]{10}", page.get_data(as_text=True))


# --- JSON --------------------------------------------------------------------------------------------------


def bearer(app: Flask, name: str = "alice") -> dict[str, str]:
    answer = app.test_client().post(LOGIN, json={"userName": name, "password": PASSWORD})
    token = answer.json["data"]["credentials"]["requestCredentialsData"]
    return {"Authorization": f"Bearer {token}"}


def json_request(rp: RelyingParty, **changes: Any) -> dict[str, Any]:
    body = {
        "clientID": rp.client_id,
        "redirectURI": REDIRECT,
        "responseType": ["code"],
        "scope": ["openid", "profile"],
        "state": "xyz",
        "codeChallenge": rp.challenge,
        "codeChallengeMethod": "S256",
    }
    return {k: v for k, v in (body | changes).items() if v is not None}


def test_json_authorize_is_the_approval(app: Flask, rp: RelyingParty) -> None:
    """Design §8: an interactive login's call records the grant; ``redirectURI`` is the whole location."""
    answer = app.test_client().post(JSON, json=json_request(rp), headers=bearer(app))
    assert answer.status_code == 201, answer.data
    data = answer.json["data"]
    back = returned(data["redirectURI"])
    assert back["code"] == data["authorizationCode"]
    assert back["state"] == data["state"] == "xyz"
    assert back["iss"] == "http://localhost"
    assert rp.redeems(data["authorizationCode"]).status_code == 200


@pytest.mark.parametrize("mode", ["query", "form_post", "fragment"])
def test_json_authorize_answers_with_an_address(app: Flask, rp: RelyingParty, mode: str) -> None:
    """An address has a query and no form (decision 43)."""
    answer = app.test_client().post(JSON, json=json_request(rp, responseMode=mode), headers=bearer(app))
    assert answer.status_code == (201 if mode == "query" else 412)
    if mode != "query":
        (message,) = answer.json["messages"]
        assert (message["field"], "query" in message["message"]) == ("responseMode", True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"clientID": "nobody"}, "clientID"),
        ({"clientID": None}, "clientID"),
        ({"redirectURI": "https://evil.example/"}, "redirectURI"),
        ({"responseType": ["token"]}, "responseType"),
        ({"responseType": []}, "responseType"),
        ({"scope": ["phone"]}, "scope"),
        ({"codeChallengeMethod": "plain"}, "codeChallengeMethod"),
        ({"codeChallenge": "x"}, "codeChallenge"),
        ({"state": 7}, "state"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_json_authorize_names_the_field(
    app: Flask, rp: RelyingParty, world: World, changes: dict[str, Any], field: str
) -> None:
    """412 with a FIELD_ERROR; nothing is issued."""
    answer = app.test_client().post(JSON, json=json_request(rp, **changes), headers=bearer(app))
    assert answer.status_code == 412, answer.data
    fields = [m["field"] for m in answer.json["messages"]]
    assert any(f.startswith(field[:13]) for f in fields), fields
    assert world.rows(AuthorizationCode) == []


def test_json_authorize_of_a_refused_user(app: Flask, world: World, rp: RelyingParty) -> None:
    """403 in the envelope with the decision number."""
    world.user("mallory", "bolt")
    answer = app.test_client().post(JSON, json=json_request(rp), headers=bearer(app, "mallory"))
    assert answer.status_code == 403
    assert answer.json["metaData"]["decision"].startswith("D-")


def test_only_a_person_approves(
    app: Flask, world: World, rp: RelyingParty, alice: Person, admin: ApiCaller
) -> None:
    """Rule 36: neither an API key nor an OAuth session may approve."""
    assert admin.post(JSON, json_request(rp)).status_code == 403
    token = rp.obtains(alice)["access_token"]
    answer = app.test_client().post(JSON, json=json_request(rp), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert alice.browser.post(JSON, json=json_request(rp)).status_code == 403


@pytest.mark.parametrize("how", ["constrained login", "constrained by key", "impersonation", "bought by key"])
def test_nothing_that_was_derived_approves(app: Flask, world: World, rp: RelyingParty, how: str) -> None:
    """Rule 36: what was made from another credential, for less, never gets a credential of its own."""
    world.user("boss", "acme", holds=[("ALL-FUNCTIONS", "acme")])
    key = ApiCaller(app, world.api_key("alice"))
    if how == "bought by key":
        form = {"grant_type": "client_credentials", "client_id": rp.client_id}
        token = key.call("POST", TOKEN, data=form).json["access_token"]
    elif how == "constrained by key":
        token = key.post(f"{ROOT}/constrain", {}).json["data"]["requestCredentialsData"]
    else:
        path, body, who = {
            "constrained login": ("constrain", {}, "alice"),
            "impersonation": ("impersonate", {"userName": "alice"}, "boss"),
        }[how]
        answer = app.test_client().post(f"{ROOT}/{path}", json=body, headers=bearer(app, who))
        token = answer.json["data"]["requestCredentialsData"]
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get(f"{ROOT}/session", headers=headers).status_code == 200
    answer = app.test_client().post(JSON, json=json_request(rp), headers=headers)
    assert answer.status_code == 403, answer.data
    browser = app.test_client()
    browser.set_cookie("argus_session", token)
    assert browser.get(rp.url()).headers["Location"].startswith("/login?")
    assert world.rows(AuthorizationCode) == world.rows(Grant) == []


MOST = {"state": 2048, "nonce": 512, "login_hint": 2048}


@pytest.mark.parametrize("name", MOST)
def test_what_is_too_long_is_no_request(rp: RelyingParty, alice: Person, name: str) -> None:
    """Rule 77: as long as allowed is carried to its end; one character more is an error page."""
    alice.logs_in()
    assert alice.visits(rp.url(**{name: "x" * MOST[name]})).status_code == 200
    answer = alice.visits(rp.url(**{name: "x" * (MOST[name] + 1)}))
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_too_many_parameters_are_no_request(rp: RelyingParty, alice: Person) -> None:
    """Rule 77: a hundred."""
    alice.logs_in()
    own = rp.url().count("=")
    assert alice.visits(rp.url() + "".join(f"&x{n}=y" for n in range(100 - own))).status_code == 200
    assert alice.visits(rp.url() + "".join(f"&x{n}=y" for n in range(101 - own))).status_code == 400
