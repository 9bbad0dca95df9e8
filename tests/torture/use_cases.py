"""The use cases that write what somebody holds, each as one request: in this process or to a server.

``USE_CASES[name](stage)`` prepares as far as a person or an application would be, and returns the request.
It can be sent again and again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

import requests
from flask import Flask

from tests.drivers.person import first_form
from tests.servers import LiveServer

API = "/authentication/v1"
TOKEN = f"{API}/oauth/token"


@dataclass(frozen=True)
class Reply:
    """What came back; ``data`` is the JSON body, or empty."""

    status: int
    text: str
    headers: Mapping[str, str]
    data: dict[str, Any] = field(default_factory=dict)


class InProcess:
    """Sends to an application of this process; each call from a browser without cookies."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def send(self, method: str, path: str, *, cookies: Mapping[str, str] = {}, **options: Any) -> Reply:
        browser = self.app.test_client()
        for name, value in cookies.items():
            browser.set_cookie(name, value)
        got = browser.open(path, method=method, **options)
        return Reply(got.status_code, got.text, got.headers, got.json if got.is_json else {})


class OverSockets:
    """Sends to a running server."""

    def __init__(self, base: str) -> None:
        self.base = base

    def send(self, method: str, path: str, **options: Any) -> Reply:
        got = requests.request(method, self.base + path, timeout=30, allow_redirects=False, **options)
        is_json = got.headers.get("Content-Type", "").startswith("application/json")
        return Reply(got.status_code, got.text, got.headers, got.json() if is_json else {})


@dataclass
class Stage:
    """One person, one application that the person may use, one administrator's key."""

    wire: InProcess | OverSockets
    user: str
    password: str
    client_id: str
    secret: str
    redirect: str
    key: str

    def send(self, method: str, path: str, **options: Any) -> Reply:
        return self.wire.send(method, path, **options)

    def logs_in(self) -> str:
        """A login token: a bearer, and what the cookie holds."""
        body = {"userName": self.user, "password": self.password}
        answer = self.send("POST", f"{API}/password/authentication", json=body)
        assert answer.status == 200, answer.text
        return str(answer.data["data"]["credentials"]["requestCredentialsData"])

    def approves(self, login: str, scopes: Sequence[str] = ("openid",)) -> Reply:
        body = {
            "clientID": self.client_id,
            "redirectURI": self.redirect,
            "responseType": ["code"],
            "scope": list(scopes),
        }
        return self.send("POST", f"{API}/oauth/authorize", json=body, headers=bearer(login))

    def gets_code(self, login: str) -> str:
        answer = self.approves(login)
        assert answer.status == 201, answer.text
        return str(answer.data["data"]["authorizationCode"])

    def redeems(self, code: str, **options: Any) -> Reply:
        return self.posts(
            TOKEN, options, grant_type="authorization_code", code=code, redirect_uri=self.redirect
        )

    def refreshes(self, refresh_token: str, **options: Any) -> Reply:
        return self.posts(TOKEN, options, grant_type="refresh_token", refresh_token=refresh_token)

    def posts(self, path: str, options: Mapping[str, Any] = {}, **form: str) -> Reply:
        """A call of the application, with its secret."""
        own = {"client_id": self.client_id, "client_secret": self.secret}
        return self.send("POST", path, data=own | form, **options)

    def obtains(self, login: str) -> dict[str, Any]:
        answer = self.redeems(self.gets_code(login))
        assert answer.status == 200, answer.text
        return answer.data

    def lives(self, token: str) -> bool:
        """Whether a login or an access token still opens the API."""
        answer = self.send("GET", f"{API}/session", headers=bearer(token))
        assert answer.status in (200, 401), answer.text
        return answer.status == 200

    def authorize_url(self, **changes: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "scope": "openid",
        }
        return "/oauth/authorize?" + urlencode(asked | changes)


