"""Resource servers: introspection of others' tokens, signed answers, metadata of the API (decision 058)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet

from app.services.tokens import signing_keys
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.world import REDIRECT
from tests.world import World

CLIENTS = "/authentication/v1/oauth/client"
INTROSPECT = TOKEN + "/introspect"
SIGNED = "application/token-introspection+jwt"
RESOURCE = "/.well-known/oauth-protected-resource"


@pytest.fixture
def gateway(app: Flask, world: World, rp: RelyingParty, admin: ApiCaller) -> RelyingParty:
    """A resource server that the application names, calling from an address of its own."""
    found = RelyingParty(app, world.client("gateway", client_ip_range=["10.1.1.1/32"]), address="10.1.1.1")
    answer = admin.put(f"{CLIENTS}/{rp.client_id}", {"resourceServers": ["gateway"]})
    assert answer.json["data"]["resourceServers"] == [found.client_id], answer.data
    world.change_client(rp.client_id, client_ip_range=["127.0.0.1/32"])
    return found


def test_it_learns_what_the_client_learns(rp: RelyingParty, gateway: RelyingParty, alice: Person) -> None:
    """RFC 7662 2.2, RFC 9470 6.2: whose token it is, and how that person had logged in."""
    token = rp.obtains(alice)["access_token"]
    told = gateway.introspects(token)
    assert told["active"] is True
    assert (told["client_id"], told["username"], told["acr"]) == (rp.client_id, "alice", "standard")
    assert told["auth_time"] <= told["iat"]
    assert told == rp.introspects(token)


def test_what_it_does_not_learn(
    app: Flask, world: World, rp: RelyingParty, gateway: RelyingParty, alice: Person
) -> None:
    """Not of refresh tokens, not of clients that do not name it, and nobody else learns anything."""
    tokens = rp.obtains(alice)
    assert gateway.introspects(tokens["refresh_token"]) == {"active": False}
    other = RelyingParty(app, world.client("other"))
    assert gateway.introspects(other.obtains(alice)["access_token"]) == {"active": False}
    assert other.introspects(tokens["access_token"]) == {"active": False}


def test_it_revokes_nothing(rp: RelyingParty, gateway: RelyingParty, alice: Person) -> None:
    """RFC 7009 2.1: a token is revoked by its own client."""
    token = rp.obtains(alice)["access_token"]
    assert gateway.posts(TOKEN + "/revoke", token=token).status_code == 200
    assert gateway.introspects(token)["active"] is True


ENDS: dict[str, Any] = {
    "the user is blocked": lambda world, admin, rp, gateway: world.block("alice"),
    "the required function is taken away": lambda world, admin, rp, gateway: world.revoke(
        "alice", "APP-ROLE"
    ),
    "the client is deleted": lambda world, admin, rp, gateway: admin.delete(f"{CLIENTS}/{rp.client_id}"),
    "it is named no more": lambda world, admin, rp, gateway: admin.put(
        f"{CLIENTS}/{rp.client_id}", {"resourceServers": []}
    ),
    "it became public": lambda world, admin, rp, gateway: (
        admin.put(f"{CLIENTS}/{gateway.client_id}", {"authenticationMethod": "none"}),
        setattr(gateway, "secret", None),
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_at_the_next_question(
    world: World, admin: ApiCaller, rp: RelyingParty, gateway: RelyingParty, alice: Person, end: Any
) -> None:
    """The same gate as at every use: a right taken away is gone."""
    token = rp.obtains(alice)["access_token"]
    assert gateway.introspects(token)["active"] is True
    end(world, admin, rp, gateway)
    assert gateway.introspects(token) == {"active": False}


def test_from_another_address(rp: RelyingParty, gateway: RelyingParty, alice: Person) -> None:
    """Decision 6: its own range holds; that of the application whose token it is does not apply to it."""
    token = rp.obtains(alice)["access_token"]
    answer = gateway.posts(INTROSPECT, address="10.9.9.9", token=token)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "given", [["nobody"], ["public"], ["gateway", "nobody"], ["x" * 36], ["gateway"] * 51]
)
def test_who_cannot_be_named(world: World, rp: RelyingParty, admin: ApiCaller, given: list[str]) -> None:
    """An unknown application, and one that proves nothing; the entry is named."""
    world.client("gateway")
    world.client("public", authentication_method="none")
    answer = admin.put(f"{CLIENTS}/{rp.client_id}", {"resourceServers": given})
    assert answer.status_code == 412
    assert all(one["field"].startswith("resourceServers") for one in answer.json["messages"])
    assert admin.get(f"{CLIENTS}/{rp.client_id}").json["data"]["resourceServers"] == []


@pytest.mark.parametrize("algorithm", signing_keys.ALGORITHMS)
def test_a_signed_answer(
    app: Flask, world: World, rp: RelyingParty, gateway: RelyingParty, alice: Person, algorithm: str
) -> None:
    """RFC 9701 4, 5: for the asker alone; of a token that it may not know it says only that."""
    world.change_client(gateway.client_id, id_token_signed_response_alg=algorithm)
    token = rp.obtains(alice)["access_token"]
    plain = gateway.introspects(token)
    keys = KeySet.import_key_set(app.test_client().get("/oauth/jwks").json)

    def asks(text: str, accept: str) -> Any:
        form = {"client_id": gateway.client_id, "client_secret": gateway.secret or "", "token": text}
        return app.test_client().post(
            INTROSPECT, data=form, headers={"Accept": accept}, environ_overrides={"REMOTE_ADDR": "10.1.1.1"}
        )

    for text, told in ((token, plain), ("nonsense", {"active": False})):
        answer = asks(text, SIGNED)
        assert answer.mimetype == SIGNED
        signed = jwt.decode(answer.get_data(as_text=True), keys, algorithms=[algorithm])
        assert signed.header["typ"] == "token-introspection+jwt"
        assert set(signed.claims) == {"iss", "aud", "iat", "token_introspection"}
        assert (signed.claims["iss"], signed.claims["aud"]) == ("http://localhost", gateway.client_id)
        assert signed.claims["token_introspection"] == told
    for accept in ("*/*", "application/json", f"application/json, {SIGNED};q=0.5", ""):
        assert asks(token, accept).json == plain
    named = app.test_client().get("/.well-known/oauth-authorization-server").json
    assert algorithm in named["introspection_signing_alg_values_supported"]


def test_the_metadata_of_the_api(app: Flask) -> None:
    """RFC 9728 2, 3.3: ``resource`` is what the address was made from; what it names is there."""
    told = app.test_client().get(RESOURCE).json
    assert told["resource"] == "http://localhost"
    assert told["authorization_servers"] == ["http://localhost"]
    assert told["bearer_methods_supported"] == ["header"]
    assert "openid" in told["scopes_supported"]
    for name in ("jwks_uri", "resource_documentation"):
        assert app.test_client().get(told[name].removeprefix("http://localhost")).status_code == 200


@pytest.mark.parametrize("resources", [["https://api.example.com/"], ["https://a.test", "https://b.test"]])
def test_a_named_resource_means_nothing(
    app: Flask, rp: RelyingParty, alice: Person, resources: list[str]
) -> None:
    """RFC 8707 2: it may be repeated; at the login and at the token endpoint, where nothing comes of it."""
    more = "".join(f"&resource={one}" for one in resources)
    code = returned(alice.approves(rp.url() + more))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": rp.verifier,
        "client_id": rp.client_id,
        "client_secret": rp.secret,
        "resource": resources,
    }
    answer = app.test_client().post(TOKEN, data=form)
    assert answer.status_code == 200, answer.data
    assert "resource" not in answer.json
