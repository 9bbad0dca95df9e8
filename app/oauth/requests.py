"""What Authlib gets to see of a request: parameters that already passed ``hygiene``, and nothing else.

Authlib's own Flask request merges query and body and trusts ``Host`` (pitfalls 11 and 26).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from app.edge import Presented
from app.oauth.hygiene import ClientCredentials
from app.runtime import settings
from app.services.access.callers import Caller
from app.services.contact import NOWHERE
from app.services.contact import Contact


class ArgusRequest(OAuth2Request):  # type: ignore[misc]
    """One protocol request. The URI is built from the configured base URL, never from ``Host``."""

    def __init__(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        *,
        client_credentials: ClientCredentials | None = None,
        credential: Presented | None = None,
        caller: Caller | None = None,
        contact: Contact = NOWHERE,
    ) -> None:
        super().__init__(method=method, uri=settings().base_url + path, headers={})
        self.payload = BasicOAuth2Payload(dict(params))
        self.client_credentials = client_credentials
        self.credential = credential
        self.caller = caller
        self.contact = contact

    @property
    def form(self) -> dict[str, Any]:
        return dict(self.payload.data)

    @property
    def args(self) -> dict[str, Any]:
        return {}
