"""Discovery documents: RFC 8414, OpenID Connect Discovery 1.0. They list only what works (rule 65)."""

from __future__ import annotations

from typing import Any

from app.policy.scopes import STANDARD_SCOPES
from app.runtime import settings

CLIENT_AUTH = ["client_secret_basic", "client_secret_post", "none"]


def authorization_server() -> dict[str, Any]:
    """The RFC 8414 document; the OpenID one says the same and more."""
    base = settings().base_url
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/authentication/v1/oauth/token",
        "introspection_endpoint": f"{base}/authentication/v1/oauth/token/introspect",
        "revocation_endpoint": f"{base}/authentication/v1/oauth/token/revoke",
        "jwks_uri": f"{base}/oauth/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": CLIENT_AUTH,
        "introspection_endpoint_auth_methods_supported": CLIENT_AUTH,
        "revocation_endpoint_auth_methods_supported": CLIENT_AUTH,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
        "scopes_supported": sorted(STANDARD_SCOPES),
    }


def openid_provider() -> dict[str, Any]:
    """The OpenID Connect Discovery document."""
    return authorization_server() | {
        "userinfo_endpoint": f"{settings().base_url}/authentication/v1/oauth/userinfo",
        "end_session_endpoint": f"{settings().base_url}/oauth/logout",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "preferred_username",
            "username",
            "name",
            "email",
            "phone",
            "customer_id",
            "domain_id",
            "customer_shortname",
            "customer_name",
            "client_ip",
            "groups",
            "groupstring",
        ],
    }
