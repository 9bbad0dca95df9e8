"""Authlib's authorization server, with our grants, our client authentication and our error texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Flask
from flask import Response
from flask import current_app
from flask import json

from app.oauth import cors
from app.oauth.client_auth import build_authenticator
from app.oauth.end_session import ArgusEndSessionEndpoint
from app.oauth.endpoints import IntrospectionEndpoint
from app.oauth.endpoints import RevocationEndpoint
from app.oauth.errors import translate_error
from app.oauth.grants import GRANTS
from app.oauth.requests import ArgusRequest
from app.policy import redirects
from app.policy.client_methods import CLIENT_METHODS
from app.runtime import settings
from app.services.access import client_rows
from app.services.access.credential_parts import ClientPart

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


class ArgusAuthorizationServer(AuthorizationServer):  # type: ignore[misc]
    """One server per application object;
    a global one would register the grants again each time (house style 2.5).
    """

    def query_client(self, client_id: str) -> ClientPart | None:
        client = client_rows.find_requesting_client(client_id)
        cors.note_client(client)
        return client

    def create_oauth2_request(self, request: ArgusRequest) -> ArgusRequest:
        """Give Authlib only requests that passed ``request_checks``."""
        if not isinstance(request, ArgusRequest):
            raise TypeError("a request must pass hygiene first")
        return request

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Response:
        """Build the Flask response: every redirect names the issuer (RFC 9207), no body may be stored."""
        body = json.dumps(payload) if isinstance(payload, Mapping) else payload
        given = dict(headers)
        location = given.get("Location")
        if location is not None:
            given["Location"] = redirects.append_parameters(location, [("iss", settings().base_url)])
            # The browser must not repeat a POST at the client: 303, never 307 (RFC 9700 4.12).
            status_code = 303
        return Response(body, status=status_code, headers=given | dict(NO_STORE))

    def handle_error_response(self, request: ArgusRequest, error: OAuth2Error) -> Response:
        """Answer any error with our own fixed text."""
        ours = translate_error(error)
        if ours.redirect_uri and not ours.state:
            ours.state = request.payload.state
        return self.handle_response(*ours())

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: the audit trail records what happens."""


def build_server(app: Flask) -> None:
    """Create the server of this application and store it in its extensions."""
    server = ArgusAuthorizationServer(app)
    for method in CLIENT_METHODS:
        server.register_client_auth_method(method.name, build_authenticator(method))
    for grant in GRANTS:
        server.register_grant(grant.handler, grant.extensions)
    for endpoint in (IntrospectionEndpoint, RevocationEndpoint, ArgusEndSessionEndpoint):
        server.register_endpoint(endpoint)
    app.extensions["argus_oauth"] = server


def oauth_server() -> ArgusAuthorizationServer:
    """Return the server of the current application."""
    return cast("ArgusAuthorizationServer", current_app.extensions["argus_oauth"])
