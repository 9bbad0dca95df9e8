"""RFC 9700 (OAuth 2.0 Security BCP): what sections 2 and 4 demand of an authorization server.

A row for each MUST and SHOULD that can be seen from outside; the other tests treat each at length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conformance.kit import ISSUER
from tests.conformance.kit import OPENID
from tests.conformance.kit import USERINFO
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.world import REDIRECT
from tests.world import World

CLIENTS = "/authentication/v1/oauth/client"


class Scene:
    """A public and a confidential client, a person, and an administrator."""

    def __init__(self, app: Flask, world: World, admin: ApiCaller) -> None:
        self.app, self.world, self.admin = app, world, admin
        self.alice = Person(app)
        self.rp = RelyingParty(app, world.client("web"))
        self.public = RelyingParty(app, world.client("cli", authentication_method="none"), secret=None)

    @property
    def told(self) -> dict[str, Any]:
        return dict(self.app.test_client().get(OPENID).json)

    def changes(self, **fields: Any) -> TestResponse:
        """An administrator's change of the confidential client."""
        return self.admin.put(f"{CLIENTS}/{self.rp.client_id}", fields)


Row = Callable[[Scene], None]
ROWS: dict[str, Row] = {}


def demands(section: str) -> Callable[[Row], Row]:
    def put(row: Row) -> Row:
        assert section not in ROWS
        ROWS[section] = row
        return row

    return put


def page_without_redirect(page: TestResponse) -> None:
    assert page.status_code == 400
    assert "Location" not in page.headers


def registers(it: Scene, uri: str) -> None:
    answer = it.changes(redirectURI=[uri])
    assert answer.status_code == 412, answer.json


@demands("2.1 redirect URIs are compared as exact strings")
def exact(it: Scene) -> None:
    page_without_redirect(it.alice.visits(it.rp.url(redirect_uri=REDIRECT + "/")))


@demands("2.1 except for the port of a loopback address of a native app")
def loopback(it: Scene) -> None:
    it.world.change_client(it.public.client_id, redirect_uris=["http://127.0.0.1/back"])
    answer = it.alice.visits(it.public.url(redirect_uri="http://127.0.0.1:49152/back"))
    assert urlsplit(answer.headers["Location"]).path == "/login"


@demands("2.1 no open redirector, and no automatic redirect before the person is known (4.11.2)")
def no_open_redirector(it: Scene) -> None:
    page_without_redirect(it.alice.visits(it.rp.url(response_type="token")))


@demands("2.1 cross-site request forgery: a nonce, a state or PKCE is returned or held")
def csrf(it: Scene) -> None:
    assert it.rp.sends(it.alice)["state"] == it.rp.state


@demands("2.1 mix-up: the issuer in each answer, and discovery says so (4.4.2.1)")
def issuer(it: Scene) -> None:
    assert it.told["authorization_response_iss_parameter_supported"] is True
    assert it.rp.sends(it.alice)["iss"] == ISSUER == it.told["issuer"]


@demands("2.1 307 is not used where credentials may be forwarded, 303 is (4.12)")
def status_303(it: Scene) -> None:
    it.alice.visits(it.rp.url())
    answer = it.alice.logs_in()
    assert answer.status_code == 303


@demands("2.1.1 PKCE is supported, and public clients must use it")
def public_pkce(it: Scene) -> None:
    it.alice.logs_in()
    location = it.alice.visits(it.public.url(code_challenge=None, code_challenge_method=None)).headers[
        "Location"
    ]
    assert returned(location)["error"] == "invalid_request"


@demands("2.1.1 the challenge method does not expose the verifier: S256 alone")
def s256(it: Scene) -> None:
    assert it.told["code_challenge_methods_supported"] == ["S256"]


@demands("2.1.1 a sent challenge is enforced at the token endpoint")
def enforced(it: Scene) -> None:
    code = it.rp.sends(it.alice)["code"]
    assert it.rp.redeems(code, code_verifier="v" * 43).json["error"] == "invalid_grant"


@demands("2.1.1 no downgrade: a verifier without a challenge is refused (4.8.2)")
def downgrade(it: Scene) -> None:
    code = it.rp.sends(it.alice, code_challenge=None, code_challenge_method=None)["code"]
    assert it.rp.redeems(code).json["error"] == "invalid_grant"


@demands("2.1.1 metadata tells that PKCE is supported")
def metadata_pkce(it: Scene) -> None:
    document = it.app.test_client().get("/.well-known/oauth-authorization-server").json
    assert document["code_challenge_methods_supported"]


@demands("2.1.2 no token in the authorization response")
def no_implicit(it: Scene) -> None:
    assert it.told["response_types_supported"] == ["code"]


@demands("2.2.1 access tokens can be bound to their sender (4.10.1)")
def sender(it: Scene) -> None:
    it.rp.prover = Prover(Signer())
    tokens = it.rp.obtains(it.alice)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert it.app.test_client().get(USERINFO, headers=headers).status_code == 401


@demands("2.2.2 refresh tokens of public clients rotate or are bound, and a replay ends them (4.14.2)")
def rotation(it: Scene) -> None:
    first = it.public.obtains(it.alice)
    second = it.public.refreshes(first["refresh_token"]).json
    third = it.public.refreshes(second["refresh_token"]).json
    assert it.public.refreshes(first["refresh_token"]).json["error"] == "invalid_grant"
    assert it.public.refreshes(third["refresh_token"]).json["error"] == "invalid_grant"


@demands("2.3 privileges are restricted: an access token holds the scopes that were granted, and no others")
def narrow(it: Scene) -> None:
    tokens = it.rp.obtains(it.alice, scope="openid")
    assert "name" not in it.rp.calls(USERINFO, tokens["access_token"]).json


