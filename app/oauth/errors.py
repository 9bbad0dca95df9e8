"""OAuth errors: fixed ASCII texts without any input, and the decision number.

Authlib's own texts contain what was sent; some raise ``ValueError`` because of it, and some reveal which
clients exist (pitfalls 12, 13). So every foreign error is replaced by the fixed text of its code.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error

from app.oauth.authorization_answer import ReturnWay
from app.policy.answers import choose_token_reason
from app.policy.facts import Decision
from app.policy.reasons import REASONS
from app.services.access import proofs
from app.services.access import stronger_login
from app.services.access.callers import Caller

BASIC = 'Basic realm="argus"'
BEARER = 'Bearer realm="argus"'
BAD_BEARER = f'{BEARER}, error="invalid_token"'
FIXED_TEXTS = {
    "invalid_request": "The request is missing a parameter, repeats one or is malformed.",
    "invalid_client": "Client authentication failed.",
    "invalid_grant": "The code or token is invalid, expired, revoked or was issued to another client.",
    "unauthorized_client": "The client may not use this grant.",
    "invalid_scope": "A requested scope is not permitted for this client.",
    "access_denied": "The request was denied.",
    "login_required": "The user must log in.",
    "consent_required": "The user must approve the client.",
    "interaction_required": "The user must be asked.",
    "unmet_authentication_requirements": "No login of this user is as strong as the request demands.",
    "request_not_supported": "The request parameter is not supported.",
    "request_uri_not_supported": "The request_uri parameter is not supported.",
    "registration_not_supported": "The registration parameter is not supported.",
    "invalid_dpop_proof": "The DPoP proof is not right.",
    "use_dpop_nonce": "Repeat the request with the nonce of the header DPoP-Nonce in the proof.",
    "authorization_pending": "The user has not answered yet. Ask again after the interval.",
    "slow_down": "You ask too often. Wait five seconds longer from now on.",
    "expired_token": "The device code has expired. Begin anew.",
    "server_error": "The server could not answer. Try again.",
}


class ArgusOAuthError(OAuth2Error):  # type: ignore[misc]
    """An OAuth error with our own text: RFC 6749 4.1.2.1 through the browser, 5.2 as JSON.

    ``way`` is where it goes to the application through the browser. ``decision`` is the decision number: a
    member of the JSON body, or the end of the description on that way.
    """

    def __init__(
        self,
        error: str,
        text: str | None = None,
        *,
        status: int = 400,
        decision: str = "",
        way: ReturnWay | None = None,
        challenge: str | None = None,
    ) -> None:
        super().__init__(
            error=error,
            description=text or FIXED_TEXTS[error],
            status_code=status,
        )
        self.way = way
        self.decision = decision
        self.challenge = challenge

    def get_body(self) -> list[tuple[str, str]]:
        text = self.get_error_description()
        if self.way is not None:
            text = f"{text} ({self.decision})" if self.decision else text
        body = [("error", self.error), ("error_description", text)]
        if self.decision and self.way is None:
            body.append(("decision", self.decision))
        if self.state:
            body.append(("state", self.state))
        return body

    def get_headers(self) -> list[tuple[str, str]]:
        """Every 401 names a scheme (RFC 9110 15.5.2); a client that failed is told Basic (RFC 6749 5.2)."""
        headers: list[tuple[str, str]] = [*super().get_headers()]
        challenge = self.challenge or (BASIC if self.status_code == 401 else None)
        return [*headers, ("WWW-Authenticate", challenge)] if challenge else headers


class MissingBearer(ArgusOAuthError):
    """No token was sent: the challenge alone, and nothing about an error (RFC 6750 3.1)."""

    def __init__(self) -> None:
        super().__init__("invalid_token", "A bearer token is needed.", status=401, challenge=BEARER)

    def get_body(self) -> list[tuple[str, str]]:
        return []


def translate_error(error: OAuth2Error) -> ArgusOAuthError:
    """Convert any OAuth error to one with our text: code and status stay."""
    if isinstance(error, ArgusOAuthError):
        return error
    code = error.error if error.error in FIXED_TEXTS else "invalid_request"
    ours = ArgusOAuthError(code, status=401 if code == "invalid_client" else 400)
    ours.state = error.state
    return ours


def build_token_refusal(decision: Decision) -> ArgusOAuthError:
    """Build the error for a denial at the token endpoint (design §8):
    address ``invalid_client``, else ``invalid_grant``.
    """
    reason = choose_token_reason(decision)
    status = 401 if reason.oauth_error == "invalid_client" else 400
    return ArgusOAuthError(reason.oauth_error, reason.oauth_text, status=status, decision=decision.number)


def build_bearer_refusal(decision: Decision, caller: Caller) -> ArgusOAuthError:
    """Build the error for a denial of a token: ``invalid_token`` 401 (RFC 6750 3.1), for a proof that is not
    right ``invalid_dpop_proof`` (RFC 9449 7.1), for a login that is too weak that of RFC 9470 3.
    """
    reason = decision.denials[0].reason
    needed = stronger_login.find_level_needed(caller, decision)
    error = stronger_login.ERROR if needed is not None else proofs.choose_error(reason)
    parameters = stronger_login.describe_levels(needed) if needed is not None else f'error="{error}"'
    is_bound = caller.bound_key is not None
    challenge = proofs.complete_challenge(parameters) if is_bound else f"{BEARER}, {parameters}"
    text = REASONS[reason].oauth_text
    return ArgusOAuthError(error, text, status=401, decision=decision.number, challenge=challenge)


def as_json(error: ArgusOAuthError) -> tuple[dict[str, Any], int, list[tuple[str, str]]]:
    """Return body, status and headers of an error as JSON."""
    return dict(error.get_body()), error.status_code, error.get_headers()
