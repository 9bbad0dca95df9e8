"""``private_key_jwt`` (RFC 7523, OIDC Core 9): a client that signs who it is, wherever clients prove that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey
from joserfc.jwk import OctKey
from joserfc.jwk import RSAKey

from app.models.audit import AuditEvent
from app.models.single_use import UsedOnce
from app.services.ops import pruning
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import ASSERTION_TYPE
from tests.drivers.signing import ISSUER
from tests.drivers.signing import Signer
from tests.drivers.signing import claims_of
from tests.drivers.signing import encode
from tests.fixtures import Clock
from tests.world import REDIRECT
from tests.world import SECRET
from tests.world import World

SIGNER = Signer()
OTHER = Signer(number=1)
FORMS = {
    TOKEN: {"grant_type": "refresh_token", "refresh_token": "x"},
    TOKEN + "/introspect": {"token": "x"},
    TOKEN + "/revoke": {"token": "x"},
    PAR: {"response_type": "code", "redirect_uri": REDIRECT},
}


@pytest.fixture
def rp(app: Flask, world: World) -> RelyingParty:
    client_id = world.client(authentication_method="privateKey", jwks=SIGNER.jwks, require_pkce=False)
    return RelyingParty(app, client_id, signer=SIGNER)


def shows(rp: RelyingParty, assertion: str, path: str = TOKEN + "/revoke", **more: str) -> Any:
    """A call with this assertion."""
    form = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE, **FORMS[path], **more}
    return rp.app.test_client().post(path, data=form)


def refused(world: World) -> AuditEvent:
    return [row for row in world.rows(AuditEvent) if row.action == "client-authentication"][-1]


@pytest.mark.parametrize("alg", ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"])
def test_the_whole_flow(app: Flask, world: World, alice: Person, alg: str) -> None:
    """Redeem, refresh, introspect, push and revoke, by each algorithm that discovery names."""
    signer = Signer(alg)
    client_id = world.client(authentication_method="privateKey", jwks=signer.jwks)
    rp = RelyingParty(app, client_id, signer=signer)
    told = app.test_client().get("/.well-known/openid-configuration").json
    assert alg in told["token_endpoint_auth_signing_alg_values_supported"]
    tokens = rp.redeems(rp.sends(alice)["code"]).json
    fresh = rp.refreshes(tokens["refresh_token"]).json
    assert rp.introspects(fresh["access_token"])["active"] is True
    assert rp.pushes().status_code == 201
    assert rp.posts(TOKEN + "/revoke", token=fresh["access_token"]).status_code == 200
    assert rp.introspects(fresh["access_token"]) == {"active": False}


def test_without_a_client_id_in_the_form(rp: RelyingParty) -> None:
    """RFC 7523 2.2: the assertion names the client; a name beside it must be the same."""
    assert shows(rp, SIGNER.asserts(rp.client_id)).status_code == 200
    assert shows(rp, SIGNER.asserts(rp.client_id), client_id=rp.client_id).status_code == 200
    answer = shows(rp, SIGNER.asserts(rp.client_id), client_id="somebody-else")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "aud",
    [ISSUER, ISSUER + TOKEN, ISSUER + "/oauth/token", ISSUER + PAR, [ISSUER], [ISSUER, ISSUER + TOKEN]],
)
def test_audiences_that_are_us(rp: RelyingParty, aud: Any) -> None:
    """The issuer, and what stock libraries write."""
    assert shows(rp, SIGNER.asserts(rp.client_id, aud=aud)).status_code == 200


NOW = object()
WRONG_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "no issuer": ({"iss": None}, "statement_issuer"),
    "another issuer": ({"iss": "https://evil.example.com"}, "statement_issuer"),
    "an issuer that is no text": ({"iss": 1}, "statement_issuer"),
    "no audience": ({"aud": None}, "statement_audience"),
    "another audience": ({"aud": "https://other.example.com"}, "statement_audience"),
    "another audience beside ours": ({"aud": [ISSUER, "https://other.example.com"]}, "statement_audience"),
    "an audience with a slash more": ({"aud": ISSUER + "/"}, "statement_audience"),
    "no audience in the list": ({"aud": []}, "statement_audience"),
    "audiences of another kind": ({"aud": [[ISSUER]]}, "statement_audience"),
    "no end": ({"exp": None}, "statement_too_long"),
    "an end far away": ({"exp": 700}, "statement_too_long"),
    "an end for ever": ({"exp": 2**80}, "statement_malformed"),
    "an end that is no number": ({"exp": "soon"}, "statement_malformed"),
    "an end that is true": ({"exp": True}, "statement_malformed"),
    "an end in the past": ({"exp": -61}, "statement_expired"),
    "made in the future": ({"iat": 100}, "statement_early"),
    "not before later": ({"nbf": 100}, "statement_early"),
    "no jti": ({"jti": None}, "statement_jti"),
    "an empty jti": ({"jti": ""}, "statement_jti"),
    "a long jti": ({"jti": "x" * 513}, "statement_jti"),
    "a jti that is a number": ({"jti": 7}, "statement_jti"),
}


@pytest.mark.parametrize("what", WRONG_CLAIMS)
def test_what_it_must_say(rp: RelyingParty, world: World, what: str) -> None:
    """RFC 7523 3: one answer for all, the true reason in the row of its number; nothing is used up."""
    changes, reason = WRONG_CLAIMS[what]
    claims = claims_of(rp.client_id)
    for name, value in changes.items():
        moment = name in ("exp", "iat", "nbf") and type(value) is int and abs(value) < 10_000
        claims[name] = claims["iat"] + value if moment else value
    answer = shows(rp, SIGNER.signs({n: v for n, v in claims.items() if v is not None}))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client"), answer.data
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    row = refused(world)
    assert (row.reasons, row.decision) == ([reason], answer.json["decision"])
    assert answer.json["error_description"] == "Client authentication failed."
    assert world.rows(UsedOnce) == []


def unsigned(rp: RelyingParty) -> str:
    return ".".join([encode({"alg": "none"}), encode(claims_of(rp.client_id)), ""])


def by_a_mac(rp: RelyingParty) -> str:
    """Signed with our public key as if it were a secret (RFC 8725 2.1)."""
    made = Signer("HS256", number=9)
    made.key = OctKey.import_key(repr(SIGNER.jwk))
    return made.asserts(rp.client_id)


def with_its_own_key(rp: RelyingParty) -> str:
    """The header brings the key that it is signed with (RFC 8725 3.10)."""
    return OTHER.signs(claims_of(rp.client_id), jwk=OTHER.jwk)


WRONG_TEXTS: dict[str, tuple[Callable[[RelyingParty], str], str]] = {
    "no signature": (unsigned, "statement_algorithm"),
    "a MAC": (by_a_mac, "statement_algorithm"),
    "another key": (lambda rp: OTHER.asserts(rp.client_id), "statement_signature"),
    "a key of its own": (with_its_own_key, "statement_signature"),
    "another kid": (lambda rp: Signer(kid="k2").asserts(rp.client_id), "statement_key_unknown"),
    "another algorithm": (lambda rp: Signer("PS256").asserts(rp.client_id), "statement_key_unknown"),
    "a weaker name": (lambda rp: Signer("RS256").asserts(rp.client_id), "statement_key_unknown"),
    "cut": (lambda rp: SIGNER.asserts(rp.client_id)[:-4], "statement_signature"),
    "another body": (
        lambda rp: _swap(SIGNER.asserts(rp.client_id), encode(claims_of(rp.client_id, exp=2**31))),
        "statement_signature",
    ),
    "crit": (lambda rp: SIGNER.signs(claims_of(rp.client_id), crit=["b64"], b64=True), "statement_malformed"),
}


def _swap(text: str, payload: str) -> str:
    head, _, tail = text.split(".")
    return f"{head}.{payload}.{tail}"


@pytest.mark.parametrize("what", WRONG_TEXTS)
def test_what_proves_nothing(rp: RelyingParty, world: World, what: str) -> None:
    """No signature, a MAC under the public key, any key but the client's own."""
    make, reason = WRONG_TEXTS[what]
    answer = shows(rp, make(rp), client_id=rp.client_id)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert (refused(world).reasons, refused(world).client_id) == ([reason], rp.client_id)


