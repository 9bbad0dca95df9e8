"""Key, bearer and cookie: which decides, what each may do (contract 1.7, 1.8; rules 44-45, 53-54)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock as app_clock
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import PASSWORD
from tests.world import World

SESSION = "/authentication/v1/session"
LOGIN = "/authentication/v1/password/authentication"
KEYS = "/authentication/v1/apikey"


def csrf(key: str, url: str, *, at: int | None = None, raw: bytes | None = None) -> str:
    """The token the official client makes: note ``type`` and the spaces. ``raw`` are other claims."""

    def encode(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    head = encode(json.dumps({"alg": "HS256", "type": "JWT"}).encode())
    stamp = at if at is not None else int(app_clock.now().timestamp() * 1000)
    claims = encode(json.dumps({"url": url, "timestamp": stamp}).encode() if raw is None else raw)
    signed = hmac.new(base64.b64decode(key), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return f"{head}.{claims}.{encode(signed)}"


def logged_in(
    app: Flask, name: str = "alice", password: str = PASSWORD
) -> tuple[FlaskClient, dict[str, Any]]:
    browser = app.test_client()
    answer = browser.post(LOGIN, json={"userName": name, "password": password, "domain": "MNEMONIC"})
    assert answer.status_code == 200, answer.data
    return browser, dict(answer.json["data"])


def test_password_login_gives_cookie_key_and_token(app: Flask, world: World) -> None:
    """Contract 3.3: cookie, sessionKey, and the token, which works as bearer too."""
    browser, data = logged_in(app)
    cookie = browser.get_cookie("argus_session")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    token = data["credentials"]["requestCredentialsData"]
    assert browser.get(SESSION, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    signed = csrf(data["sessionKey"], "http://localhost" + SESSION)
    info = browser.get(SESSION, headers={"Argus-Csrf-Token": signed})
    assert info.status_code == 200, info.data
    assert info.json["data"]["sessionKey"] == data["sessionKey"]
    assert info.json["data"]["securityLevel"] == "DEFAULT"


@pytest.mark.parametrize(
    "how",
    ["missing", "other url", "stale", "future", "other key", "garbage", "two parts", "deep", "no claims"],
)
def test_the_cookie_alone_is_not_enough(app: Flask, world: World, clock: Clock, how: str) -> None:
    """Contract 1.8: every cookie call needs a fresh header for its own URL, GET included."""
    browser, data = logged_in(app)
    url, key = "http://localhost" + SESSION, data["sessionKey"]
    now = int(app_clock.now().timestamp() * 1000)
    wrong = {
        "missing": "",
        "other url": csrf(key, url + "x"),
        "stale": csrf(key, url, at=now - 301_000),
        "future": csrf(key, url, at=now + 301_000),
        "other key": csrf(base64.b64encode(b"x" * 32).decode(), url),
        "garbage": "a.b.c",
        "two parts": "a.b",
        "deep": csrf(key, url, raw=b"[" * 2900),
        "no claims": csrf(key, url, raw=b"1"),
    }[how]
    answer = browser.get(SESSION, headers={"Argus-Csrf-Token": wrong} if wrong else {})
    assert answer.status_code == 403, answer.data


def test_an_explicit_header_decides_alone(app: Flask, world: World) -> None:
    """Security rule 45: a wrong key never falls back to a right cookie."""
    browser, data = logged_in(app)
    signed = {"Argus-Csrf-Token": csrf(data["sessionKey"], "http://localhost" + SESSION)}
    assert browser.get(SESSION, headers={**signed, "Argus-API-Key": "1/1/" + "x" * 43}).status_code == 401
    assert browser.get(SESSION, headers={**signed, "Authorization": "Bearer nonsense"}).status_code == 401
    both = {"Argus-API-Key": world.api_key("alice"), "Authorization": "Bearer x"}
    assert browser.get(SESSION, headers=both).status_code == 401


def test_the_session_key_is_of_its_own_login(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """Security rule 45: whoever could read it could sign for the person's cookie."""
    token = rp.obtains(alice)["access_token"]
    assert rp.calls(SESSION, token).json["data"]["sessionKey"] is None
    assert ApiCaller(app, world.api_key("alice")).get(SESSION).json["data"]["sessionKey"] is None
    one, other = (logged_in(app)[1]["sessionKey"] for _ in range(2))
    assert one != other


def test_login_failures_look_alike(app: Flask, world: World) -> None:
    """Security rule 41: unknown user, wrong password, blocked, unknown domain: one answer."""
    world.user("mallory", blocked_at=app_clock.now())
    answers = [
        app.test_client().post(LOGIN, json=body)
        for body in (
            {"userName": "nobody", "password": PASSWORD},
            {"userName": "alice", "password": "wrong password"},
            {"userName": "mallory", "password": PASSWORD},
            {"userName": "alice", "password": PASSWORD, "domain": "NOWHERE"},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.get_data() for answer in answers}) == 1


