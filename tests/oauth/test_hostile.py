"""No input whatever is answered with a 5xx (decision 18), and errors are in their endpoint's own form."""

from __future__ import annotations

import gzip
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import example
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.drivers.api_caller import ApiCaller
from tests.drivers.relying_party import DEVICE
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.world import SECRET
from tests.world import World

FORM = "application/x-www-form-urlencoded"
NAMES = st.sampled_from(
    ["grant_type", "code", "redirect_uri", "client_id", "client_secret", "refresh_token", "token", "scope",
     "token_type_hint", "request_uri", "state", "nonce", "response_type", "prompt", "max_age",
     "code_verifier", "device_code", "client_assertion", "client_assertion_type", "ä", ""]
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "code",
            "none",
            "%00",
            "\x00",
            "0",
            "-1",
        ]
    ),
)
FEW = hypothesis_settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@FEW
@given(pairs=st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_any_form_at_the_oauth_endpoints(rp: RelyingParty, pairs: list[tuple[str, str]]) -> None:
    """Token, introspection, revocation with any parameters, the client's credentials among them or not."""
    body = urlencode(pairs, errors="surrogatepass")
    for path in (TOKEN, TOKEN + "/introspect", TOKEN + "/revoke", PAR, DEVICE):
        for credentials in ("", f"&client_id={rp.client_id}&client_secret=wrong"):
            answer = rp.app.test_client().post(path, data=body + credentials, content_type=FORM)
            assert answer.status_code < 500
            assert answer.status_code == 200 or "error" in answer.json


@FEW
@given(raw=st.binary(max_size=60))
@example(raw=b"%")
@example(raw=b"a=%ff")
@example(raw=b"=&=&=")
@example(raw=b"\xff\xfe")
@example(raw=b"&" * 300)
def test_any_bytes(app: Flask, world: World, admin: ApiCaller, raw: bytes) -> None:
    """As body of the OAuth endpoints and of JSON calls, and as query of the pages."""
    client = app.test_client()
    for path in (TOKEN, TOKEN + "/introspect", PAR, DEVICE, "/oauth/authorize", "/login", "/logout"):
        assert client.post(path, data=raw, content_type=FORM).status_code < 500
    for path in ("/authentication/v1/oauth/client", "/useradmin/v2/user", "/customeradmin/v2/customer"):
        answer = admin.post(path, data=raw, headers={"Content-Type": "application/json"})
        assert answer.status_code == 412
        assert answer.json["messages"][0]["type"] == "FIELD_ERROR"
    query = raw.decode("latin-1")
    for path in ("/oauth/authorize", "/login", "/authentication/v1/oauth/client", "/logged-out"):
        assert client.get(path, query_string=query).status_code < 500
    assert world.app is app


HEADERS = ["Authorization", "Argus-API-Key", "Argus-Csrf-Token", "Cookie", "X-Forwarded-For", "User-Agent"]


@FEW
@given(name=st.sampled_from(HEADERS), value=st.text(st.characters(codec="latin-1"), max_size=80))
@example(name="Cookie", value="argus_session=a; argus_session=b")
@example(name="Argus-API-Key", value="1/1/" + "A" * 43)
@example(name="Argus-API-Key", value="fffffffffffffff/fffffff/" + "A" * 43)
@example(name="Authorization", value="Bearer " + "A" * 600)
def test_any_header(app: Flask, world: World, settings: Any, name: str, value: str) -> None:
    """A header is a credential of ours or it is none."""
    settings(throttle_login_failures=1_000)
    if any(c in value for c in "\r\n\0"):
        return
    for path in ("/authentication/v1/session", "/", "/oauth/userinfo", "/currentuser/v1/user"):
        answer = app.test_client().get(path, headers={name: value})
        assert answer.status_code in (303, 400, 401)
    assert world.app is app


@pytest.mark.parametrize(
    "path", ["/nope", "/authentication/v1/nope", "/oauth/nope", "/static/../wsgi.py", "/%00"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_paths_and_methods_that_are_not_there(app: Flask, path: str, method: str) -> None:
    """404 or 405 in the form of their place: the envelope below the API's roots, else a page or JSON."""
    answer = app.test_client().open(path, method=method)
    assert answer.status_code in (400, 404, 405) or (method == "OPTIONS" and path.startswith("/static"))
    if path.startswith("/authentication") and method != "TRACE":
        assert answer.json["responseCode"] == answer.status_code


@pytest.mark.parametrize("path", [TOKEN, TOKEN + "/introspect", TOKEN + "/revoke", PAR, "/oauth/par", DEVICE])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_methods_of_the_oauth_endpoints(app: Flask, path: str, method: str) -> None:
    """Rule 26: 405, with Allow."""
    answer = app.test_client().open(path, method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_huge_body_is_refused_unread(app: Flask, rp: RelyingParty, admin: ApiCaller) -> None:
    """Rule 26: size caps at every door."""
    huge = "a=" + "x" * 2_000_000
    assert app.test_client().post(TOKEN, data=huge, content_type=FORM).status_code in (400, 413)
    assert app.test_client().post("/login", data=huge, content_type=FORM).status_code in (400, 413)
    body = '{"shortName": "' + "x" * 2_000_000 + '"}'
    answer = admin.post("/authentication/v1/oauth/client", data=body)
    assert answer.status_code in (412, 413)
    assert rp.app is app


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_nothing_is_decompressed(rp: RelyingParty, admin: ApiCaller, coding: str) -> None:
    """Rule 77: a small body never becomes a large one."""
    form = f"grant_type=refresh_token&refresh_token=x&client_id={rp.client_id}&client_secret={SECRET}"
    packed = {"Content-Encoding": coding}
    answer = rp.app.test_client().post(
        TOKEN, data=gzip.compress(form.encode()), headers=packed, content_type=FORM
    )
    assert answer.json["error"] == "invalid_request"
    body = gzip.compress(b'{"shortName": "x"}')
    answer = admin.post("/authentication/v1/oauth/client", data=body, headers=packed)
    assert answer.json["messages"][0]["field"] == "body"


def path_values() -> list[Any]:
    return ["0", "-1", "9" * 30, "a" * 300, "%00", "%ff", "..", "' OR 1=1", "ä", "%2e%2e%2f", "\uff11"]


@pytest.mark.parametrize("value", path_values())
@pytest.mark.parametrize(
    "path",
    [
        "/authentication/v1/oauth/client/{}",
        "/useradmin/v2/user/{}",
        "/useradmin/v2/group/{}",
        "/useradmin/v2/function/{}",
        "/customeradmin/v2/customer/{}",
        "/authentication/v1/session/permission/{}",
        "/authentication/v1/apikey/{}/1",
    ],
)
def test_hostile_paths(admin: ApiCaller, path: str, value: str) -> None:
    """What names nothing is 404 (or a malformed 400/412), on either database."""
    for method in ("GET", "DELETE"):
        answer = admin.call(method, path.format(value))
        assert answer.status_code in (400, 403, 404, 405, 412), (method, answer.status_code)


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=9999999999999999999999", "limit=1_0",
     "limit=\u0661", "limit=", "limit=1&limit=2", "offset=-1",
     "offset=1.5", "sortBy=password", "sortBy=name;drop", "keywords=%25", "keywords=%00", "nonsense=1",
     "limit=100001", "customer=%ff"],
)  # fmt: skip
def test_hostile_queries(admin: ApiCaller, query: str) -> None:
    """Rule 61: never a 500; what is not understood is named."""
    answer = admin.get(f"/authentication/v1/oauth/client?{query}")
    assert answer.status_code in (200, 412), answer.data
    if answer.status_code == 412:
        assert answer.json["messages"][0]["field"]


def test_a_field_that_is_not_searched_by_is_named(admin: ApiCaller) -> None:
    """It found everybody: the keyword was looked for in no field."""
    path = "/useradmin/v2/subject?keywords=a"
    assert admin.get(path).json["data"]
    answer = admin.get(f"{path}&keywordField=nothing")
    assert answer.status_code == 412
    assert answer.json["messages"][0]["field"] == "keywordField[0]"


@pytest.mark.parametrize("path", [TOKEN, "/authentication/v1/oauth/userinfo", "/oauth/userinfo"])
def test_a_wrong_host_is_an_oauth_error_there(app: Flask, path: str) -> None:
    """Also what is refused before the endpoint is reached has the form of the endpoint."""
    answer = app.test_client().post(path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("number", [2**31, 2**63, 10**17])
def test_a_domain_of_any_number_is_unknown(admin: ApiCaller, number: int) -> None:
    assert admin.get(f"/useradmin/v2/user/alice?domain={number}").status_code in (404, 412)
    assert admin.delete(f"/authentication/v1/user/alice/sessions?domain={number}").status_code == 404
