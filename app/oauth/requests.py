"""The request that Authlib sees: parameters that already passed ``request_checks``, and nothing else.

Authlib's own Flask request merges query and body and trusts ``Host`` (pitfalls 11 and 26).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from app.edge import PresentedCredential
from app.policy.client_methods import NO_SECRET
from app.policy.client_methods import PRIVATE_KEY
from app.policy.client_methods import SECRET_BASIC
from app.policy.client_methods import SECRET_POST
from app.policy.client_methods import ClientMethod
from app.runtime import settings
from app.services.access.callers import Caller
from app.services.access.proofs import PresentedProof
from app.services.contact import NOWHERE
from app.services.contact import Contact


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """How a client identifies and authenticates: in the ``Authorization`` header or in the form.

    ``assertion`` is what it signed, as text; that it names this client is not proved yet.
    """

    client_id: str | None
    secret: str | None
    by_header: bool
    assertion: str | None = None

    @property
    def method(self) -> ClientMethod:
        """Return the method used. A header with an empty password proves nothing (contract 0 #6)."""
        if self.assertion is not None:
            return PRIVATE_KEY
        if self.secret is None:
            return NO_SECRET
        return SECRET_BASIC if self.by_header else SECRET_POST


class ArgusRequest(OAuth2Request):  # type: ignore[misc]
    """One protocol request. The URI is built from the configured base URL, never from ``Host``."""

    def __init__(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        *,
        client_credentials: ClientCredentials | None = None,
        credential: PresentedCredential | None = None,
        caller: Caller | None = None,
        contact: Contact = NOWHERE,
        proof: PresentedProof | None = None,
        issues_refresh_token: bool = False,
        wants_signed_answer: bool = False,
    ) -> None:
        super().__init__(method=method, uri=settings().base_url + path, headers={})
        self.payload = BasicOAuth2Payload(dict(params))
        self.client_credentials = client_credentials
        self.credential = credential
        self.caller = caller
        self.contact = contact
        self.proof = proof
        self.has_spent_proof = False
        self.issues_refresh_token = issues_refresh_token
        self.wants_signed_answer = wants_signed_answer

    @property
    def form(self) -> dict[str, Any]:
        return dict(self.payload.data)

    @property
    def args(self) -> dict[str, Any]:
        return {}
