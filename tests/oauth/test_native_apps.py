"""Applications of the device: private-use schemes and loopback addresses (RFC 8252, design decision 12)."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from app.models.clients import OAuthClient
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.web.kit import text_of
from tests.world import World

CLIENTS = "/authentication/v1/oauth/client"
APPS = (
    "com.example.app:/oauth2redirect",
    "oc://ios.owncloud.com",
    "app.immich:///oauth-callback",
    "oc:",
    "msauth.com.Example.App://auth?own=query&x=%20y",
)
LOOPBACK = ("http://127.0.0.1/cb", "http://localhost", "http://[::1]/cb?x=1")


def app_of(app: Flask, world: World, *uris: str, **fields: Any) -> RelyingParty:
    """A public client that alice may use, with these addresses."""
    client_id = world.client(
        authentication_method="none",
        redirect_uris=list(uris),
        post_logout_redirect_uris=list(uris),
        **fields,
    )
    return RelyingParty(app, client_id, secret=None)


def added(uri: str, location: str) -> Mapping[str, str]:
    """The parameters behind the registered address, of which not a byte has changed."""
    joint = "&" if "?" in uri else "?"
    assert location.startswith(uri + joint), location
    return returned("https://x/?" + location.removeprefix(uri + joint))


@pytest.mark.parametrize("uri", APPS)
def test_from_login_to_log_out(app: Flask, world: World, alice: Person, uri: str) -> None:
    """Approve, redeem, silently again, refuse, and the log-out that returns to the app."""
    rp = app_of(app, world, uri)
    back = added(uri, alice.approves(rp.url(redirect_uri=uri)))
    assert set(back) == {"code", "state", "iss"}
    tokens = rp.redeems(back["code"], redirect_uri=uri).json
    silent = alice.visits(rp.url(redirect_uri=uri, prompt="none"))
    assert added(uri, silent.headers["Location"])["code"]
    assert added(uri, alice.denies(rp.url(redirect_uri=uri, prompt="consent")))["error"] == "access_denied"
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri, "state": "z"}
    out = alice.visits("/oauth/logout?" + urlencode(asked))
    assert out.status_code == 303
    assert added(uri, out.headers["Location"]) == {"state": "z"}
    # Nobody is there any more: at once, and as it was registered.
    again = alice.visits("/oauth/logout?" + urlencode(asked | {"state": ""}))
    assert again.headers["Location"] == uri


@pytest.mark.parametrize("uri", APPS)
def test_errors_reach_the_app(app: Flask, world: World, alice: Person, uri: str) -> None:
    """By redirect, and by the button of a page; a form is not sent to an app."""
    rp = app_of(app, world, uri)
    assert added(uri, alice.visits(rp.url(redirect_uri=uri, prompt="none")).headers["Location"])["error"] == (
        "login_required"
    )
    page = alice.visits(rp.url(redirect_uri=uri, scope="phone"))
    link = re.search(r'href="([^"]+)">Return to App<', page.text)
    assert link is not None
    assert added(uri, html.unescape(link[1]))["error"] == "invalid_scope"
    alice.logs_in()
    for mode in ("form_post", "fragment"):
        answer = alice.visits(rp.url(redirect_uri=uri, response_mode=mode))
        assert answer.status_code == 303
        assert added(uri, answer.headers["Location"])["error"] == "invalid_request"
    refused = Person(app, "admin-less")
    world.user("admin-less", "acme")
    refused.logs_in()
    page = refused.visits(rp.url(redirect_uri=uri))
    link = re.search(r'href="([^"]+)">Return to App<', page.text)
    assert link is not None
    assert added(uri, html.unescape(link[1]))["error"] == "access_denied"


def test_the_page_says_where_one_returns_to(
    app: Flask, world: World, rp: RelyingParty, alice: Person
) -> None:
    """A site, a program or an app of the device."""
    alice.logs_in()
    native = app_of(app, world, APPS[0], LOOPBACK[0], name="native")
    for client, uri, words in (
        (native, APPS[0], "an app on this device that answers to com.example.app:"),
        (native, "http://127.0.0.1:53421/cb", "a program on this device (127.0.0.1:53421)"),
        (rp, "https://app.example.com/callback", "app.example.com"),
    ):
        page = alice.visits(client.url(redirect_uri=uri))
        assert f"<dt>Returns to</dt><dd>{words}</dd>" in page.text


def test_pkce_is_never_left_out(app: Flask, world: World, alice: Person) -> None:
    """Even where a row says that it may be: another app may take the scheme (RFC 8252 8.1)."""
    rp = app_of(app, world, APPS[0], insecure_without_pkce=True, client_ip_range=["127.0.0.1/32"])
    alice.logs_in()
    answer = alice.visits(rp.url(redirect_uri=APPS[0], code_challenge=None, code_challenge_method=None))
    assert added(APPS[0], answer.headers["Location"])["error"] == "invalid_request"


def test_a_row_with_a_secret_returns_to_no_app(app: Flask, world: World, alice: Person) -> None:
    """Whoever wrote the row: an error page."""
    client_id = world.client(redirect_uris=[APPS[0]], post_logout_redirect_uris=[APPS[0]])
    answer = alice.visits(RelyingParty(app, client_id).url(redirect_uri=APPS[0]))
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


# --- Registration ------------------------------------------------------------------------------------------


def body(**changes: Any) -> dict[str, Any]:
    given = {
        "shortName": "native", "name": "Native", "description": "An app", "mainURI": "https://app.example.com/",
        "requiredFunction": "useApp", "permissionScope": "APP-ROLE", "clientIPRange": ["10.0.0.0/8"],
        "authenticationMethod": "none", "redirectURIs": ["https://app.example.com/cb", *APPS],
        "postLogoutRedirectURIs": [APPS[0]],
    }  # fmt: skip
    return given | changes


def fields_of(answer: Any) -> list[str]:
    assert answer.status_code == 412, answer.data
    return [message["field"] for message in answer.json["messages"]]


def test_for_applications_without_a_secret_and_with_pkce(world: World, admin: ApiCaller) -> None:
    """Whichever field makes the whole wrong is named; nothing is changed."""
    assert admin.post(CLIENTS, body()).status_code == 201
    (before,) = world.rows(OAuthClient)
    secret = {"clientSecret": "a secret that is long enough"}
    wrong: list[tuple[dict[str, Any], list[str]]] = [
        ({"authenticationMethod": "password", **secret}, ["authenticationMethod"]),
        ({"insecureWithoutPkce": True}, ["insecureWithoutPkce"]),
        (
            {"authenticationMethod": "password", "redirectURIs": ["https://a.example/", "oc://x"], **secret},
            ["redirectURIs[1]"],
        ),
        ({"insecureWithoutPkce": True, "redirectURIs": ["https://a.example/"]}, ["insecureWithoutPkce"]),
        ({"insecureWithoutPkce": True, "postLogoutRedirectURIs": []}, ["insecureWithoutPkce"]),
    ]
    for change, fields in wrong:
        assert fields_of(admin.put(f"{CLIENTS}/native", change)) == fields
    (after,) = world.rows(OAuthClient)
    assert after.version == before.version
    for method, extra in (("password", secret), ("none", {"insecureWithoutPkce": True})):
        made = body(shortName="other", authenticationMethod=method, **extra)
        assert fields_of(admin.post(CLIENTS, made)) == [
            *(f"redirectURIs[{n}]" for n in range(1, 6)), "postLogoutRedirectURIs[0]",
        ]  # fmt: skip
    web = {"redirectURIs": ["https://app.example.com/cb"], "postLogoutRedirectURIs": []}
    assert admin.put(f"{CLIENTS}/native", web | {"insecureWithoutPkce": True}).status_code == 200
    assert admin.put(f"{CLIENTS}/native", web | {"insecureWithoutPkce": False}).status_code == 200
    assert admin.put(f"{CLIENTS}/native", {"authenticationMethod": "password", **secret}).status_code == 200
    assert fields_of(admin.put(f"{CLIENTS}/native", {"redirectURIs": ["oc://x"]})) == ["redirectURIs[0]"]


NO_APPS = (
    "javascript:alert(1)//", "data:text/html,x", "intent://x", "chrome://x", "HTTPX://x", "oc://*",
    "localhost:3000/cb", "oc://u@x", "web+x:y", "com.example.app:/cb#x",
)  # fmt: skip


@pytest.mark.parametrize("field", ["redirectURIs", "postLogoutRedirectURIs"])
@pytest.mark.parametrize("uri", NO_APPS)
def test_what_no_app_is_named_by(world: World, admin: ApiCaller, field: str, uri: str) -> None:
    """Named by its place, with a reason, and not repeated."""
    answer = admin.post(CLIENTS, body(**{field: ["https://app.example.com/", uri]}))
    assert fields_of(answer) == [f"{field}[1]"]
    assert uri not in answer.text


# --- Which part differs ------------------------------------------------------------------------------------

DIFFERENT = {
    "http://app.example.com/callback": "what it begins with, such as https, is not the same",
    "https://other.example.com/callback": "the host is not the same",
    "https://app.example.com:8443/callback": "the port is not the same",
    "https://app.example.com/other": "the path is not the same",
    "https://app.example.com/callback?x": "the query, from ? on, is not the same",
    "https://app.example.com/callback#x": "it must not hold a #",
}


@pytest.mark.parametrize(("uri", "words"), DIFFERENT.items())
def test_the_page_names_the_part(rp: RelyingParty, app: Flask, uri: str, words: str) -> None:
    """Design decision 12: the word alone; neither address is shown to whoever asks."""
    page = Person(app).visits(rp.url(redirect_uri=uri))
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert words in html.unescape(text_of(page))
    assert "app.example.com" not in page.text


@pytest.mark.parametrize(
    ("asked", "works"),
    [
        ("http://127.0.0.1:53421/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://localhost:3000", True),
        ("http://localhost", True),
        ("http://localhost:3000/", False),
        ("http://localhost:3000/cb", False),
        ("http://[::1]:4000/cb?x=1", True),
        ("http://[::1]:4000/cb", False),
        ("http://127.0.0.1:0/cb", False),
        ("https://127.0.0.1:53421/cb", False),
    ],
)
def test_a_program_listens_where_it_can(
    app: Flask, world: World, alice: Person, asked: str, works: bool
) -> None:
    """RFC 8252 7.3: any port, of the name or address it registered, also after the log-out."""
    rp = app_of(app, world, *LOOPBACK)
    alice.logs_in()
    page = alice.visits(rp.url(redirect_uri=asked))
    assert page.status_code == (200 if works else 400)
    if works and asked != "http://localhost":  # where these tests have the server
        code = added(asked, alice.approves(rp.url(redirect_uri=asked)))["code"]
        tokens = rp.redeems(code, redirect_uri=asked).json
        query = urlencode({"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": asked})
        assert alice.visits("/oauth/logout?" + query).headers["Location"] == asked
