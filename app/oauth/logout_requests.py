"""Requests by RP-Initiated Logout, and whether the person must confirm first (rule 47)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error

from app.oauth.authorize import UNREGISTERED
from app.oauth.requests import ArgusRequest
from app.oauth.server import oauth_server
from app.policy import mismatches
from app.policy import redirects
from app.services.access.callers import Caller
from app.services.access.credential_parts import ClientPart
from app.services.login import login_sessions
from app.services.tokens.session_text import compute_sid


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """The application, the user, the login (``sid``) and the target address of a request.
    Values that cannot be trusted are empty.

    ``return_problem``: the application proved who it is, and asked to return to an address that is not one of
    its own; a sentence of ``authorize.UNREGISTERED``.
    """

    client: ClientPart | None = None
    subject: str | None = None
    sid: str | None = None
    redirect_uri: str | None = None
    return_problem: str | None = None

    @property
    def proven_client(self) -> ClientPart | None:
        """Return the application that an ID token of ours proves to be the one that asks."""
        return self.client if self.subject is not None else None

    def may_skip_question(self, here: Caller) -> bool:
        """Tell whether the request is for the user and the login here,
        by an application that this login was used for.
        """
        return (
            self.client is not None
            and self.subject == str(here.user_id)
            # ID tokens of before there was a ``sid`` name the user alone.
            and self.sid in (None, compute_sid(here.login_id, self.client.id))
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
    client, hinted, uri = found.client, found.id_token_claims, found.redirect_uri
    if uri is not None and state is not None:
        uri = redirects.append_parameters(uri, [("state", state)])
    if hinted is None:
        return LogoutRequest(client, redirect_uri=uri)
    asked, problem = params.get("post_logout_redirect_uri"), None
    if client is not None and asked and uri is None:
        registered = client.post_logout_redirect_uris
        part = mismatches.find_difference(asked, registered, public_client=client.is_public)
        problem = UNREGISTERED[part]
    return LogoutRequest(client, hinted["sub"], hinted.get("sid"), uri, problem)
