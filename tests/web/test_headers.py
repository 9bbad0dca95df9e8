"""Headers that protect whoever reads an answer, on every kind of answer, under https (rules 73, 74)."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from tests.drivers.api_caller import ApiCaller
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import CHEAP
from tests.fixtures import Template
from tests.world import World

ELSEWHERE = {"Origin": "https://evil.example.com"}
AUTHORIZE = ("/oauth/authorize", "/spa/oauth/authorize", "/spa/authentication/oauth/authorize")
STORED = {"a document for everybody", "a static file"}
ANSWERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a page": ("GET", "/login", {}),
    "a redirect": ("GET", "/", {}),
    "a page that is not there": ("GET", "/nope", {}),
    "an unknown host": ("GET", "/login", {"headers": {"Host": "evil.example.com"}}),
    "a form without its token": ("POST", "/login", {"data": {}}),
    "a wrong method": ("POST", "/docs", {}),
    "the API without a credential": ("GET", "/authentication/v1/session", {}),
    "a call that is not there": ("GET", "/authentication/v1/nope", {}),
    "a token request": ("POST", TOKEN, {"data": {"grant_type": "refresh_token"}}),
    "introspection": ("POST", TOKEN + "/introspect", {"data": {"token": "x"}}),
    "a device": ("POST", "/oauth/device_authorization", {"data": {"scope": "openid"}}),
    "push": ("POST", "/oauth/par", {"data": {"response_type": "code"}}),
    "revocation": ("POST", TOKEN + "/revoke", {"data": {"token": "x"}}),
    "userinfo": ("GET", "/oauth/userinfo", {}),
    "a document for everybody": ("GET", "/oauth/jwks", {}),
    "health": ("GET", "/healthz", {}),
    "a static file": ("GET", "/static/argus.css", {}),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The application as it is behind https."""
    folder = tmp_path_factory.mktemp("https")
    place = {"ARGUS_INSTANCE": folder, "ARGUS_DATABASE_URL": f"sqlite:///{folder / 'argus.sqlite'}"}
    return Template(create_app({**CHEAP, **place, "ARGUS_BASE_URL": "https://localhost"}))


def protected(answer: TestResponse) -> None:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_is_protected(app: Flask, world: World, name: str) -> None:
    """Failures too; and only what is the same for everybody may be kept by a cache."""
    method, path, options = ANSWERS[name]
    with closing(app.test_client().open(path, method=method, **options)) as answer:
        protected(answer)
        if name not in STORED:
            assert answer.headers["Cache-Control"] == "no-store"
        if answer.mimetype == "text/html" and answer.status_code not in (302, 303):
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Frame-Options"] == "DENY"


def test_tokens_are_not_kept(rp: RelyingParty, admin: ApiCaller) -> None:
    """RFC 6749 5.1: of the token endpoint both headers; of a call by key the first."""
    key = admin.key or ""
    form = {"grant_type": "client_credentials", "client_id": rp.client_id}
    rp_answer = rp.app.test_client().post(TOKEN, data=form, headers={"Argus-API-Key": key})
    assert rp_answer.headers["Cache-Control"] == "no-store"
    assert rp_answer.headers["Pragma"] == "no-cache"
    assert admin.get("/authentication/v1/session").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", [*AUTHORIZE, "/login", "/logout", "/authentication/v1/session"])
def test_no_other_origin_may_read(app: Flask, world: World, path: str, method: str) -> None:
    """RFC 9700 2.6: no CORS at the authorization endpoint; nor where a cookie decides."""
    headers = ELSEWHERE | {"Access-Control-Request-Method": "POST"}
    answer = app.test_client().open(path, method=method, headers=headers)
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]
