"""Metadata of the one protected resource that is ours: this server's own API (RFC 9728)."""

from __future__ import annotations

from typing import Any

from app.policy.scopes import STANDARD_SCOPES
from app.runtime import settings

PATH = "/.well-known/oauth-protected-resource"


def describe_protected_resource() -> dict[str, Any]:
    """Build the document: whose tokens the API takes, and where in a request (RFC 9728 2)."""
    base = settings().base_url
    return {
        "resource": base,
        "authorization_servers": [base],
        "jwks_uri": f"{base}/oauth/jwks",
        "scopes_supported": sorted(STANDARD_SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": "Argus API",
        "resource_documentation": f"{base}/docs",
    }
