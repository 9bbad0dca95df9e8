"""What every party does: send a person to log in, read who came back, refresh, and log out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Protocol
from urllib.parse import urlencode

import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from requests_oauthlib import OAuth2Session as OauthlibSession

from tests.drivers.web_person import WebPerson
from tests.npm import lay_out
from tests.servers import LiveServer
from tests.servers import free_port

SCOPE = "openid profile"
SECRET = "a-secret-of-a-party"
START_SECONDS = 30
Tokens = dict[str, Any]


@dataclass(frozen=True)
class Registered:
    """A confidential client of its own, and where its application is."""

    server: LiveServer
    client_id: str
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redirect_uri(self) -> str:
        return self.origin + "/callback"

    @property
    def bye(self) -> str:
        return self.origin + "/bye"


def register(server: LiveServer, name: str) -> Registered:
    """Register an application at a free port."""
    port = free_port()
    body = {
        "shortName": f"party-{port}", "name": name, "description": "An application of others",
        "mainURI": "https://app.example.com/", "requiredFunction": "useReports",
        "permissionScope": "REPORT-READER", "clientIPRange": ["127.0.0.0/8"], "clientSecret": SECRET,
        "permittedScopes": SCOPE.split(), "redirectURIs": [f"http://127.0.0.1:{port}/callback"],
        "postLogoutRedirectURIs": [f"http://127.0.0.1:{port}/bye"],
    }  # fmt: skip
    answer = server.call("POST", "/authentication/v1/oauth/client", json=body)
    assert answer.status_code == 201, answer.text
    return Registered(server, answer.json()["data"]["id"], port)


class Party(Protocol):
    """One login at one application."""

    def enter(self, person: WebPerson) -> tuple[dict[str, Any], str]:
        """Let the person log in; returns who it is (userinfo), and the access token."""

    def refresh(self, person: WebPerson) -> str:
        """Swap the refresh token; returns the new access token."""

    def leave(self, person: WebPerson) -> str:
        """Log out; returns where the browser is sent at the end."""


class NodeParty:
    """An application on Express; the person's browser visits it, as it would any."""

    def __init__(self, at: Registered) -> None:
        self.at = at

    def enter(self, person: WebPerson) -> tuple[dict[str, Any], str]:
        told = self._get(person, person.approves(self.at.origin + "/login"))
        return told["person"], told["tokens"]["access_token"]

    def refresh(self, person: WebPerson) -> str:
        return str(self._get(person, self.at.origin + "/refresh")["tokens"]["access_token"])

    def leave(self, person: WebPerson) -> str:
        answer = person.browser.get(self.at.origin + "/logout", timeout=30)
        return str(answer.url)

    @staticmethod
    def _get(person: WebPerson, url: str) -> dict[str, Any]:
        answer = person.browser.get(url, timeout=30)
        assert answer.ok, answer.text
        return dict(answer.json())


@contextmanager
def running_node(at: Registered, library: str, folder: Path) -> Iterator[NodeParty]:
    """The application with this library, for the time of a ``with``."""
    lay_out(Path(__file__).parent, folder)
    settings = {
        "issuer": at.server.base, "client_id": at.client_id, "client_secret": SECRET, "port": at.port,
        "redirect_uri": at.redirect_uri, "bye": at.bye,
    }  # fmt: skip
    process = subprocess.Popen(
        ["node", "app.mjs", library, json.dumps(settings)],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in iter(process.stdout.readline, ""):
            if line == "ready\n":
                break
        else:
            raise AssertionError("the application did not start")
        yield NodeParty(at)
    finally:
        process.terminate()
        process.communicate(timeout=30)


class PythonParty:
    """What the libraries of Python have in common: where the endpoints are, and the log-out."""

    def __init__(self, at: Registered) -> None:
        self.at = at
        self.found = requests.get(at.server.base + "/.well-known/openid-configuration", timeout=30).json()
        self.tokens: Tokens = {}

    def leave(self, person: WebPerson) -> str:
        asked = {"id_token_hint": self.tokens["id_token"], "post_logout_redirect_uri": self.at.bye}
        url = f"{self.found['end_session_endpoint']}?{urlencode(asked)}"
        answer = person.browser.get(url, allow_redirects=False, timeout=30)
        return str(answer.headers["Location"])

    def _keep(self, tokens: Tokens) -> str:
        self.tokens = self.tokens | tokens
        return str(tokens["access_token"])


class OauthlibParty(PythonParty):
    """requests-oauthlib, which the official client uses too: over plain http on this machine."""

    def __init__(self, at: Registered) -> None:
        super().__init__(at)
        self.library = OauthlibSession(at.client_id, redirect_uri=at.redirect_uri, scope=SCOPE.split())

    def enter(self, person: WebPerson) -> tuple[dict[str, Any], str]:
        url, _state = self.library.authorization_url(self.found["authorization_endpoint"])
        tokens = self.library.fetch_token(
            self.found["token_endpoint"],
            authorization_response=person.approves(url),
            client_secret=SECRET,
        )
        told = self.library.get(self.found["userinfo_endpoint"]).json()
        return dict(told), self._keep(dict(tokens))

    def refresh(self, person: WebPerson) -> str:
        auth = (self.at.client_id, SECRET)
        return self._keep(dict(self.library.refresh_token(self.found["token_endpoint"], auth=auth)))


class AuthlibParty(PythonParty):
    """Authlib's own client, with PKCE; the ID token by the published keys."""

    def __init__(self, at: Registered) -> None:
        super().__init__(at)
        self.library = AuthlibSession(
            at.client_id, SECRET, redirect_uri=at.redirect_uri, scope=SCOPE, code_challenge_method="S256",
            token_endpoint=self.found["token_endpoint"],
        )  # fmt: skip

    def enter(self, person: WebPerson) -> tuple[dict[str, Any], str]:
        verifier, nonce = "v" * 48, "a nonce"
        url, state = self.library.create_authorization_url(
            self.found["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        tokens = self.library.fetch_token(
            authorization_response=person.approves(url), state=state, code_verifier=verifier
        )
        keys = KeySet.import_key_set(requests.get(self.found["jwks_uri"], timeout=30).json())
        token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
        CodeIDToken(
            token.claims, token.header, {"iss": {"value": self.found["issuer"]}}, {"nonce": nonce}
        ).validate()
        return dict(self.library.get(self.found["userinfo_endpoint"]).json()), self._keep(dict(tokens))

    def refresh(self, person: WebPerson) -> str:
        return self._keep(dict(self.library.refresh_token(self.found["token_endpoint"])))
