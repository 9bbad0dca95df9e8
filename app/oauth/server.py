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
from app.oauth.authorization_answer import AuthorizationAnswer
from app.oauth.client_auth import build_authenticator
from app.oauth.end_session import ArgusEndSessionEndpoint
from app.oauth.endpoints import IntrospectionEndpoint
from app.oauth.endpoints import RevocationEndpoint
from app.oauth.errors import translate_error
from app.oauth.grants import GRANTS
from app.oauth.requests import ArgusRequest
from app.policy.client_methods import CLIENT_METHODS
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

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Response | AuthorizationAnswer:
        """Build the Flask response, whose body may not be stored. What goes to the application through the
        browser stays as it is: a page or a call makes an answer of it.
        """
        if isinstance(payload, AuthorizationAnswer):
            return payload
        return build_response(status_code, payload, headers)

    def handle_error_response(
        self,
        request: ArgusRequest,  # noqa: ARG002 - Authlib's signature
        error: OAuth2Error,
    ) -> Response | AuthorizationAnswer:
        """Answer any error with our own fixed text."""
        return self.handle_response(*translate_error(error)())

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Do nothing: the audit trail records what happens."""


def build_response(status_code: int, payload: Any, headers: Any) -> Response:
    """Build an answer to a client: JSON of an object, never stored."""
    body = json.dumps(payload) if isinstance(payload, Mapping) else payload
    response = Response(body, status=status_code, headers=dict(headers) | dict(NO_STORE))
    if not body:
        # Of the empty answer of a revocation: libraries take a page for a failure.
        del response.headers["Content-Type"]
    return response


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
