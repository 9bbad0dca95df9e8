"""PKCE, S256 only (RFC 7636, design decision 10).

Authlib's ``CodeChallenge`` treats an omitted method as ``plain`` even when only S256 is supported, covers
public clients only, and accepts a verifier with a trailing newline (pitfalls 8, 9, D1). This class fixes
each.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from app.oauth.errors import ArgusOAuthError
from app.policy import schemes
from app.runtime import settings
from app.services.access.credential_parts import ClientPart
from app.services.tokens import codes
from app.services.unit_of_work import run_in_transaction

if TYPE_CHECKING:
    from app.oauth.code_grant import ArgusAuthorizationCodeGrant

# A SHA-256 digest in base64url has exactly 43 characters.
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)


def is_required(client: ClientPart) -> bool:
    """Tell whether this client must use PKCE:
    public and not flagged insecure, flagged, or by server option.
    """
    if client.must_use_pkce or settings().require_pkce:
        return True
    return client.is_public and not client.insecure_without_pkce


def _leads_to_app(grant: ArgusAuthorizationCodeGrant) -> bool:
    """Tell whether the code goes to a private-use scheme, which any app of the device may take for its own
    (RFC 8252 8.1).
    """
    asked = grant.request.payload.redirect_uri or grant.request.client.get_default_redirect_uri()
    return not schemes.is_on_the_web(asked or "")


class S256Only(CodeChallenge):  # type: ignore[misc]
    """Requires a challenge at authorize, the method by name and a full match;
    five wrong verifiers invalidate the code.
    """

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    CODE_CHALLENGE_METHODS = {"S256": compare_s256_code_challenge}  # noqa: RUF012 - Authlib's own shape

    def validate_code_challenge(self, grant: ArgusAuthorizationCodeGrant, redirect_uri: object) -> None:  # noqa: ARG002 - always None
        data = grant.request.payload.data
        challenge, method = data.get("code_challenge"), data.get("code_challenge_method")
        if challenge is None and method is None:
            if is_required(grant.request.client) or _leads_to_app(grant):
                raise ArgusOAuthError("invalid_request", "PKCE is required: send code_challenge with S256.")
            return
        if method != "S256":
            raise ArgusOAuthError("invalid_request", "The code_challenge_method must be S256.")
        if challenge is None or not CHALLENGE.fullmatch(challenge):
            raise ArgusOAuthError("invalid_request", "The code_challenge must be 43 base64url characters.")

    def validate_code_verifier(self, grant: ArgusAuthorizationCodeGrant, result: object) -> None:
        verifier = grant.request.form.get("code_verifier")
        if verifier is not None and not VERIFIER.fullmatch(verifier):
            self._wrong(grant)
            raise ArgusOAuthError("invalid_grant", "The code_verifier is malformed or wrong.")
        if is_required(grant.request.client) and verifier is None:
            raise ArgusOAuthError("invalid_grant", "The code_verifier is missing.")
        try:
            super().validate_code_verifier(grant, result)
        except OAuth2Error:
            if verifier is not None:
                self._wrong(grant)
            raise ArgusOAuthError(
                "invalid_grant", "The code_verifier is missing, malformed or wrong."
            ) from None

    def get_authorization_code_challenge_method(self, authorization_code: object) -> str:  # noqa: ARG002
        return "S256"

    @staticmethod
    def _wrong(grant: ArgusAuthorizationCodeGrant) -> None:
        code = grant.request.authorization_code.row.code
        if code.spent_at is None:
            run_in_transaction(lambda: codes.count_wrong_verifier(code.id))
