"""The workloads: requests in order, as ``bench/load/load.mjs`` reads them; the same for every target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import requests

from bench.targets import AUTHORIZE
from bench.targets import VERIFIER
from bench.targets import Target
from bench.targets import fill

FORM = {"content-type": "application/x-www-form-urlencoded"}
OWN = "client_id={client}&client_secret={secret}"
REDEEM = (
    f"grant_type=authorization_code&code={{code}}&redirect_uri={{redirect}}&code_verifier={VERIFIER}&{OWN}"
)
REFRESH = f"grant_type=refresh_token&refresh_token={{refresh}}&{OWN}"
Plan = dict[str, Any]


def obtain(target: Target) -> dict[str, str]:
    """A pair of tokens."""
    answer = requests.get(
        target.base + target.paths["authorize"] + fill(AUTHORIZE, target.values),
        headers={"cookie": target.values["cookie"]},
        allow_redirects=False,
        timeout=10,
    )
    code = unquote(answer.headers["location"].split("code=")[1].split("&")[0])
    body = fill(REDEEM, {**target.values, "code": code})
    url = target.base + target.paths["token"]
    return dict(requests.post(url, data=body, headers=FORM, timeout=10).json())


def flow(target: Target, connections: int) -> Plan:  # noqa: ARG001
    """Remembered consent, code, redeem with PKCE and ID token."""
    authorize = {
        "method": "GET",
        "path": target.paths["authorize"] + AUTHORIZE,
        "headers": {"cookie": target.values["cookie"]},
        "status": 302 if target.name == "floor" else 303,
        "take": {"code": "location:code"},
    }
    redeem = _post(target.paths["token"], REDEEM)
    return {"steps": [authorize, {**redeem, "take": {"access": "json:access_token"}}]}


def refresh(target: Target, connections: int) -> Plan:
    """Each connection rotates a session of its own."""
    step = _post(target.paths["token"], REFRESH)
    pool = [obtain(target)["refresh_token"] for _ in range(connections + 2)]
    return {
        "steps": [{**step, "take": {"refresh": "json:refresh_token"}}],
        "pool": {"name": "refresh", "values": pool},
    }


def credentials(target: Target, connections: int) -> Plan:  # noqa: ARG001
    """Client credentials: at the product an API key buys a session (contract 2.7)."""
    body = f"grant_type=client_credentials&scope=openid&{OWN}"
    headers = {**FORM, "argus-api-key": target.values["key"]} if "key" in target.values else FORM
    return {"steps": [{**_post(target.paths["token"], body), "headers": headers}]}


def introspect(target: Target, connections: int) -> Plan:  # noqa: ARG001
    target.values["token"] = obtain(target)["access_token"]
    return {"steps": [_post(target.paths["introspect"], "token={token}&" + OWN)]}


def userinfo(target: Target, connections: int) -> Plan:  # noqa: ARG001
    return _get(target.paths["userinfo"], obtain(target)["access_token"])


def session(target: Target, connections: int) -> Plan:  # noqa: ARG001
    return _get(target.paths["session"], obtain(target)["access_token"])


def discovery(target: Target, connections: int) -> Plan:  # noqa: ARG001
    return _get(target.paths["discovery"])


def jwks(target: Target, connections: int) -> Plan:  # noqa: ARG001
    return _get(target.paths["jwks"])


def _post(path: str, body: str) -> dict[str, Any]:
    return {"method": "POST", "path": path, "headers": FORM, "body": body, "status": 200}


def _get(path: str, bearer: str | None = None) -> Plan:
    headers = {"authorization": f"Bearer {bearer}"} if bearer is not None else {}
    return {"steps": [{"method": "GET", "path": path, "headers": headers, "status": 200}]}


WORKLOADS: dict[str, Callable[[Target, int], Plan]] = {
    "flow": flow,
    "refresh": refresh,
    "client_credentials": credentials,
    "introspect": introspect,
    "userinfo": userinfo,
    "session": session,
    "discovery": discovery,
    "jwks": jwks,
}