def test_the_throttle_slows_guessing_and_not_the_victim(app: Flask, world: World, settings: Any) -> None:
    """Security rule 42: per account and source; another address of the victim still logs in."""
    settings(throttle_login_failures=3)
    browser = app.test_client()

    def attempt(password: str, address: str) -> int:
        return browser.post(
            LOGIN,
            json={"userName": "alice", "password": password},
            environ_overrides={"REMOTE_ADDR": address},
        ).status_code

    assert [attempt("wrong", "198.51.100.1") for _ in range(4)] == [401, 401, 401, 429]
    assert attempt(PASSWORD, "198.51.100.1") == 429
    assert attempt(PASSWORD, "127.0.0.1") == 200


def attempt(app: Flask, address: str, password: str = "wrong", name: str = "alice") -> int:
    caller = ApiCaller(app, None, address=address)
    return caller.post(LOGIN, {"userName": name, "password": password}).status_code


def test_a_line_of_ipv6_addresses_is_one_source(app: Flask, world: World, settings: Any) -> None:
    """Rule 42: whoever has a /64 has all its addresses; IPv4 written as IPv6 is the same address."""
    settings(throttle_login_failures=9)
    assert [attempt(app, f"2001:db8:0:1::{n}") for n in range(1, 11)] == [401] * 9 + [429]
    assert attempt(app, "2001:db8:0:2::1", PASSWORD) == 200
    settings(throttle_login_failures=1)
    assert attempt(app, "::ffff:198.51.100.1", name="bob") == 401
    assert attempt(app, "198.51.100.1", name="bob") == 429


def test_strangers_do_not_lock_the_owner_out(app: Flask, world: World, settings: Any) -> None:
    """Rule 42: by account alone only those are slowed who did not succeed lately; their own tries count."""
    settings(throttle_login_failures=2)
    assert attempt(app, "2001:db8:0:1::1", PASSWORD) == 200
    for n in range(20):
        assert attempt(app, f"198.51.100.{n}") == 401
    assert attempt(app, "203.0.113.1", PASSWORD) == 429
    assert attempt(app, "2001:db8:0:1::2", PASSWORD) == 200
    assert [attempt(app, "2001:db8:0:1::1") for _ in range(3)] == [401, 401, 429]


def test_guessing_keys_is_slowed(app: Flask, world: World, settings: Any) -> None:
    """Rule 78: by source alone, after many; a right one is no guess and goes on."""
    settings(throttle_login_failures=2)
    key = world.api_key("alice")
    wrong = [ApiCaller(app, text).get(SESSION).status_code for text in (key[:-1] + "!", "1/1/" + "A" * 43)]
    assert wrong == [401, 401]
    assert ApiCaller(app, key).get(SESSION).status_code == 200
    for _ in range(18):
        assert ApiCaller(app, "1/1/" + "A" * 43).get(SESSION).status_code == 401
    refused = ApiCaller(app, "1/1/" + "A" * 43).get(SESSION)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert ApiCaller(app, key).get(SESSION).status_code == 200


def test_keys_are_made_once_shown_once_and_revoked(app: Flask, world: World) -> None:
    """Contract 3.7: 201 with the key in clear once; listed by prefix; dead after revoke."""
    browser, data = logged_in(app)
    bearer = {"Authorization": f"Bearer {data['credentials']['requestCredentialsData']}"}
    wrong = browser.post(KEYS, json={"description": "ci", "password": "wrong"}, headers=bearer)
    assert wrong.status_code == 412
    made = browser.post(KEYS, json={"description": "ci", "password": PASSWORD}, headers=bearer)
    assert made.status_code == 201, made.data
    text, prefix = made.json["data"]["apiKeyString"], made.json["data"]["keyDescriptor"]["prefix"]
    assert text.startswith(prefix + "/")
    caller = ApiCaller(app, text)
    assert caller.get(SESSION).json["data"]["securityLevel"] == "EXTERNAL"
    listed = browser.get(KEYS, headers=bearer)
    assert [key["prefix"] for key in listed.json["data"]["keys"]] == [prefix]
    assert text not in listed.get_data(as_text=True)
    assert browser.delete(f"{KEYS}/{prefix}", headers=bearer).json["data"]["keys"] == []
    assert caller.get(SESSION).status_code == 401


