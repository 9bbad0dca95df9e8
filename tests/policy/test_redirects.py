"""Redirect URIs: registered strictly, matched by bytes; own pages after a login."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import redirects

GOOD = [
    "https://app.example.com/callback",
    "https://app.example.com:8443/callback?own=query",
    "https://app.example.com",
    "https://[2001:db8::1]/cb",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:8081/callback",
    "http://[::1]:8081/callback",
    "http://localhost/callback",
]
APPS = [
    "com.example.app:/oauth2redirect",
    "com.example.app://callback/x?own=query",
    "oc://ios.owncloud.com",
    "app.immich:///oauth-callback",
    "msauth.com.Example.App://auth",
    "oc:",
    "oc:callback",
    "myapp://",
    "vscode://publisher.extension/callback",
    "com.example.app-2+x:/cb",
]
BAD = [
    "", " ", "callback", "/callback", "//app.example.com/", "http://app.example.com/",
    "ftp://app.example.com/",
    "javascript:alert(1)", "data:text/html,x", "https://", "https:///path", "https:/path", "https:path",
    "https://app.example.com/*", "https://app.example.com/?a=*", "com.example.app:/*", "*:/cb", "https:",
    ":/cb",
    "localhost:3000/cb", "localhost:/cb", "app.example.com:8443/cb", "127.0.0.1:8080", "1app:/cb", "a_b:/cb",
    "com.example.app:/cb#", "oc://user@ios.example.com", "oc://host:99999", "oc://host:x", "oc://[::1", "oc://-x/",
    "https://app.example.com/#",
    "https://app.example.com/#f", "https://user@app.example.com/", "https://user:pw@app.example.com/",
    "https://*.example.com/", "https://app.example.com/a b", "https://app.example.com/\n",
    "https://app.example.com/\\",
    'https://app.example.com/"', "https://app.example.com/'", "https://app.example.com/<",
    "https://\u00e6.example.com/",
    "https://app.example.com:0/", "https://app.example.com:99999/", "https://app.example.com:x/",
    "https://[::1/", "https://x;sandbox/cb", "https://x,y/cb", "https://x;script-src%20*/", "https://-x/", "https://x!/",
    "http://127.0.0.1:99999/cb", "http://127.0.0.1:65536/cb", "https://[::1]x/",
    "https://app.example.com/" + "x" * 2048, "http://127.0.0.1.example.com/", "http://128.0.0.1/",
]  # fmt: skip

OWN_QUERIES = (
    "", "?", "?/login/oidc", "?test", "?e=%E9", "?a[]=1", "?a=1;b=2", "?x=%20y", "?x=+y", "?a=", "?a&b",
    "?a=1&", "?x=%C3%A9", "?x=%2F&X=%2f", "?a=1&a=2", "?=", "??", "?u=https://x/?y", "?code=own",
)  # fmt: skip


@pytest.mark.parametrize("uri", GOOD + APPS)
def test_what_may_be_registered(uri: str) -> None:
    assert redirects.find_registration_problem(uri) is None


@pytest.mark.parametrize("uri", [*BAD, None, 1, True, [], {}])
def test_what_may_not(uri: object) -> None:
    """RFC 9700 2.1: absolute, https but for loopback, no fragment, no user, plain ASCII; told what to do."""
    problem = redirects.find_registration_problem(uri)
    assert problem is not None
    assert problem.endswith(".")


@pytest.mark.parametrize(
    ("uri", "at_home", "in_public"),
    [
        ("https://app.example.com/out?x", True, True),
        ("https://10.0.0.1/", True, True),
        ("http://127.0.0.1:8081/out", True, False),
        ("http://[::1]/", True, False),
        ("http://localhost/", True, False),
        ("http://app.example.com/", False, False),
        ("com.example.app:/out", False, False),
        ("https://app.example.com/#x", False, False),
        ("https://u:p@app.example.com/", False, False),
        ("https://*.example.com/", False, False),
        ("", False, False),
        (7, False, False),
    ],
)
def test_what_may_be_called(uri: object, at_home: bool, in_public: bool) -> None:
    """In clear only by a server, and at one, that nobody else reaches."""
    assert (redirects.find_receiver_problem(uri, own_machine=True) is None) is at_home
    assert (redirects.find_receiver_problem(uri, own_machine=False) is None) is in_public


def test_an_applications_own_address_is_https() -> None:
    assert redirects.find_main_uri_problem("https://app.example.com/#start") is None
    for uri in ("http://127.0.0.1/", "http://app.example.com", "javascript:x", "", None, "https://a b",
                "https:///x",
                "https://a:99999/", "https://app.example.com/a b", "com.example.app:/x"):  # fmt: skip
        assert redirects.find_main_uri_problem(uri) is not None


@pytest.mark.parametrize("uri", GOOD)
def test_a_uri_matches_itself(uri: str) -> None:
    for public in (True, False):
        assert redirects.matches(uri, [uri], public_client=public)
        assert not redirects.matches(uri, [], public_client=public)


@pytest.mark.parametrize("uri", APPS)
def test_an_app_is_returned_to_by_public_clients_only(uri: str) -> None:
    """RFC 8252 7.1, 8.1: PKCE is what protects it, and a secret in an app is none."""
    assert redirects.matches(uri, [uri], public_client=True)
    assert not redirects.matches(uri, [uri], public_client=False)
    assert not redirects.matches(uri + "x", [uri], public_client=True)
    assert not redirects.matches(uri.upper(), [uri], public_client=True)


NAMED = {
    "https://app.example.com/#x": "fragment",
    "https://user@app.example.com/": "user name",
    "https://app.example.com:99999/": "port",
    "https:///path": "host",
    "app.example.com/callback": "scheme",
    "localhost:3000/cb": "scheme",
    "https://app.example.com/*": "*",
    "mailto:x@example.com": "scheme",
    "oc://host:99999": "port",
    "http://app.example.com/": "https",
    "https://app.example.com/a b": "spaces",
}


@pytest.mark.parametrize(("uri", "piece"), NAMED.items())
def test_the_wrong_piece_is_named(uri: str, piece: str) -> None:
    problem = redirects.find_registration_problem(uri) or ""
    assert piece in problem
    assert "example.com" not in problem.replace("https://app.example.com/callback", "")


@given(st.sampled_from(GOOD + APPS), st.text(max_size=60))
def test_a_uri_matches_nothing_else(uri: str, other: str) -> None:
    """Security rule 32: byte equality, no prefix, no normalising."""
    for changed in (other, uri + other, uri.upper(), uri + "/", uri + "?", uri.replace("https", "HTTPS")):
        if changed != uri:
            assert not redirects.matches(changed, [uri], public_client=False)


def test_the_loopback_port_is_free_for_public_clients_only() -> None:
    """RFC 8252 7.3, RFC 9700 4.1.3: any port, the rest equal; each name of this machine is its own."""
    registered = ["http://127.0.0.1/cb", "http://[::1]:1/cb", "http://localhost/cb"]
    assert redirects.matches("http://127.0.0.1:50000/cb", registered, public_client=True)
    assert redirects.matches("http://[::1]:50000/cb", registered, public_client=True)
    assert not redirects.matches("http://127.0.0.1:50000/cb", registered, public_client=False)
    assert redirects.matches("http://localhost:50000/cb", registered, public_client=True)
    assert not redirects.matches("http://localhost:50000/cb", registered, public_client=False)
    assert not redirects.matches("http://localhost:50000/cb", registered[:2], public_client=True)
    assert not redirects.matches("http://127.0.0.1:50000/cb", registered[2:], public_client=True)
    assert not redirects.matches("http://localhost.evil.example:50000/cb", registered, public_client=True)
    assert not redirects.matches("https://localhost:50000/cb", registered, public_client=True)
    assert not redirects.matches("http://127.0.0.1:50000/other", registered, public_client=True)
    assert not redirects.matches("http://127.0.0.2:50000/cb", registered, public_client=True)
    assert redirects.matches("http://localhost:3000", ["http://localhost"], public_client=True)
    assert redirects.matches("http://[::1]", ["http://[::1]:9"], public_client=True)
    assert not redirects.matches("http://localhost:3000/", ["http://localhost"], public_client=True)
    assert not redirects.matches("http://[::2]:1", ["http://[::1]"], public_client=True)
    for port in (0, 65_536, 99_999):
        assert not redirects.matches(f"http://127.0.0.1:{port}/cb", registered, public_client=True)
    assert redirects.matches("http://127.0.0.1:65535/cb", registered, public_client=True)
    assert not redirects.matches("http://127.0.0.1:50000@evil.example/cb", registered, public_client=True)


@pytest.mark.parametrize("query", OWN_QUERIES)
def test_parameters_are_appended(query: str) -> None:
    """RFC 6749 3.1.2: the registered query is retained, here byte by byte."""
    uri = "https://app.example.com/cb" + query
    sent = redirects.append_parameters(uri, [("code", "a+/="), ("state", "s t")])
    between = "?" if not query else "" if query[-1] in "?&" else "&"
    assert sent == uri + between + "code=a%2B%2F%3D&state=s+t"
    assert redirects.append_parameters(sent, [("iss", "x")]) == sent + "&iss=x"


@pytest.mark.parametrize("target", ["/", "/account?x=1", "/a/b#c"])
def test_own_pages(target: str) -> None:
    assert redirects.check_next(target) == target


@pytest.mark.parametrize(
    "target",
    ["", "account", "//evil.example", "/\\evil.example", "/a\\b", "https://evil.example", "/a\n",
    "/a\tb", "/\u00e6",
     "/" + "x" * 9000, None, 1, "javascript:x"],
)  # fmt: skip
def test_nowhere_else(target: object) -> None:
    """Security rule 40: own-origin paths only."""
    assert redirects.check_next(target) is None


def test_nothing_is_told_as_nothing() -> None:
    assert redirects.find_registration_problem("") == redirects.find_registration_problem(None)
    assert redirects.find_registration_problem("") != redirects.find_registration_problem("a b")
