"""What an application may ask for by RP-Initiated Logout, and whether the person is asked first (rule 47)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2 import OAuth2Error

from app.models.clients import OAuthClient
from app.oauth.requests import ArgusRequest
from app.oauth.server import oauth_server
from app.services.access.callers import Caller
from app.services.login import login_sessions


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for which user, and where the browser goes afterwards. Empty where it cannot be believed."""

    client: OAuthClient | None = None
    subject: str | None = None
    redirect_uri: str | None = None

    def needs_no_question(self, here: Caller) -> bool:
        """Whether the person here is meant, by an application that this very login was used for."""
        return (
            self.client is not None
            and self.subject == str(here.user_id)
            and login_sessions.served(here.login_id, self.client.id)
        )


def read(params: Mapping[str, str]) -> Asked:
    """The request, as far as it is in order. One that is not only asks the person."""
    request = ArgusRequest("GET", "/oauth/logout", params)
    try:
        found = oauth_server().validate_endpoint_request("end_session", request)
    except OAuth2Error:
        return Asked()
    hinted = found.id_token_claims
    return Asked(found.client, hinted["sub"] if hinted is not None else None, found.redirect_uri)