def test_limited_keys_and_applications_make_no_keys(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """Rules 54, 57: only a person's own, unlimited credential makes a key, with the password again."""
    body = {"description": "x", "password": PASSWORD}
    limited = world.api_key("alice", constraints={"readOnly": True})
    assert ApiCaller(app, limited).post(KEYS, body).status_code == 403
    assert ApiCaller(app, limited).get(KEYS).status_code == 403
    own = ApiCaller(app, world.api_key("alice"))
    assert own.post(KEYS, body | {"password": "not it"}).status_code == 412
    assert own.post(KEYS, body).status_code == 201
    token = rp.obtains(alice)["access_token"]
    answer = app.test_client().post(KEYS, json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_a_keys_limits_hold(app: Flask, world: World, clock: Clock) -> None:
    """Security rule 57: valid sources, expiry and constraints of a key."""
    key = world.api_key("alice", sources=["192.0.2.0/24"], days=1)
    assert ApiCaller(app, key).get(SESSION).status_code == 401
    inside = ApiCaller(app, key, address="192.0.2.7")
    assert inside.get(SESSION).status_code == 200
    narrow = world.api_key("alice", constraints={"functions": [world.function_id("readThings")]})
    functions = ApiCaller(app, narrow).get(SESSION + "/function").json["data"]
    assert [f["name"] for f in functions] == ["readThings"]
    clock.advance(86_401)
    assert inside.get(SESSION).status_code == 401


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({}, "source.staticOptions"),
        ({"provider": "staticIP"}, "source.staticOptions"),
        ({"provider": "staticIP", "staticOptions": None}, "source.staticOptions"),
        ({"provider": "staticIP", "staticOptions": {}}, "source.staticOptions.ipAddresses"),
        ({"provider": "staticIP", "staticOptions": {"ipAddresses": []}}, "validSources"),
        ({"provider": "staticIP", "staticOptions": {"ipAddresses": ["192.0.2.7"]}}, None),
        ({"provider": "disabled"}, None),
    ],
)
def test_no_addresses_are_not_all(
    app: Flask, world: World, source: dict[str, Any], field: str | None
) -> None:
    """Rule 57: who restricts a key to addresses names them."""
    caller = ApiCaller(app, world.api_key("alice"))
    answer = caller.post(KEYS, {"description": "x", "password": PASSWORD, "source": source})
    assert answer.status_code == (412 if field else 201), answer.data
    if field is not None:
        assert [message["field"] for message in answer.json["messages"]] == [field]


def test_ending_a_session_by_what_it_is(app: Flask, world: World, rp: RelyingParty, alice: Person) -> None:
    """Design §8: an OAuth bearer ends its own session only; a login ends all under it; a key ends nothing."""
    first, second = rp.obtains(alice), rp.obtains(alice)
    bearer = {"Authorization": f"Bearer {first['access_token']}"}
    assert app.test_client().delete(SESSION, headers=bearer).status_code == 200
    assert rp.calls(SESSION, first["access_token"]).status_code == 401
    assert rp.calls(SESSION, second["access_token"]).status_code == 200
    key = ApiCaller(app, world.api_key("alice"))
    assert key.delete(SESSION).status_code == 200
    assert key.get(SESSION).status_code == 200


def test_permission_check_statuses(app: Flask, world: World) -> None:
    """Contract 3.1: 200 held, 403 not held, 404 unknown, which a hidden customer is too (rule 58)."""
    key = ApiCaller(app, world.api_key("alice"))
    base = SESSION + "/permission"
    assert key.get(f"{base}/useApp").status_code == 200
    assert key.get(f"{base}/useApp/acme").status_code == 200
    assert key.get(f"{base}/viewUsers/acme").status_code == 403
    assert key.get(f"{base}/useApp/group").status_code == 403, "above one's own customer: no secret"
    assert key.get(f"{base}/viewUsers").status_code == 403
    hidden, absent = key.get(f"{base}/useApp/bolt"), key.get(f"{base}/useApp/noSuchCustomer")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json["messages"] == absent.json["messages"]
    assert key.get("/currentuser/v1/permission/useApp/bolt").status_code == 404
    assert key.get(f"{base}/noSuchFunction").status_code == 404
    assert key.get(f"{base}/useApp/noSuchCustomer").status_code == 404


def test_nothing_without_a_credential(app: Flask, world: World) -> None:
    """401 with WWW-Authenticate and no error code (RFC 6750 3); ``/client`` alone is open."""
    answer = app.test_client().get(SESSION)
    assert answer.status_code == 401
    assert "error=" not in answer.headers["WWW-Authenticate"]
    assert answer.json["messages"]
    assert app.test_client().get("/authentication/v1/client").json["data"]["clientIP"] == "127.0.0.1"