HEAD = encode({"alg": "ES256"})
MALFORMED = {
    "no text": "",
    "no dots": "abc",
    "two dots": "..",
    "four parts": "a.b.c.d",
    "no base64": "%.%.%",
    "no JSON": f"{encode(b'{')}.{encode(b'{')}.x",
    "a list": f"{encode([])}.{encode([])}.x",
    "a deep one": f"{HEAD}.{encode(b'[' * 3000)}.x",
    "a deep header": f"{encode(b'[' * 2000)}.{encode({})}.x",
    "twice": ".".join([HEAD, encode(b'{"sub": "a", "sub": "b"}'), "x"]),
    "NaN": ".".join([HEAD, encode(b'{"exp": NaN}'), "x"]),
    "an algorithm that is no text": f"{encode({'alg': 1})}.{encode({'sub': 'x'})}.x",
    "a long one": "a.b." + "x" * 8_100,
    "bytes that are no text": f"{HEAD}.{encode(bytes([255, 254]))}.x",
    "a name with a zero": f"{HEAD}.{encode({'sub': chr(0)})}.x",
    "half a character": f"{HEAD}.{encode({'sub': chr(0xD800)})}.x",
}


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize("path", FORMS)
def test_what_cannot_be_read(rp: RelyingParty, path: str, what: str) -> None:
    """401, or 400 where the form itself is not in order; never an error of the server."""
    answer = shows(rp, MALFORMED[what], path)
    assert (answer.status_code, answer.json["error"]) in ((401, "invalid_client"), (400, "invalid_request"))
    named = shows(rp, MALFORMED[what], path, client_id=rp.client_id)
    assert (named.status_code, named.json["error"]) in ((401, "invalid_client"), (400, "invalid_request"))