@demands("2.4 the password grant is not used")
def no_password_grant(it: Scene) -> None:
    answer = it.rp.posts(grant_type="password", username="alice", password=it.alice.password)
    assert answer.json["error"] == "unsupported_grant_type"


@demands("2.5 clients are authenticated where they can be, by keys if they like")
def client_authentication(it: Scene) -> None:
    assert "private_key_jwt" in it.told["token_endpoint_auth_methods_supported"]
    stranger = RelyingParty(it.app, it.rp.client_id, secret="wrong")
    assert stranger.refreshes("x").json["error"] == "invalid_client"


@demands("2.6 metadata is published")
def metadata(it: Scene) -> None:
    assert it.app.test_client().get("/.well-known/oauth-authorization-server").json["issuer"] == ISSUER


@demands("2.6 no CORS at the authorization endpoint")
def no_cors(it: Scene) -> None:
    page = it.app.test_client().get(it.rp.url(), headers={"Origin": "https://app.example.com"})
    assert "Access-Control-Allow-Origin" not in page.headers


@demands("2.6 redirect URIs are not http but on the loopback")
def no_http(it: Scene) -> None:
    registers(it, "http://app.example.com/callback")


@demands("4.1.3 no pattern is registered")
def no_pattern(it: Scene) -> None:
    registers(it, "https://*.example.com/callback")


@demands("4.1.3 a redirect URI has no fragment, and none is carried on")
def no_fragment(it: Scene) -> None:
    registers(it, "https://app.example.com/callback#x")
    assert not urlsplit(it.alice.approves(it.rp.url())).fragment


@demands("4.2.4 the pages tell no address to others: Referrer-Policy, and no foreign resource")
def referrer(it: Scene) -> None:
    page = it.app.test_client().get("/login")
    assert page.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert (
        "default-src 'self'" in page.headers["Content-Security-Policy"]
        or "default-src 'none'" in (page.headers["Content-Security-Policy"])
    )


@demands("4.2.4 a code counts once, and a second use ends what the first bought (4.5.3)")
def single_use(it: Scene) -> None:
    code = it.rp.sends(it.alice)["code"]
    token = it.rp.redeems(code).json["access_token"]
    assert it.rp.redeems(code).json["error"] == "invalid_grant"
    assert it.rp.calls(USERINFO, token).status_code == 401


@demands("4.2.4 and 4.3.2 form_post is offered instead of a code in an address")
def form_post(it: Scene) -> None:
    assert "form_post" in it.told["response_modes_supported"]


@demands("4.3.2 no access token in a query")
def no_query(it: Scene) -> None:
    token = it.rp.obtains(it.alice)["access_token"]
    assert it.app.test_client().get(USERINFO, query_string={"access_token": token}).status_code == 401


@demands("4.5.3 a code belongs to its client")
def bound_code(it: Scene) -> None:
    other = RelyingParty(it.app, it.world.client("other"))
    other.verifier = it.rp.verifier
    assert other.redeems(it.rp.sends(it.alice)["code"]).json["error"] == "invalid_grant"


@demands("4.7.1 the state that is returned is that of the request")
def state(it: Scene) -> None:
    back = returned(it.alice.approves(it.rp.url(state='s "t\\e&+')))
    assert back["state"] == 's "t\\e&+'


@demands("4.9 a resource server learns of tokens of its own clients only")
def introspection(it: Scene) -> None:
    token = it.rp.obtains(it.alice)["access_token"]
    other = RelyingParty(it.app, it.world.client("other"))
    assert other.introspects(token) == {"active": False}


@demands("4.11.2 an error of an unknown client or address is a page")
def unknown_client(it: Scene) -> None:
    page_without_redirect(it.alice.visits(it.rp.url(client_id="nobody")))


@demands("4.13 headers that a proxy sets are not taken from strangers")
def proxies(it: Scene) -> None:
    it.world.change_client(it.rp.client_id, client_ip_range=["192.0.2.0/24"])
    answer = it.app.test_client().post(
        "/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": "x"},
        auth=(it.rp.client_id, it.rp.secret or ""),
        headers={"X-Forwarded-For": "192.0.2.1"},
    )
    assert answer.json["error"] == "invalid_client"


@demands("4.14.2 a refresh token is bound to the scopes that were consented to")
def refresh_scopes(it: Scene) -> None:
    token = it.rp.obtains(it.alice, scope="openid")["refresh_token"]
    assert it.rp.refreshes(token, scope="openid email").json["error"] == "invalid_scope"


@demands("4.14.2 refresh tokens end with the log-out")
def ended(it: Scene) -> None:
    token = it.rp.obtains(it.alice)["refresh_token"]
    it.alice.logs_out()
    assert it.rp.refreshes(token).json["error"] == "invalid_grant"


@demands("4.15.1 a client cannot be taken for a person: its subject is a person's id")
def subjects(it: Scene) -> None:
    token = it.rp.obtains(it.alice)["access_token"]
    assert it.rp.calls(USERINFO, token).json["sub"].isdigit()
    assert not it.rp.client_id.isdigit()


@demands("4.16.1 no framing: Content-Security-Policy and X-Frame-Options on each page")
def framing(it: Scene) -> None:
    it.alice.logs_in()
    page = it.alice.visits(it.rp.url())
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"


@demands("4.17 no messages between windows; an answer by form goes to the registered address alone")
def form_target(it: Scene) -> None:
    page_without_redirect(it.alice.visits(it.rp.url(response_mode="form_post", redirect_uri=REDIRECT + "/x")))


@pytest.mark.parametrize("section", ROWS, ids=str)
def test_rfc_9700(app: Flask, world: World, admin: ApiCaller, section: str) -> None:
    ROWS[section](Scene(app, world, admin))
