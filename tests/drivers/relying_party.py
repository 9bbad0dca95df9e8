"""A relying party: knows PKCE, state and parsing, so that a test states only what differs."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.drivers.person import Person
from tests.drivers.signing import ASSERTION_TYPE
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.world import REDIRECT
from tests.world import SECRET

TOKEN = "/authentication/v1/oauth/token"
PAR = "/authentication/v1/oauth/par"
DEVICE = "/authentication/v1/oauth/device_authorization"


class RelyingParty:
    """One application of one client, calling from one address."""

    def __init__(
        self,
        app: Flask,
        client_id: str,
        *,
        secret: str | None = SECRET,
        address: str = "127.0.0.1",
        signer: Signer | None = None,
        prover: Prover | None = None,
    ) -> None:
        self.app = app
        self.client_id = client_id
        self.secret = secret if signer is None else None
        self.signer = signer
        self.prover = prover
        self.address = address
        self.verifier = secrets.token_urlsafe(48)
        self.state = secrets.token_urlsafe(8)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def url(self, **changes: str | None) -> str:
        """The authorization URL; a change of ``None`` leaves a parameter out."""
        return "/oauth/authorize?" + urlencode(self.request(**changes))

    def request(self, **changes: str | None) -> dict[str, str]:
        """The parameters of the authorization URL."""
        params: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": "openid profile",
            "state": self.state,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        }
        params.update(changes)
        return {name: value for name, value in params.items() if value is not None}

    def pushes(self, **changes: str | None) -> TestResponse:
        """Push the request that the authorization URL would hold (RFC 9126 2.1)."""
        return self.posts(PAR, **self.request(**changes))

    def pushed_url(self, **changes: str | None) -> str:
        """Push, and return the address for the browser."""
        answer = self.pushes(**changes)
        assert answer.status_code == 201, answer.data
        sent = {"client_id": self.client_id, "request_uri": answer.json["request_uri"]}
        return "/oauth/authorize?" + urlencode(sent)

    def sends(self, person: Person, **changes: str | None) -> dict[str, str]:
        """Send a person through login and consent; the parameters that come back."""
        return returned(person.approves(self.url(**changes)))

    def posts(self, path: str = TOKEN, *, address: str | None = None, **form: str) -> TestResponse:
        """A call with this client's credentials in the body; a secret, or a fresh signature."""
        body = {"client_id": self.client_id, **form}
        if self.secret is not None and "client_secret" not in body:
            body["client_secret"] = self.secret
        if self.signer is not None and "client_assertion" not in body:
            assertion = self.signer.asserts(self.client_id)
            body |= {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
        return self.proved("POST", path, data=body, address=address)

    def proved(
        self, method: str, path: str, *, token: str | None = None, address: str | None = None, **more: Any
    ) -> TestResponse:
        """A call, with a proof if this client makes them; once more if only the nonce was missing."""
        at = {"REMOTE_ADDR": address or self.address}
        scheme = "Bearer" if self.prover is None else "DPoP"
        headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
        for _ in range(2):
            if self.prover is not None:
                headers["DPoP"] = self.prover.proves(method, path, token)
            answer = self.app.test_client().open(
                path, method=method, headers=headers, environ_overrides=at, **more
            )
            if self.prover is None or not learns_nonce(self.prover, answer):
                break
        return answer

    def redeems(self, code: str, **changes: str) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
        }
        return self.posts(**(form | changes))

    def refreshes(self, refresh_token: str, **changes: str) -> TestResponse:
        return self.posts(**({"grant_type": "refresh_token", "refresh_token": refresh_token} | changes))

    def introspects(self, token: str) -> dict[str, Any]:
        answer = self.posts(TOKEN + "/introspect", token=token)
        assert answer.status_code == 200, answer.data
        return dict(answer.json or {})

    def obtains(self, person: Person, **changes: str | None) -> dict[str, Any]:
        """The whole flow; the token answer."""
        answer = self.redeems(self.sends(person, **changes)["code"])
        assert answer.status_code == 200, answer.data
        return dict(answer.json or {})

    def calls(self, path: str, token: str, *, address: str | None = None) -> TestResponse:
        """An API call as the person, with a bearer, or by DPoP."""
        return self.proved("GET", path, token=token, address=address)


def learns_nonce(prover: Prover, answer: TestResponse) -> bool:
    """Keep the nonce that an answer brings; true if it says to use it."""
    prover.nonce = answer.headers.get("DPoP-Nonce", prover.nonce)
    told = answer.headers.get("WWW-Authenticate", "") + (answer.json or {}).get("error", "")
    return "use_dpop_nonce" in told


def returned(url: str) -> dict[str, str]:
    """The parameters of a redirect back to the client; each must be there once."""
    held = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in held.values()), url
    return {name: values[0] for name, values in held.items()}
