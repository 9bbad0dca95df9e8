"""Modules of FAPI 2.0 Security Profile (final): private_key_jwt, DPoP, unsigned requests by PAR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import TestResponse

from tests.conformance.kit import USERINFO
from tests.drivers.person import Person
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.drivers.signing import ASSERTION_TYPE
from tests.drivers.signing import ISSUER
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.fixtures import Clock
from tests.oauth.test_id_tokens import read_claims
from tests.world import REDIRECT
from tests.world import World


class Profile:
    """Two clients of the profile, and a person."""

    def __init__(self, app: Flask, world: World, clock: Clock) -> None:
        self.app, self.world, self.clock = app, world, clock
        self.alice = Person(app)
        self.rp, self.other = (self.client(world, name, number) for number, name in enumerate(("one", "two")))

    def client(self, world: World, name: str, number: int) -> RelyingParty:
        signer = Signer(number=number)
        client_id = world.client(
            name,
            authentication_method="privateKey",
            jwks=signer.jwks,
            fapi2_security_profile=True,
        )
        prover = Prover(Signer(number=10 + number))
        rp = RelyingParty(self.app, client_id, signer=signer, prover=prover)
        # Any answer brings the nonce; an assertion counts once, so that it is wanted before the first.
        rp.proved("POST", TOKEN, data={"grant_type": "refresh_token"})
        assert prover.nonce is not None
        return rp

    def code(self, **changes: str | None) -> str:
        return returned(self.alice.approves(self.rp.pushed_url(**changes)))["code"]

    def token(self, **changes: str | None) -> str:
        answer = self.rp.redeems(self.code(**changes))
        assert (answer.status_code, answer.json["token_type"]) == (200, "DPoP"), answer.json
        assert self.rp.calls(USERINFO, answer.json["access_token"]).status_code == 200
        return str(answer.json["access_token"])

    def asserts(self, client_id: str | None = None, **changes: Any) -> dict[str, str]:
        """The parameters of an assertion by the first client's key, about itself unless told."""
        assert self.rp.signer is not None
        made = self.rp.signer.asserts(client_id or self.rp.client_id, **changes)
        return {"client_assertion": made, "client_assertion_type": ASSERTION_TYPE}

    def from_now(self, seconds: int) -> int:
        return int(self.clock.now().timestamp()) + seconds


Module = Callable[[Profile], None]
MODULES: dict[str, Module] = {}
PREFIX = "fapi2-security-profile-final-"


def named(*names: str) -> Callable[[Module], Module]:
    def put(module: Module) -> Module:
        MODULES.update({PREFIX + name: module for name in names})
        return module

    return put


def refused(answer: TestResponse, *errors: str) -> None:
    assert answer.status_code in (400, 401), answer.data
    assert answer.json["error"] in errors, answer.json


@named("happy-flow", "par-without-duplicate-parameters", "ensure-dpopproof-at-par-endpoint-binding-success")
def happy(it: Profile) -> None:
    """Push, client_id and request_uri alone at authorize, redeem, call: all by one key."""
    it.token()


@named("user-rejects-authentication")
def denied(it: Profile) -> None:
    """access_denied at the application."""
    assert returned(it.alice.denies(it.rp.pushed_url()))["error"] == "access_denied"


def succeeds(name: str, changes: dict[str, str | None]) -> None:
    named(name)(lambda it: it.token(**changes) and None)


for public, changed in (
    ("ensure-authorization-request-without-state-success", {"state": None}),
    ("ensure-authorization-request-without-nonce-success", {"nonce": None}),
    ("ensure-authorization-request-with-64-char-nonce-success", {"nonce": "n" * 64}),
    ("ensure-authorization-request-with-long-nonce", {"nonce": "n" * 384}),
    ("ensure-authorization-request-with-long-state", {"state": "s" * 1000}),
    ("ensure-other-scope-order-succeeds", {"scope": "profile openid"}),
):
    succeeds(public, changed)


@named("ensure-dpop-auth-code-binding-success")
def bound_code(it: Profile) -> None:
    """With ``dpop_jkt`` of the key that redeems."""
    assert it.rp.prover is not None
    it.token(dpop_jkt=it.rp.prover.thumbprint)


@named("ensure-token-endpoint-fails-with-mismatched-dpop-jkt")
def other_jkt(it: Profile) -> None:
    """A code that was pushed for with ``dpop_jkt`` alone is redeemed by that key only."""
    mine, other = it.rp.prover, it.other.prover
    assert other is not None
    it.rp.prover = None
    url = it.rp.pushed_url(dpop_jkt=other.thumbprint)
    it.rp.prover = mine
    code = returned(it.alice.approves(url))["code"]
    refused(it.rp.redeems(code), "invalid_request", "invalid_grant", "invalid_dpop_proof")


