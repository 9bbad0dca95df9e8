"""Whoever has a second factor does not get in by the password alone, by no call (design decision 17)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.models.apikeys import APIKey
from app.models.sessions import LoginSession
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.web.kit import given_codes
from tests.web.kit import is_in
from tests.web.kit import reasons
from tests.world import PASSWORD
from tests.world import World

A = "/authentication/v1"
pytestmark = pytest.mark.usefixtures("early_in_a_step")


def tries(app: Flask, path: str = "/password/authentication", **more: Any) -> TestResponse:
    return app.test_client().post(A + path, json={"userName": "alice", "password": PASSWORD, **more})


@pytest.mark.parametrize("path", ["/password/authentication", "/password/authenticate"])
def test_the_password_alone_opens_nothing(app: Flask, world: World, path: str) -> None:
    """It opened the pages and made keys of 90 days. The answer is that of a wrong password."""
    keys = len(world.rows(APIKey))
    wrong = tries(app, path, password="wrong")
    given_codes(app)
    client = app.test_client()
    answer = client.post(A + path, json={"userName": "alice", "password": PASSWORD})
    assert (answer.status_code, answer.json) == (401, wrong.json)
    assert "Set-Cookie" not in answer.headers
    assert client.get("/account/sessions").status_code == 303
    body = {"description": "x", "password": PASSWORD}
    assert client.post(f"{A}/apikey", json=body).status_code == 401
    assert (world.rows(LoginSession), len(world.rows(APIKey))) == ([], keys)
    assert reasons(world) == ["login_wrong_password", "login_needs_factor"]


def test_the_second_factor_lets_in(app: Flask, world: World) -> None:
    codes = given_codes(app)
    assert tries(app).status_code == 401
    assert tries(app, "/totp/authentication", tokenCode=codes.code()).status_code == 200


def test_an_administrator_leaves_it_on_by_name(app: Flask, world: World, admin: ApiCaller) -> None:
    """Then the password alone lets in, at its own level, by call and by page, until it is disabled again."""
    given_codes(app)
    at = f"{A}/user/alice"

    def shown() -> dict[str, bool]:
        found = admin.get(f"{at}/methods").json["data"]
        return {one["method"]: one["settings"]["enabled"] for one in found}

    assert shown() == {"PASSWORD": False, "TOTP": True, "SIGNATURE": True, "APIKEY": True}
    assert admin.put(f"{at}/enable/password").status_code == 200
    assert shown()["PASSWORD"]
    answer = tries(app)
    assert answer.status_code == 200
    assert [row.security_level for row in world.rows(LoginSession)] == [2]
    page = Person(app)
    page.logs_in()
    assert is_in(page)
    assert admin.put(f"{at}/disable/password").status_code == 200
    assert not shown()["PASSWORD"]
    assert (tries(app).status_code, is_in(page)) == (401, False)


def test_it_is_not_left_on_by_the_way(app: Flask, world: World, admin: ApiCaller) -> None:
    """Enabled where nothing was off, it stays what it was: a second factor set up later is needed."""
    at = f"{A}/user/alice"
    assert admin.put(f"{at}/enable/password").status_code == 200
    assert tries(app).status_code == 200
    given_codes(app)
    assert tries(app).status_code == 401


def test_a_factor_that_is_off_asks_for_nothing(app: Flask, world: World, admin: ApiCaller) -> None:
    """As on the pages: whoever disabled it did so by name."""
    given_codes(app)
    assert admin.put(f"{A}/user/alice/disable/totp").status_code == 200
    assert tries(app).status_code == 200


def test_a_new_password_does_not_do_either(app: Flask, world: World, admin: ApiCaller) -> None:
    """A reset by an administrator gives a password, no second factor."""
    codes = given_codes(app)
    link = admin.put(f"{A}/user/alice/password/reset").json["data"]["authorization"]
    new = "another long sentence"
    body = {"newPassword": new, "authorization": link}
    assert app.test_client().put(f"{A}/password", json=body).status_code == 200
    assert tries(app, password=new).status_code == 401
    assert tries(app, "/totp/authentication", password=new, tokenCode=codes.code()).status_code == 200
