"""Discovery documents: RFC 8414, OpenID Connect Discovery 1.0.

They list only what works (rule 65): every list is read from the table that makes it work.
"""

from __future__ import annotations

from typing import Any

from app.oauth.addresses import PREFIX
from app.oauth.authorization_answer import RESPONSE_MODES
from app.oauth.authorize import PROMPTS
from app.oauth.authorize import UNSUPPORTED
from app.oauth.grants import GRANT_TYPES
from app.oauth.grants import RESPONSE_TYPES
from app.oauth.pkce import S256Only
from app.policy.claims import CLAIMS
from app.policy.claims import ID_TOKEN_CLAIMS
from app.policy.client_methods import METHOD_NAMES
from app.policy.languages import LANGUAGES
from app.policy.login_contexts import ACR_VALUES
from app.policy.scopes import STANDARD_SCOPES
from app.runtime import settings
from app.services.tokens import signing_keys
from app.services.tokens.public_keys import ALGORITHMS


def describe_authorization_server() -> dict[str, Any]:
    """Build the RFC 8414 document; the OpenID document contains the same and more."""
    base = settings().base_url
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}{PREFIX}/token",
        "introspection_endpoint": f"{base}{PREFIX}/token/introspect",
        "revocation_endpoint": f"{base}{PREFIX}/token/revoke",
        "device_authorization_endpoint": f"{base}{PREFIX}/device_authorization",
        "pushed_authorization_request_endpoint": f"{base}{PREFIX}/par",
        "require_pushed_authorization_requests": False,
        "jwks_uri": f"{base}/oauth/jwks",
        "response_types_supported": RESPONSE_TYPES,
        "response_modes_supported": RESPONSE_MODES,
        "grant_types_supported": GRANT_TYPES,
        "token_endpoint_auth_methods_supported": METHOD_NAMES,
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": METHOD_NAMES,
        "introspection_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "introspection_signing_alg_values_supported": signing_keys.ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": METHOD_NAMES,
        "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "code_challenge_methods_supported": S256Only.SUPPORTED_CODE_CHALLENGE_METHOD,
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": "request" not in UNSUPPORTED,
        "request_uri_parameter_supported": "request_uri" not in UNSUPPORTED,
        "claims_parameter_supported": True,
        "ui_locales_supported": list(LANGUAGES),
        "scopes_supported": sorted(STANDARD_SCOPES),
    }


def describe_openid_provider() -> dict[str, Any]:
    """Build the OpenID Connect Discovery document."""
    base = settings().base_url
    return describe_authorization_server() | {
        "userinfo_endpoint": f"{base}{PREFIX}/userinfo",
        "end_session_endpoint": f"{base}/oauth/logout",
        "acr_values_supported": ACR_VALUES,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": signing_keys.ALGORITHMS,
        "prompt_values_supported": PROMPTS,
        "claims_supported": [*ID_TOKEN_CLAIMS, *(claim.name for claim in CLAIMS if claim.scope is not None)],
    }