def test_it_counts_once(rp: RelyingParty, world: World, clock: Clock, app: Flask) -> None:
    """At whichever endpoint, until it would have expired by itself; then its row goes."""
    assertion = SIGNER.asserts(rp.client_id, jti="jti é \ud800")
    assert shows(rp, assertion).status_code == 200
    for path in FORMS:
        assert shows(rp, assertion, path).json["error"] == "invalid_client"
    assert refused(world).reasons == ["statement_replayed"]
    clock.advance(181)
    assert shows(rp, assertion).json["error"] == "invalid_client"
    with app.app_context():
        pruning.prune_all(30)
    assert world.rows(UsedOnce) == []


def test_a_jti_is_its_clients_own(app: Flask, world: World, rp: RelyingParty) -> None:
    """Two clients may choose the same."""
    other = RelyingParty(
        app, world.client("other", authentication_method="privateKey", jwks=OTHER.jwks), signer=OTHER
    )
    assert shows(rp, SIGNER.asserts(rp.client_id, jti="1")).status_code == 200
    assert shows(other, OTHER.asserts(other.client_id, jti="1")).status_code == 200
    assert shows(rp, SIGNER.asserts(other.client_id)).status_code == 401


def test_from_outside_its_range_nothing_is_verified(world: World, rp: RelyingParty) -> None:
    """Rule 29: the address comes first, and the assertion stays good."""
    world.change_client(rp.client_id, client_ip_range=["192.0.2.0/24"])
    assertion = SIGNER.asserts(rp.client_id)
    assert shows(rp, assertion).status_code == 401
    assert refused(world).reasons == ["address_outside"]
    world.change_client(rp.client_id, client_ip_range=["127.0.0.0/8"])
    assert shows(rp, assertion).status_code == 200