@named("ensure-mismatched-dpop-jkt-fails")
def wrong_jkt(it: Profile) -> None:
    """The push is refused whose ``dpop_jkt`` is not that of its proof."""
    assert it.other.prover is not None
    refused(it.rp.pushes(dpop_jkt=it.other.prover.thumbprint), "invalid_request", "invalid_dpop_proof")


@named("ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt")
def wrong_proof_key(it: Profile) -> None:
    """A code that was pushed for by one key is not redeemed by another."""
    code = it.code()
    it.rp.prover = it.other.prover
    refused(it.rp.redeems(code), "invalid_request", "invalid_grant", "invalid_dpop_proof")


@named(
    "ensure-different-state-inside-and-outside-request-object", "state-only-outside-request-object-not-used"
)
def outside(it: Profile) -> None:
    """A state beside the request_uri is not used."""
    back = returned(it.alice.approves(it.rp.pushed_url(state=None) + "&state=outside"))
    assert "state" not in back


@named("ensure-different-nonce-inside-and-outside-request-object")
def outside_nonce(it: Profile) -> None:
    """A nonce beside the request_uri is not used."""
    code = returned(it.alice.approves(it.rp.pushed_url(nonce="inside") + "&nonce=outside"))["code"]
    assert read_claims(it.app, it.rp.redeems(code).json)["nonce"] == "inside"


@named("plain-fapi-tolerate-unregistered-redirect-uri")
def unregistered(it: Profile) -> None:
    """Refused at the push, as one may."""
    refused(it.rp.pushes(redirect_uri=REDIRECT + "/x8f3"), "invalid_request")


@named("ensure-unsigned-authorization-request-without-using-par-fails")
def without_push(it: Profile) -> None:
    """An error page for a request that was not pushed."""
    it.alice.logs_in()
    page = it.alice.visits(it.rp.url())
    assert page.status_code == 400
    assert "Location" not in page.headers


@named("ensure-redirect-uri-in-authorization-request", "ensure-request-object-without-redirect-uri-fails")
def no_redirect_uri(it: Profile) -> None:
    """It is always sent, also where only one is registered (5.3.2.2)."""
    refused(it.rp.pushes(redirect_uri=None), "invalid_request")


def push_fails(name: str, changes: dict[str, str | None], *errors: str) -> None:
    named(name)(lambda it: refused(it.rp.pushes(**changes), *errors))


NO_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
URN = "urn:ietf:params:oauth:request_uri:x"
TYPES = ("unsupported_response_type", "invalid_request", "unauthorized_client")
push_fails("ensure-response-type-code-idtoken-fails", {"response_type": "code id_token"}, *TYPES)
push_fails("ensure-response-type-token-fails", {"response_type": "token"}, *TYPES)
push_fails("par-plain-pkce-rejected", {"code_challenge_method": "plain"}, "invalid_request")
push_fails(
    "par-authorization-request-containing-request_uri-form-param", {"request_uri": URN}, "invalid_request"
)


@named("ensure-client-id-in-token-endpoint")
def other_client_id(it: Profile) -> None:
    """The second client's id, and an assertion that the first one's key signed."""
    forged = it.asserts(it.other.client_id)
    answer = it.rp.redeems(it.code(), client_id=it.other.client_id, **forged)
    refused(answer, "invalid_client", "invalid_grant")


@named("ensure-holder-of-key-required")
def no_proof(it: Profile) -> None:
    """No token without a proof."""
    code = it.code()
    it.rp.prover = None
    refused(it.rp.redeems(code), "invalid_request", "invalid_dpop_proof", "invalid_grant")


@named("ensure-authorization-code-is-bound-to-client")
def other_client(it: Profile) -> None:
    """``invalid_grant`` for a client that proves itself and whose code it is not."""
    code = it.code()
    it.other.verifier, it.other.prover = it.rp.verifier, it.rp.prover
    refused(it.other.redeems(code), "invalid_grant")


@named("attempt-reuse-authorization-code-after-one-second")
def reuse(it: Profile) -> None:
    """``invalid_grant``, and the first access token is dead."""
    code = it.code()
    token = it.rp.redeems(code).json["access_token"]
    it.clock.advance(1)
    refused(it.rp.redeems(code), "invalid_grant")
    assert it.rp.calls(USERINFO, token).status_code == 401


@named("ensure-token-endpoint-fails-with-expired-auth-code")
def expired(it: Profile) -> None:
    """``invalid_grant`` after 62 seconds."""
    code = it.code()
    it.clock.advance(62)
    refused(it.rp.redeems(code), "invalid_grant")


@named("ensure-client-assertion-in-token-endpoint")
def no_assertion(it: Profile) -> None:
    """``invalid_client`` without one."""
    code = it.code()
    it.rp.signer = None
    refused(it.rp.redeems(code), "invalid_client", "invalid_request")


