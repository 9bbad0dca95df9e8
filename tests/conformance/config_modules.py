"""The modules that read discovery. Each says in one line what the suite demands."""

from __future__ import annotations

from typing import Any

from tests.conformance.kit import OPENID
from tests.conformance.kit import Module
from tests.conformance.kit import Walk
from tests.conformance.kit import collector

MODULES: dict[str, Module] = {}
named = collector(MODULES)
HTTPS = "https://id.example.com"
LISTS = ("response_types", "subject_types", "id_token_signing_alg_values", "grant_types", "scopes", "claims")
TRULY = ("claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported")


def reads(walk: Walk, path: str) -> dict[str, Any]:
    """A document of this server as it stands behind https."""
    answer = walk.app.test_client().get(path, base_url=HTTPS)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return dict(answer.json)


def check_addresses(told: dict[str, Any]) -> None:
    endpoints = {n: url for n, url in told.items() if n.endswith(("_endpoint", "_uri")) or n == "issuer"}
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= set(endpoints)
    for url in endpoints.values():
        assert url.startswith(HTTPS)
        assert "#" not in url
    assert told["issuer"] == HTTPS


@named("oidcc-discovery-endpoint-verification")
def discovery(walk: Walk) -> None:
    """Issuer, endpoints by https, keys, and lists that are lists and hold what OpenID Connect needs."""
    told = reads(walk, OPENID)
    check_addresses(told)
    for name in LISTS:
        values = told[f"{name}_supported"]
        assert values
        assert len(set(values)) == len(values)
    assert "code" in told["response_types_supported"]
    assert set(told["subject_types_supported"]) <= {"public", "pairwise"}
    assert "RS256" in told["id_token_signing_alg_values_supported"]
    assert "openid" in told["scopes_supported"]
    assert "S256" in told["code_challenge_methods_supported"]
    assert all(isinstance(told[name], bool) for name in TRULY)
    keys = reads(walk, told["jwks_uri"].removeprefix(HTTPS))["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) > 0
    for key in keys:
        assert key["use"] == "sig"
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)


@named("oidcc-rp-initiated-logout-discovery-endpoint-verification")
def logout(walk: Walk) -> None:
    """Every endpoint by https, the end_session_endpoint among them."""
    told = reads(walk, OPENID)
    check_addresses(told)
    assert told["end_session_endpoint"].startswith(HTTPS)