def build_stage(server: LiveServer) -> Stage:
    """Alice and the report portal of the demo."""
    client = server.client("report-portal")
    return Stage(
        OverSockets(server.base), "alice", server.password("alice"),
        client["id"], client["clientSecret"], client["redirectURI"], server.key,
    )  # fmt: skip


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# ``**options`` of a request are more headers.
Request = Callable[..., Reply]


def redeem(stage: Stage) -> Request:
    code = stage.gets_code(stage.logs_in())
    return lambda **more: stage.redeems(code, headers=more)


def refresh(stage: Stage) -> Request:
    token = stage.obtains(stage.logs_in())["refresh_token"]
    return lambda **more: stage.refreshes(token, headers=more)


def log_out_by_call(stage: Stage) -> Request:
    login = stage.logs_in()
    stage.obtains(login)
    return lambda **more: stage.send("DELETE", f"{API}/session", headers=bearer(login) | more)


def log_out_by_page(stage: Stage) -> Request:
    return _submit(stage, "/logout", set())


def approve_by_call(stage: Stage) -> Request:
    login = stage.logs_in()
    body = {
        "clientID": stage.client_id,
        "redirectURI": stage.redirect,
        "responseType": ["code"],
        "scope": ["openid"],
    }
    return lambda **more: stage.send(
        "POST", f"{API}/oauth/authorize", json=body, headers=bearer(login) | more
    )


def approve_by_page(stage: Stage) -> Request:
    return _submit(stage, stage.authorize_url(prompt="consent"), {"transaction"}, decision="approve")


def approve_by_consent(stage: Stage) -> Request:
    """No form: an earlier consent covers it."""
    login = stage.logs_in()
    stage.gets_code(login)
    cookies = {"argus_session": login}
    return lambda **more: stage.send("GET", stage.authorize_url(), cookies=cookies, headers=more)


def update_client(stage: Stage) -> Request:
    body = {"description": "Changed", "clientIPRange": ["10.0.0.0/8", "127.0.0.1/32"]}
    path, key = f"{API}/oauth/client/{stage.client_id}", {"Argus-API-Key": stage.key}
    # The last use of a key is written once a minute, whatever becomes of the call: now.
    assert stage.send("PUT", path, json={"description": "As before"}, headers=key).status in (200, 220)
    return lambda **more: stage.send("PUT", path, json=body, headers=key | more)


def _submit(stage: Stage, path: str, fields: set[str], **values: str) -> Request:
    """The form of a page, filled in by somebody who is logged in."""
    cookies = {"argus_session": stage.logs_in()}
    page = stage.send("GET", path, cookies=cookies)
    assert page.status == 200, page.text
    action, hidden = first_form(page.text, fields)
    held = re.search(r"^([^=]+)=([^;]*)", page.headers.get("Set-Cookie", ""))
    if held is not None:
        cookies[held[1]] = held[2]
    form = {**hidden, **values}
    return lambda **more: stage.send("POST", action or path, data=form, cookies=cookies, headers=more)


USE_CASES: dict[str, Callable[[Stage], Request]] = {
    "redeem": redeem,
    "refresh": refresh,
    "log out, call": log_out_by_call,
    "log out, page": log_out_by_page,
    "approve, call": approve_by_call,
    "approve, page": approve_by_page,
    "approve, remembered": approve_by_consent,
    "client update": update_client,
}


def is_done(reply: Reply) -> bool:
    """Whether the use case answered that it is done."""
    return reply.status in (200, 201, 302, 303) and "error=" not in reply.headers.get("Location", "")


def find_tokens(reply: Reply) -> list[str]:
    """The access token in an answer of the token endpoint; what else is there opens nothing by itself."""
    return [reply.data["access_token"]] if "access_token" in reply.data else []


def find_code(reply: Reply) -> str:
    """The code of an approval; empty when there is none."""
    inner = reply.data.get("data") or {}
    sent = parse_qs(urlsplit(reply.headers.get("Location", "")).query)
    return str(inner.get("authorizationCode") or sent.get("code", [""])[0])
