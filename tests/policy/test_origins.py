"""Origins of redirect URIs, as browsers write them."""

from __future__ import annotations

import pytest

from app.policy import origins

FOUND = {
    "https://app.example.com/callback?own=query": "https://app.example.com",
    "https://app.example.com": "https://app.example.com",
    "https://App.Example.COM:443/x": "https://app.example.com",
    "HTTPS://app.example.com/x": "https://app.example.com",
    "https://app.example.com:8443/x": "https://app.example.com:8443",
    "http://127.0.0.1:80/cb": "http://127.0.0.1",
    "http://localhost:8081": "http://localhost:8081",
    "https://[2001:DB8:0:0::1]:443/cb": "https://[2001:db8::1]",
    "http://[::1]:5000/cb": "http://[::1]:5000",
    "com.example.app:/oauth2redirect": None,
    "app.immich:///oauth-callback": None,
    "oc://ios.owncloud.com": None,
    "https:///x": None,
    "": None,
}


@pytest.mark.parametrize(("uri", "origin"), FOUND.items())
def test_the_origin_of_a_uri(uri: str, origin: str | None) -> None:
    assert origins.find_origin(uri) == origin


@pytest.mark.parametrize("uri", [uri for uri, origin in FOUND.items() if origin])
def test_a_uri_gives_its_own_origin(uri: str) -> None:
    own = origins.find_origin(uri) or ""
    assert origins.is_origin_of_any(own, ["com.example.app:/cb", uri])
    assert not origins.is_origin_of_any(own, [])
    for other in ("", "null", "*", own + "/", own + ".", own.upper(), own + "0", "https://evil.example"):
        assert not origins.is_origin_of_any(other, [uri]) or "localhost" in own or "[::1]" in own


def test_a_free_port_is_the_loopbacks_alone() -> None:
    registered = ["http://127.0.0.1/cb", "https://localhost:1/cb", "https://app.example.com/"]
    assert origins.is_origin_of_any("http://127.0.0.1:50000", registered)
    for other in (
        "http://localhost:50000",
        "https://localhost:2",
        "https://app.example.com:2",
        "http://127.0.0.1:0",
    ):
        assert not origins.is_origin_of_any(other, registered)
