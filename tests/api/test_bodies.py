"""Bodies of strangers are short (design decision 25): every route of the URL map, and no route forgotten."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder
from werkzeug.test import TestResponse

from app import edge
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.world import World

MOST = edge.OF_STRANGERS.body_bytes
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
# The only views that answer a stranger's POST without a look at its body: 401 by the header alone.
BY_HEADER = ("oauth.userinfo",)


class Watched(io.BytesIO):
    """A body that knows how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        part = super().read(size)
        self.taken += len(part)
        return part

    def readinto(self, buffer: Any) -> int:
        size = super().readinto(buffer)
        self.taken += size
        return size


def send(app: Flask, rule: Rule, method: str, kind: str, size: int | None) -> tuple[TestResponse, int]:
    """What a stranger gets for a body over the limit, and how many bytes were read; ``size`` as announced."""
    values = {name: 1 if "Integer" in type(one).__name__ else "x" for name, one in rule._converters.items()}
    _, path = rule.build(values) or ("", rule.rule)
    body = Watched(b'{"a":"' + b"a" * 200_000 + b'"}' if kind == JSON else b"a=" + b"b" * 200_000)
    environ = EnvironBuilder(path=path, method=method, content_type=kind).get_environ()
    environ |= {"wsgi.input": body, "wsgi.input_terminated": True}
    environ.pop("CONTENT_LENGTH", None)
    if size is not None:
        environ["CONTENT_LENGTH"] = str(size)
    return app.test_client().open(environ), body.taken


def list_routes(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.mark.parametrize("kind", [JSON, FORM])
def test_of_a_strangers_long_body_no_byte_is_read(app: Flask, kind: str) -> None:
    routes = list_routes(app)
    assert len(routes) > 150
    read = {}
    for rule, method in routes:
        answer, taken = send(app, rule, method, kind, 200_010)
        if taken or answer.status_code >= 500:
            read[f"{method} {rule.rule}"] = (answer.status_code, taken)
    assert read == {}


def test_of_a_body_without_a_length_no_more_than_a_short_one_is_read(app: Flask) -> None:
    for rule, method in list_routes(app):
        answer, taken = send(app, rule, method, FORM, None)
        assert taken <= MOST + 1, f"{method} {rule.rule}"
        assert answer.status_code < 500


def test_whoever_takes_a_strangers_body_says_that_it_is_too_long(app: Flask) -> None:
    """413; the calls that want a caller say 401 before. Pages ask for the form first, so all say 413."""
    wrong = {}
    for rule, method in list_routes(app):
        if method == "GET":
            continue
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        takes = contract is None or (not contract.login and contract.body is not None)
        expected = 413 if takes and rule.endpoint not in BY_HEADER else 401
        kind = FORM if contract is None else JSON
        answer, _ = send(app, rule, method, kind, MOST + 1)
        if answer.status_code != expected:
            wrong[f"{method} {rule.rule}"] = answer.status_code
    assert wrong == {}


def test_a_body_of_just_the_limit_is_read(app: Flask) -> None:
    client = app.test_client()
    body = json.dumps({"userName": "alice", "password": "x"})
    path = "/authentication/v1/password/authentication"
    assert client.post(path, data=body.ljust(MOST), content_type=JSON).status_code == 401
    assert client.post(path, data=body.ljust(MOST + 1), content_type=JSON).status_code == 413
    form = "grant_type=refresh_token&refresh_token=x&client_id=y"
    form = f"{form}&a={'b' * 8_000}&c={'d' * 8_000}&e=".ljust(MOST, "f")
    assert client.post("/oauth/token", data=form, content_type=FORM).json["error"] == "invalid_client"
    answer = client.post("/oauth/token", data=form + "b", content_type=FORM)
    assert (answer.status_code, answer.json["error"]) == (413, "invalid_request")


def test_a_strangers_json_has_few_values(app: Flask) -> None:
    body = {"userName": "alice", "password": "x", "other": [{}] * edge.OF_STRANGERS.values}
    answer = app.test_client().post("/authentication/v1/password/authentication", json=body)
    assert answer.status_code == 412
    assert "at most" in answer.json["messages"][0]["message"]


def test_a_caller_may_send_more(app: Flask, admin: ApiCaller) -> None:
    """The description is refused for its length by its own rule, which read all of it."""
    function = {"name": "long", "parent": "APP-ROLE", "description": "x" * 100_000}
    answer = admin.post("/useradmin/v2/function", function)
    assert (answer.status_code, answer.json["messages"][0]["field"]) == (412, "description")
    many = admin.post("/useradmin/v2/user/search", {"keywords": ["x"] * (edge.OF_STRANGERS.values * 2)})
    assert "values" not in many.text


def test_the_form_of_a_user_may_be_longer(app: Flask, world: World, alice: Person) -> None:
    """Refused for its missing CSRF token, which is looked for in the whole form; a stranger's is not read."""
    body = b"a=" + b"b" * (MOST * 2)
    alice.logs_in()
    assert alice.browser.post("/account/password", data=body, content_type=FORM).status_code == 400
    assert app.test_client().post("/account/password", data=body, content_type=FORM).status_code == 413
    # The forms of the protocol have one length, whoever's browser sends them.
    assert alice.browser.post("/oauth/authorize", data=body, content_type=FORM).status_code == 413
