"""Rule 76: a day with every kind of secret, right, wrong and in the wrong place. Nothing shows one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask

from app import telemetry
from app.extensions import db
from app.extensions import metadata
from tests.api.test_credentials import csrf
from tests.api.test_credentials import logged_in
from tests.api.test_stepup import BASE
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.api.test_stepup import calls
from tests.api.test_totp import code
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.world import PASSWORD
from tests.world import SECRET
from tests.world import World

NEW = "a quite new pass phrase 7"
MISSPELT = "my other pass phrase 9"
# A random part of this length stands in nothing else.
TELLING = 24


@pytest.fixture
def every_line() -> Iterator[None]:
    telemetry.configure_logging("DEBUG")
    yield
    telemetry.configure_logging("ERROR")


def logs_in_and_makes_things(app: Flask) -> dict[str, str]:
    """Passwords, a session and its key, a form token, an authorization, an API key, a seed and its code."""
    app.test_client().post(
        f"{BASE}/password/authentication", json={"userName": "alice", "password": MISSPELT}
    )
    browser, data = logged_in(app)
    cookie = browser.get_cookie("argus_session")
    assert cookie is not None
    signed = csrf(data["sessionKey"], f"http://localhost{BASE}/session")
    assert browser.get(f"{BASE}/session", headers={"Argus-Csrf-Token": signed}).status_code == 200
    own = bearer(app)
    authorization = authorizes(app, own)
    made = calls(app, "POST", "/apikey", {"description": "ci", "authorization": authorization}, own)
    assert made.status_code == 201, made.data
    begun = calls(app, "POST", "/totp", {"password": PASSWORD}, own).json["data"]
    body = {"cookie": begun["cookie"], "verificationCode": code(begun["seedBase32"])}
    assert calls(app, "PUT", "/totp", body, own).status_code == 200
    return {
        "password": PASSWORD,
        "misspelt password": MISSPELT,
        "login": data["credentials"]["requestCredentialsData"],
        "cookie": cookie.value,
        "session key": data["sessionKey"],
        "form token": signed,
        "authorization": authorization,
        "API key": made.json["data"]["apiKeyString"],
        "seed": begun["seedBase32"],
        "seed's cookie": begun["cookie"],
    }


def uses_an_application(rp: RelyingParty, alice: Person) -> dict[str, str]:
    """Codes, verifiers and tokens, used, used again, revoked, and taken for another."""
    grant = rp.sends(alice)["code"]
    assert rp.redeems(grant, code_verifier="w" * 43).status_code == 400
    tokens = rp.redeems(grant).json
    fresh = rp.refreshes(tokens["refresh_token"]).json
    assert rp.introspects(fresh["access_token"])["active"]
    assert rp.redeems(fresh["access_token"]).status_code == 400
    assert rp.posts(client_secret=MISSPELT + SECRET, grant_type="refresh_token").status_code == 401
    assert rp.posts(TOKEN + "/revoke", token=fresh["refresh_token"]).status_code == 200
    return {
        "code": grant,
        "verifier": rp.verifier,
        "client secret": SECRET,
        "wrong client secret": MISSPELT + SECRET,
        **{f"first {name}": tokens[name] for name in ("access_token", "refresh_token", "id_token")},
        **{f"second {name}": fresh[name] for name in ("access_token", "refresh_token")},
    }


def send_in_wrong_places(app: Flask, secret: str) -> None:
    """In the query, the path, a header of another kind and a field of another name."""
    client, quoted = app.test_client(), quote(secret, safe="")
    client.get(f"/oauth/userinfo?access_token={quoted}")
    client.get(f"{BASE}/session?apiKey={quoted}")
    client.get(f"{BASE}/oauth/client/{quoted}")
    client.get(f"/{quoted}")
    client.get(f"/oauth/authorize?client_id={quoted}&state={quoted}&redirect_uri=https://x.example/{quoted}")
    client.post(f"{TOKEN}?client_secret={quoted}", data={"grant_type": secret, "client_id": secret})
    client.post(f"{BASE}/password/authentication", json={"userName": "alice", secret: "x"})
    for header in ("Argus-API-Key", "Authorization", "Argus-Csrf-Token", "User-Agent-Of-Nobody"):
        client.get(f"{BASE}/session", headers={header: secret})
    basic = base64.b64encode(f"{quoted}:{quoted}".encode()).decode()
    client.post(TOKEN, data={"grant_type": "refresh_token"}, headers={"Authorization": f"Basic {basic}"})


def dump_every_table(app: Flask) -> str:
    with app.app_context():
        return "\n".join(
            f"{table.name} {dict(row)}"
            for table in metadata.sorted_tables
            for row in db.session.execute(db.select(table)).mappings()
        )


@pytest.mark.usefixtures("every_line")
def test_nothing_shows_a_secret(
    app: Flask,
    world: World,
    rp: RelyingParty,
    alice: Person,
    admin: ApiCaller,
    capfd: pytest.CaptureFixture[str],
) -> None:
    secrets = uses_an_application(rp, alice) | logs_in_and_makes_things(app)
    changed = {"oldPassword": PASSWORD, "newPassword": NEW}
    for secret in secrets.values():
        send_in_wrong_places(app, secret)
    calls(app, "PUT", "/password", changed, {"Authorization": f"Bearer {secrets['login']}"})
    places = {"log": capfd.readouterr().err, "database": dump_every_table(app)}
    assert '"event"' in places["log"]
    assert "oauth" in places["database"]
    secrets |= {"new password": NEW, "administrator's key": str(admin.key)}
    shown = {
        (name, place)
        for name, secret in secrets.items()
        for place, text in places.items()
        if secret in text or secret[-TELLING:] in text or quote(secret, safe="") in text
    }
    assert shown == set()