def assertion_fails(name: str, path: str, **changes: Any) -> None:
    def module(it: Profile) -> None:
        """401 ``invalid_client``; a number is seconds from now. A good one is let in."""
        moved = {n: it.from_now(v) if isinstance(v, int) else v for n, v in changes.items()}
        form = it.rp.request() if path == PAR else {"grant_type": "authorization_code", "code": it.code()}
        refused(it.rp.posts(path, **form, **it.asserts(**moved)), "invalid_client")
        assert it.rp.posts(PAR, **it.rp.request(), **it.asserts()).status_code == 201

    named(name)(module)


assertion_fails("ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", TOKEN, exp=-300)
assertion_fails("ensure-client-assertion-with-wrong-aud-fails", TOKEN, aud="https://other.example.com")
assertion_fails("ensure-client-assertion-with-no-sub-fails", TOKEN, sub=None)
assertion_fails(
    "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", PAR, iat=70, nbf=70, exp=130
)


assertion_fails("par-test-array-as-audience-fails", PAR, aud=[ISSUER])
assertion_fails("par-test-par-endpoint-url-as-audience-fails", PAR, aud=ISSUER + PAR)
assertion_fails("par-test-token-endpoint-url-as-audience-fails", PAR, aud=ISSUER + TOKEN)


@named("ensure-signed-client-assertion-with-RS256-fails")
def by_rs256(it: Profile) -> None:
    """401 ``invalid_client``, though the key is registered; by PS256 it is let in."""
    keys = [Signer("RS256", "rsa").jwk, Signer("PS256", "pss").jwk]
    it.world.change_client(it.rp.client_id, jwks={"keys": keys})
    it.rp.signer = Signer("RS256", "rsa")
    refused(it.rp.pushes(), "invalid_client")
    it.rp.signer = Signer("PS256", "pss")
    assert it.rp.pushes().status_code == 201


@named("par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted")
def a_fast_clock(it: Profile) -> None:
    """Eight seconds are tolerated."""
    made = it.asserts(iat=it.from_now(8), nbf=it.from_now(8))
    assert it.rp.pushes(**made).status_code == 201


@named("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds")
def visited_twice(it: Profile) -> None:
    """Used up by the answer, not by the visit."""
    url = it.rp.pushed_url()
    it.alice.visits(url)
    assert "code=" in it.alice.approves(url)


def page_fails(page: TestResponse) -> None:
    assert page.status_code == 400
    assert "Location" not in page.headers


@named("par-attempt-reuse-request_uri")
def answered_twice(it: Profile) -> None:
    """An error page the second time."""
    url = it.rp.pushed_url()
    it.alice.approves(url)
    page_fails(it.alice.visits(url))


@named("par-attempt-to-use-expired-request_uri")
def too_late(it: Profile) -> None:
    """An error page after ``expires_in``."""
    answer = it.rp.pushes().json
    it.clock.advance(answer["expires_in"] + 1)
    sent = {"client_id": it.rp.client_id, "request_uri": answer["request_uri"]}
    page_fails(it.alice.visits("/oauth/authorize?" + urlencode(sent)))


@named("par-attempt-to-use-request_uri-for-different-client")
def of_another(it: Profile) -> None:
    """An error page for another client's."""
    sent = {"client_id": it.other.client_id, "request_uri": it.rp.pushes().json["request_uri"]}
    page_fails(it.alice.visits("/oauth/authorize?" + urlencode(sent)))


@named("par-attempt-invalid-http-method")
def by_get(it: Profile) -> None:
    """Only POST."""
    assert it.rp.proved("GET", PAR).status_code == 405


@named("par-ensure-pkce-required")
def no_pkce(it: Profile) -> None:
    """A push without PKCE is refused."""
    refused(it.rp.pushes(**NO_PKCE), "invalid_request")


@named("ensure-pkce-code-verifier-required")
def no_verifier(it: Profile) -> None:
    """``invalid_grant`` without the verifier."""
    form = {"grant_type": "authorization_code", "code": it.code(), "redirect_uri": REDIRECT}
    refused(it.rp.posts(**form), "invalid_grant", "invalid_request")


@named("incorrect-pkce-code-verifier-rejected")
def wrong_verifier(it: Profile) -> None:
    """``invalid_grant`` for another verifier."""
    refused(it.rp.redeems(it.code(), code_verifier="v" * 43), "invalid_grant")


@named("refresh-token")
def refresh(it: Profile) -> None:
    """By the client itself, with a proof; not by another, nor without an assertion."""
    token = it.rp.redeems(it.code()).json["refresh_token"]
    bare = RelyingParty(it.app, it.rp.client_id, secret=None, prover=it.rp.prover)
    refused(bare.refreshes(token), "invalid_client")
    refused(it.other.refreshes(token), "invalid_grant")
    assert it.rp.refreshes(token).json["token_type"] == "DPoP"
