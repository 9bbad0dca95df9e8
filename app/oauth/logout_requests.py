"""Requests by RP-Initiated Logout, and whether the person must confirm first (rule 47)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error

from app.oauth.requests import ArgusRequest
from app.oauth.server import oauth_server
from app.policy import redirects
from app.services.access.callers import Caller
from app.services.access.credential_parts import ClientPart
from app.services.login import login_sessions


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """The application, the user and the target address of a request.
    Values that cannot be trusted are empty.
    """

    client: ClientPart | None = None
    subject: str | None = None
    redirect_uri: str | None = None

    def may_skip_question(self, here: Caller) -> bool:
        """Tell whether the request is for the user logged in here,
        by an application that this login was used for.
        """
        return (
            self.client is not None
            and self.subject == str(here.user_id)
            and login_sessions.has_served(here.login_id, self.client.id)
        )


def read_logout_request(params: Mapping[str, str]) -> LogoutRequest:
    """Read the request as far as it is valid. An invalid request leads to a question to the person."""
    # Authlib would append the state, and write the registered URI anew.
    state = params.get("state")
    stateless = {name: value for name, value in params.items() if name != "state"}
    request = ArgusRequest("GET", "/oauth/logout", stateless)
    try:
        found = oauth_server().validate_endpoint_request("end_session", request)
    except OAuth2Error:
        return LogoutRequest()
    hinted, uri = found.id_token_claims, found.redirect_uri
    if uri is not None and state is not None:
        uri = redirects.append_parameters(uri, [("state", state)])
    return LogoutRequest(found.client, hinted["sub"] if hinted is not None else None, uri)
