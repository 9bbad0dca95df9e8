"""A regression test per pitfall of Authlib, Werkzeug, Flask-Login: an upgrade that changes one is seen."""

from __future__ import annotations

import base64
import logging
import os
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.oauth.grants import GRANTS
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.house.catalogue import APP
from tests.world import REDIRECT
from tests.world import SECRET
from tests.world import World

SESSION = "/authentication/v1/session"


def form(rp: RelyingParty, code: str, /, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": rp.verifier,
        "client_id": rp.client_id,
        "client_secret": SECRET,
    } | changes


def basic(text: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text).decode()}


def post(app: Flask, data: Any, **options: Any) -> TestResponse:
    return app.test_client().post(options.pop("path", TOKEN), data=data, **options)


def error(answer: TestResponse, status: int = 400) -> str:
    assert answer.status_code == status, answer.data
    assert set(answer.json) <= {"error", "error_description", "decision"}
    return str(answer.json["error"])


def test_plain_is_never_verified(rp: RelyingParty, alice: Person) -> None:
    """8, D1: neither asked for, nor by leaving the method out, nor by a verifier equal to the challenge."""
    alice.logs_in()
    for method in ("plain", None, "s256", "S256 "):
        answer = alice.visits(rp.url(code_challenge_method=method))
        assert "error=invalid_request" in answer.headers["Location"]
    code = rp.sends(alice)["code"]
    assert error(rp.redeems(code, code_verifier=rp.challenge)) == "invalid_grant"


def test_the_verifier_matches_as_a_whole(rp: RelyingParty, alice: Person) -> None:
    """9: a trailing newline is no part of a verifier."""
    code = rp.sends(alice)["code"]
    for verifier in (rp.verifier + "\n", rp.verifier + " ", rp.verifier[:42], "é" * 43, "x" * 129):
        assert rp.redeems(code, code_verifier=verifier).status_code == 400
    assert rp.redeems(code).status_code == 200


