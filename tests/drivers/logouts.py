"""An application that hears of log-outs by back-channel, and the work of the server that tells it."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs

from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from app.services.outbox.worker import Worker
from tests.drivers.receiver import Answer
from tests.drivers.receiver import Receiver
from tests.drivers.receiver import Request

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class LogoutReceiver(Receiver):
    """Believes a logout token as OpenID Connect Back-Channel Logout 1.0 2.6 says, and nothing else."""

    def __init__(self, app: Flask, client_id: str, answer: Answer | None = None) -> None:
        super().__init__(answer)
        self.app, self.client_id = app, client_id

    @property
    def tokens(self) -> list[dict[str, Any]]:
        """The claims of all that came, the oldest first."""
        keys = KeySet.import_key_set(self.app.test_client().get("/oauth/jwks").json or {})
        return [self._believe(request, keys) for request in self.requests]

    @property
    def sids(self) -> list[str]:
        return [claims["sid"] for claims in self.tokens]

    def _believe(self, request: Any, keys: KeySet) -> dict[str, Any]:
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        (text,) = parse_qs(request.body.decode(), strict_parsing=True)["logout_token"]
        token = jwt.decode(text, keys, algorithms=["RS256", "ES256", "EdDSA"])
        claims = dict(token.claims)
        assert token.header["typ"] == "logout+jwt"
        assert (claims["iss"], claims["aud"]) == ("http://localhost", self.client_id)
        assert 0 < claims["exp"] - claims["iat"] <= 120
        assert claims["events"] == {EVENT: {}}
        assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "events", "sid"}
        return claims


def read_sid(request: Request) -> str:
    """The login that a request is about, unverified."""
    claims = request.body.decode().split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=="))["sid"])


def works_off(app: Flask) -> None:
    """Let the server do what it does beside requests, until nothing is due."""
    with app.app_context():
        worker = Worker()
        worker.work_off()
        worker.stop()
