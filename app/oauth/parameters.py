"""The names of every parameter of the protocol. Answers never name any other."""

from __future__ import annotations

from app.oauth.grants import GRANT_PARAMETERS
from app.policy.client_methods import METHOD_PARAMETERS

TOKEN_REQUEST = (*METHOD_PARAMETERS, "grant_type", *GRANT_PARAMETERS)
# Introspection and revocation (RFC 7662 2.1, RFC 7009 2.1).
TOKEN_QUESTION = (*METHOD_PARAMETERS, "token", "token_type_hint")
# RFC 6749 4.1.1, RFC 7636 4.3, OIDC Core 3.1.2.1, RFC 9449 10.
AUTHORIZATION_REQUEST = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "prompt",
    "max_age",
    "id_token_hint",
    "login_hint",
    "response_mode",
    "acr_values",
    "claims",
    "ui_locales",
    "dpop_jkt",
)
# RFC 9126 2.1: the same, sent by the client itself.
PUSHED_REQUEST = AUTHORIZATION_REQUEST
# RFC 9126 4, and RFC 9101 and OIDC Core 6, 7.2.1, which are refused.
BY_REFERENCE = ("request_uri", "request", "registration")
# RP-Initiated Logout 1.0 2.
LOGOUT_REQUEST = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state")
# Parameters of unsupported grants: a secret in a query is refused even so.
SECRETS = ("username", "password")
KNOWN = frozenset(
    {*TOKEN_REQUEST, *TOKEN_QUESTION, *AUTHORIZATION_REQUEST, *BY_REFERENCE, *LOGOUT_REQUEST, *SECRETS}
)