def test_one_proof_and_the_right_one(app: Flask, world: World, rp: RelyingParty) -> None:
    """Rule 28: never two, and none in place of another."""
    for more in ({"client_secret": SECRET}, {"client_secret": "x", "client_id": rp.client_id}):
        assert shows(rp, SIGNER.asserts(rp.client_id), **more).json["error"] == "invalid_request"
    form = {"client_assertion": SIGNER.asserts(rp.client_id), "client_assertion_type": ASSERTION_TYPE}
    twice = app.test_client().post(TOKEN + "/revoke", data=form | {"token": "x"}, auth=(rp.client_id, "x"))
    assert twice.json["error"] == "invalid_request"
    for kind in ("", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"):
        wrong = app.test_client().post(
            TOKEN + "/revoke", data={**form, "client_assertion_type": kind, "token": "x"}
        )
        assert (wrong.status_code, wrong.json["error"]) == (401, "invalid_client")
        assert ASSERTION_TYPE in wrong.json["error_description"]
    for other in ({"client_id": rp.client_id}, {"client_id": rp.client_id, "client_secret": "x" * 20}):
        answer = app.test_client().post(TOKEN + "/revoke", data={"token": "x", **other})
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    for kind in ("password", "none"):
        client_id = world.client(f"other-{kind}", authentication_method=kind, jwks=SIGNER.jwks)
        assert shows(rp, SIGNER.asserts(client_id)).json["error"] == "invalid_client"
        assert refused(world).reasons == ["client_method_wrong"]


def test_several_keys_at_once(world: World, rp: RelyingParty) -> None:
    """While one replaces the other: each by its kid, and without one whichever fits."""
    second = Signer(kid="k2", number=1)
    world.change_client(rp.client_id, jwks={"keys": [SIGNER.jwk, second.jwk, Signer("PS256", "k3").jwk]})
    for signer in (SIGNER, second, Signer(kid=None), Signer(kid=None, number=1), Signer("PS256", "k3")):
        assert shows(rp, signer.asserts(rp.client_id)).status_code == 200
    assert shows(rp, Signer(kid="k2").asserts(rp.client_id)).status_code == 401


def test_a_key_taken_away_proves_nothing_at_the_next_call(world: World, rp: RelyingParty) -> None:
    assert shows(rp, SIGNER.asserts(rp.client_id)).status_code == 200
    for left in ({"keys": [OTHER.jwk]}, None):
        world.change_client(rp.client_id, jwks=left)
        assert shows(rp, SIGNER.asserts(rp.client_id)).status_code == 401


def test_a_users_key_names_the_client(app: Flask, world: World, rp: RelyingParty) -> None:
    """Contract 2.7: an assertion beside it must be right, as a secret must."""
    key = ApiCaller(app, world.api_key("alice"))
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
    right = key.call("POST", TOKEN, data=form | {"client_assertion": SIGNER.asserts(rp.client_id)})
    assert right.status_code == 200, right.data
    wrong = key.call("POST", TOKEN, data=form | {"client_assertion": OTHER.asserts(rp.client_id)})
    assert (wrong.status_code, wrong.json["error"]) == (401, "invalid_client")


# --- the keys of a client -----------------------------------------------------------------------------------

REGISTER = "/authentication/v1/oauth/client"
NEW = {
    "shortName": "signs",
    "name": "Signs",
    "description": "It signs.",
    "mainURI": "https://app.example.com/",
    "requiredFunction": "useApp",
    "permissionScope": "APP-ROLE",
    "clientIPRange": ["0.0.0.0/0"],
    "redirectURIs": [REDIRECT],
    "permittedScopes": ["openid", "profile"],
    "authenticationMethod": "privateKey",
}


def test_registered_by_the_api(admin: ApiCaller, app: Flask, world: World, alice: Person) -> None:
    """No secret is made; what is kept of a key is what makes it."""
    jwk = {**SIGNER.jwk, "use": "sig", "x5u": "https://evil.example.com/", "note": "mine"}
    made = admin.post(REGISTER, NEW | {"jwks": {"keys": [jwk]}, "requirePkce": True})
    assert made.status_code == 201, made.json
    data = made.json["data"]
    assert "clientSecret" not in data or not data["clientSecret"]
    assert data["jwks"] == {"keys": [SIGNER.jwk | {"alg": "ES256"}]}
    rp = RelyingParty(app, data["id"], signer=SIGNER)
    assert rp.obtains(alice)["scope"] == "openid profile"
    changed = admin.put(f"{REGISTER}/{data['id']}", {"jwks": OTHER.jwks})
    assert changed.status_code == 200
    assert rp.pushes().status_code == 401
    detail = world.rows(AuditEvent)[-2].detail
    assert detail["jwks"]["after"] == {"keys": [OTHER.jwk | {"alg": "ES256"}]}


def test_a_client_without_its_proof(admin: ApiCaller, rp: RelyingParty) -> None:
    """A key without its public half, and a secret beside a key, are refused by name."""
    for body, field in (
        (NEW, "jwks"),
        (NEW | {"jwks": {"keys": []}}, "jwks"),
        (NEW | {"jwks": SIGNER.jwks, "clientSecret": SECRET}, "clientSecret"),
    ):
        answer = admin.post(REGISTER, body)
        assert (answer.status_code, answer.json["messages"][0]["field"]) == (412, field)
    path = f"{REGISTER}/{rp.client_id}"
    assert admin.put(path, {"jwks": {"keys": []}}).json["messages"][0]["field"] == "jwks"
    # Back to a secret: it takes one.
    assert (
        admin.put(path, {"authenticationMethod": "password"}).json["messages"][0]["field"] == "clientSecret"
    )
    done = admin.put(path, {"authenticationMethod": "password", "clientSecret": SECRET})
    assert done.status_code == 200
    assert shows(rp, SIGNER.asserts(rp.client_id)).status_code == 401
    assert rp.app.test_client().post(
        TOKEN + "/revoke", data={"token": "x"}, auth=(rp.client_id, SECRET)
    ).status_code == 200  # fmt: skip
    again = admin.put(path, {"authenticationMethod": "privateKey"})
    assert again.status_code == 200
    assert rp.app.test_client().post(
        TOKEN + "/revoke", data={"token": "x"}, auth=(rp.client_id, SECRET)
    ).status_code == 401  # fmt: skip


PRIVATE = ECKey.generate_key("P-256").as_dict(private=True)
SMALL = {"kty": "RSA", "e": "AQAB", "n": encode(b"\xff" * 128)}
RSA = RSAKey.generate_key(2048).as_dict(private=False)
WRONG_KEYS: dict[str, Any] = {
    "no set": {},
    "no list": {"keys": {}},
    "no object": {"keys": ["x"]},
    "no type": {"keys": [{"kid": "a"}]},
    "a private key": {"keys": [PRIVATE]},
    "a secret": {"keys": [{"kty": "oct", "k": "AAAA"}]},
    "another curve": {"keys": [ECKey.generate_key("P-384").as_dict(private=False)]},
    "no curve": {"keys": [{"kty": "EC", "x": "AAAA", "y": "AAAA"}]},
    "a point that is none": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}]},
    "a short point": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]},
    "for encryption": {"keys": [SIGNER.jwk | {"use": "enc"}]},
    "another algorithm": {"keys": [SIGNER.jwk | {"alg": "RS256"}]},
    "no signature algorithm": {"keys": [SIGNER.jwk | {"alg": ["ES256"]}]},
    "a small one": {"keys": [SMALL]},
    "a huge one": {"keys": [{"kty": "RSA", "e": "AQAB", "n": encode(b"\xff" * 600)}]},
    "a long exponent": {"keys": [RSA | {"e": encode(b"\xff" * 200)}]},
    "an even exponent": {"keys": [RSA | {"e": encode(b"\x02")}]},
    "no base64": {"keys": [SIGNER.jwk | {"x": "ä"}]},
    "a number": {"keys": [SIGNER.jwk | {"x": 1}]},
    "a long kid": {"keys": [SIGNER.jwk | {"kid": "k" * 201}]},
    "two of one kid": {"keys": [SIGNER.jwk, OTHER.jwk]},
    "two, one unnamed": {"keys": [SIGNER.jwk, Signer(kid=None, number=1).jwk]},
    "too many": {"keys": [Signer(kid=f"k{n}").jwk for n in range(11)]},
}


@pytest.mark.parametrize("what", WRONG_KEYS)
def test_keys_that_are_refused(admin: ApiCaller, rp: RelyingParty, what: str) -> None:
    """412 naming the field; nothing of the key is repeated, and the old ones go on."""
    answer = admin.put(f"{REGISTER}/{rp.client_id}", {"jwks": WRONG_KEYS[what]})
    assert answer.status_code == 412
    assert answer.json["messages"][0]["field"].startswith("jwks")
    assert "AAAA" not in answer.get_data(as_text=True)
    assert shows(rp, SIGNER.asserts(rp.client_id)).status_code == 200