def test_public_clients_must_use_pkce(app: Flask, world: World, alice: Person) -> None:
    """D1: asked at authorize, not only at the token endpoint; and no verifier fits where no challenge was."""
    public = RelyingParty(app, world.client("cli", authentication_method="none"), secret=None)
    alice.logs_in()
    answer = alice.visits(public.url(code_challenge=None, code_challenge_method=None))
    assert "error=invalid_request" in answer.headers["Location"]
    loose = RelyingParty(
        app,
        world.client("loose", authentication_method="none", insecure_without_pkce=True,
                     client_ip_range=["127.0.0.1/32"]),
        secret=None,
    )  # fmt: skip
    code = loose.sends(alice, code_challenge=None, code_challenge_method=None)["code"]
    assert error(loose.redeems(code)) == "invalid_grant"
    without = loose.posts(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
    assert without.status_code == 200, without.data


def test_pkce_is_enforced_for_confidential_clients_too(
    app: Flask, world: World, rp: RelyingParty, alice: Person, settings: Any
) -> None:
    """8: whenever sent; by the client's flag; by the server's option."""
    code = rp.sends(alice)["code"]
    no_verifier = form(rp, code)
    del no_verifier["code_verifier"]
    assert error(post(app, no_verifier)) == "invalid_grant"
    world.change_client(rp.client_id, require_pkce=True)
    bare = rp.url(code_challenge=None, code_challenge_method=None)
    assert "error=invalid_request" in alice.visits(bare).headers["Location"]
    world.change_client(rp.client_id, require_pkce=False)
    assert "code=" in alice.visits(bare).headers["Location"]
    settings(require_pkce=True)
    assert "error=invalid_request" in alice.visits(bare).headers["Location"]


def test_one_client_authentication(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """10, D10: never two, never two identities; a public client has no secret, a confidential one has."""
    code = rp.sends(alice)["code"]
    good = basic(f"{rp.client_id}:{SECRET}".encode())
    other = world.client("other")
    assert error(post(app, form(rp, code), headers=good)) == "invalid_request"
    body = form(rp, code, client_id=other)
    del body["client_secret"]
    assert error(post(app, body, headers=good)) == "invalid_request"
    assert error(post(app, body | {"client_id": rp.client_id}), 401) == "invalid_client"
    assert error(post(app, form(rp, code, client_assertion="x", client_secret="")), 401) == "invalid_client"
    public = world.client("cli", authentication_method="none")
    assert error(post(app, form(rp, code, client_id=public)), 401) == "invalid_client"
    assert rp.redeems(code).status_code == 200


def test_parameters_come_from_the_body_once(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """11: not from the query, not twice, not as multipart or JSON."""
    code = rp.sends(alice)["code"]
    body = form(rp, code)
    assert error(post(app, body, path=f"{TOKEN}?grant_type=authorization_code")) == "invalid_request"
    assert error(post(app, body, path=f"{TOKEN}?code=x")) == "invalid_request"
    pairs = "&".join(f"{k}={v}" for k, v in body.items())
    twice = post(app, pairs + "&code=x", content_type="application/x-www-form-urlencoded")
    assert error(twice) == "invalid_request"
    assert error(post(app, body, content_type="multipart/form-data")) == "invalid_request"
    assert error(app.test_client().post(TOKEN, json=body)) == "invalid_request"
    assert post(app, body, path=f"{TOKEN}?unknown=x").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        basic(b"\xff\xfe:x"),
        basic("é:é".encode("latin-1")),
        basic("é:é".encode()),
        basic(b"no colon"),
        basic(b"a:b\x00c"),
        basic(b"%ff:%ff"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic " + "A" * 20_000},
    ],
)
def test_hostile_basic_headers(app: Flask, world: World, header: dict[str, str]) -> None:
    """12: never a 500."""
    answer = post(app, {"grant_type": "authorization_code", "code": "x"}, headers=header)
    assert answer.status_code in (400, 401)
    assert answer.json["error"] in ("invalid_client", "invalid_request")
    assert world.app is app


@pytest.mark.parametrize(
    "field", ["code", "client_id", "client_secret", "redirect_uri", "code_verifier", "scope"]
)
@pytest.mark.parametrize(
    "value", ["\x00", "a\x00b", 'q"uote', "back\\slash", "ünïcode", "😀", "x" * 9000, "%00"]
)
def test_hostile_token_parameters(
    rp: RelyingParty, alice: Person, app: Flask, field: str, value: str
) -> None:
    """12: quotes, NUL, non-ASCII and length are protocol errors on either database, and nothing is echoed."""
    body = form(rp, "alice/" + "A" * 92, **{field: value})
    answer = post(app, body)
    assert answer.status_code in (400, 401), answer.data
    assert "error" in answer.json
    assert len(value) < 3 or value not in answer.get_data(as_text=True)
    assert alice.app is app


def test_unknown_client_and_wrong_secret_look_alike(app: Flask, rp: RelyingParty) -> None:
    """13: one status, one text; only the number differs. NULL secrets are no secret."""
    unknown = post(app, form(rp, "x", client_id="2f8b0f0e-0000-4000-8000-000000000000"))
    wrong = post(app, form(rp, "x", client_secret="not the secret"))
    assert unknown.status_code == wrong.status_code == 401
    strip = {"error", "error_description"}
    assert {k: unknown.json[k] for k in strip} == {k: wrong.json[k] for k in strip}
    assert {k.lower() for k, _ in unknown.headers} == {k.lower() for k, _ in wrong.headers}


def test_a_client_without_a_stored_secret(app: Flask, world: World, rp: RelyingParty) -> None:
    """D2: posting a secret for one is ``invalid_client``, not a TypeError."""
    world.change_client(rp.client_id, secret_hash=None, secret_digest=None)
    assert error(post(app, form(rp, "x")), 401) == "invalid_client"


def test_lifetimes_are_ours(rp: RelyingParty, alice: Person) -> None:
    """18, D5: 300 s, not ten days; a new refresh token each time; never 0."""
    tokens = rp.obtains(alice)
    fresh = rp.refreshes(tokens["refresh_token"]).json
    for answer in (tokens, fresh):
        assert 0 < answer["expires_in"] <= 300
    assert fresh["refresh_token"] != tokens["refresh_token"]


def test_tokens_stay_out_of_the_log(
    rp: RelyingParty, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """25: Authlib's debug lines print whole token answers."""
    with caplog.at_level(logging.DEBUG):
        tokens = rp.obtains(alice)
        fresh = rp.refreshes(tokens["refresh_token"]).json
    for secret in (tokens["access_token"], fresh["refresh_token"], SECRET):
        assert secret.rpartition("/")[2] not in caplog.text


def test_the_host_header_decides_nothing(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """26, rule 52: an unknown Host is 400; issuer and redirects come from the settings."""
    code = rp.sends(alice)["code"]
    for host in ("evil.example", "localhost:81", "localhost.evil.example", "", "[", "[::1", "a]b"):
        answer = post(app, form(rp, code), headers={"Host": host})
        assert answer.status_code == 400, host
        page = app.test_client().get("/login", headers={"Host": host})
        assert page.status_code == (307 if host == "localhost:81" else 400), host
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil"}
    told = app.test_client().get("/.well-known/openid-configuration", headers=forwarded).json
    assert told["issuer"] == "http://localhost"
    assert rp.redeems(code).status_code == 200


def test_rights_are_not_frozen_at_issue(rp: RelyingParty, alice: Person, world: World) -> None:
    """27: a client narrowed after the approval: scopes outside are gone at once, at userinfo and refresh."""
    tokens = rp.obtains(alice)
    world.change_client(rp.client_id, permitted_scopes=["openid"])
    assert set(rp.calls("/oauth/userinfo", tokens["access_token"]).json) == {"sub"}
    assert rp.introspects(tokens["access_token"])["scope"] == "openid"
    asked = rp.refreshes(tokens["refresh_token"], scope="openid profile")
    assert error(asked) == "invalid_scope"
    assert rp.refreshes(tokens["refresh_token"]).json["scope"] == "openid"


def test_a_copied_cookie_dies_with_the_login(app: Flask, rp: RelyingParty, alice: Person) -> None:
    """28: the cookie kept from before the log-out logs nobody in, nor does Flask's own session cookie."""
    rp.obtains(alice)
    held = alice.browser.get_cookie("argus_session")
    signed = alice.browser.get_cookie("session")
    alice.logs_out()
    thief = app.test_client()
    assert held is not None
    thief.set_cookie("argus_session", held.value)
    if signed is not None:
        thief.set_cookie("session", signed.value)
    assert thief.get("/").status_code == 303
    assert thief.get("/").headers["Location"].startswith("/login")


def test_cookies_are_closed(rp: RelyingParty, alice: Person) -> None:
    """28, rule 44: HttpOnly, Lax, whole path, no domain; none that remembers."""
    answer = alice.logs_in()
    cookies = answer.headers.getlist("Set-Cookie")
    own = next(c for c in cookies if c.startswith("argus_session="))
    for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in own
    assert "Domain" not in own
    assert "remember" not in " ".join(cookies)
    assert rp.app is alice.app


def test_forwarding_headers_of_strangers_count_for_nothing(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """29: without a trusted proxy nobody may choose an address."""
    tokens = rp.obtains(alice)
    world.change_client(rp.client_id, client_ip_range=["10.0.0.0/8"])
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP", "True-Client-IP"):
        headers = {"Authorization": f"Bearer {tokens['access_token']}", name: "10.0.0.1"}
        assert app.test_client().get(SESSION, headers=headers).status_code == 401


def test_two_applications_in_one_process_do_not_share(app: Flask) -> None:
    """House style 2.5: a global server would collect the grants of every app again."""
    server = app.extensions["argus_oauth"]
    assert len(server._token_grants) == len(GRANTS)
    assert len(server._authorization_grants) == len([one for one in GRANTS if one.response_types])


def test_a_session_bound_to_its_users_address(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """``requireSameClientIP``: the client tells its user's address; it refuses, and never opens the range."""
    tokens = rp.obtains(alice)
    world.change_client(rp.client_id, require_same_client_ip=True)

    def call(forwarded: str | None) -> int:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        if forwarded is not None:
            headers["X-Forwarded-For"] = forwarded
        return app.test_client().get(SESSION, headers=headers).status_code

    assert call(None) == 200
    assert call("127.0.0.1") == 200
    for other in ("127.0.0.2", "198.51.100.7", "", "nonsense", "127.0.0.1, 198.51.100.7"):
        assert call(other) == 401, other
    world.change_client(rp.client_id, client_ip_range=["10.0.0.0/8"])
    assert call("10.0.0.1") == 401
    assert call("127.0.0.1") == 401


@pytest.mark.parametrize(
    "name",
    [
        "AUTHLIB_INSECURE_TRANSPORT",
        "ProxyFix",
        "login_user",
        "remember=",
        "Allow-Credentials",
        "verify=False",
    ],
)
def test_what_is_never_used(name: str) -> None:
    """Rules 43, 49, 70: what would open a hole by being there."""
    sources = [path.read_text(encoding="utf-8") for path in APP.rglob("*.py")]
    assert len(sources) > 100
    code = "\n".join(re.sub(r'(?s)""".*?"""|#[^\n]*', "", text) for text in sources)
    assert name not in code
    assert "AUTHLIB_INSECURE_TRANSPORT" not in os.environ
