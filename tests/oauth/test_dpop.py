"""DPoP (RFC 9449): a token that only the holder of its key can use, wherever tokens are used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey
from joserfc.jwk import OctKey
from werkzeug.test import TestResponse

from app.models.audit import AuditEvent
from app.models.sessions import OAuthSession
from app.services.access import proofs
from app.services.tokens.public_keys import ALGORITHMS
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import PAR
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import learns_nonce
from tests.drivers.relying_party import returned
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.drivers.signing import encode
from tests.fixtures import Clock
from tests.world import PASSWORD
from tests.world import World

SESSION = "/authentication/v1/session"
PERMISSION = "/authentication/v1/session/permission/readThings"
USERINFO = "/authentication/v1/oauth/userinfo"
CHALLENGE = 'DPoP realm="argus", error="{}", algs="PS256 RS256 ES256 EdDSA Ed25519"'


@pytest.fixture
def rp(app: Flask, world: World) -> RelyingParty:
    """A confidential client that makes proofs."""
    return RelyingParty(app, world.client(), prover=Prover(Signer()))


@pytest.fixture
def public(app: Flask, world: World) -> RelyingParty:
    client_id = world.client("cli", authentication_method="none")
    return RelyingParty(app, client_id, secret=None, prover=Prover(Signer()))


def raw(
    rp: RelyingParty, path: str, authorization: str, proof: str | None, method: str = "GET"
) -> TestResponse:
    headers = {"Authorization": authorization, **({"DPoP": proof} if proof is not None else {})}
    return rp.app.test_client().get(path, headers=headers)


def refused(world: World) -> AuditEvent:
    return [row for row in world.rows(AuditEvent) if row.outcome == "refused"][-1]


def redeem(rp: RelyingParty, code: str, proof: str) -> TestResponse:
    """Redeem with exactly this proof."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "https://app.example.com/callback",
        "code_verifier": rp.verifier,
        "client_id": rp.client_id,
        "client_secret": rp.secret,
    }
    return rp.app.test_client().post(TOKEN, data=form, headers={"DPoP": proof})


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_whole_flow(app: Flask, world: World, alice: Person, alg: str) -> None:
    """Redeem, call, refresh, userinfo, by each algorithm of discovery; introspection tells the key."""
    told = app.test_client().get("/.well-known/oauth-authorization-server").json
    assert told["dpop_signing_alg_values_supported"] == list(ALGORITHMS)
    rp = RelyingParty(app, world.client(), prover=Prover(Signer(alg)))
    tokens = rp.obtains(alice)
    assert tokens["token_type"] == "DPoP"
    for path in (SESSION, USERINFO, "/oauth/userinfo"):
        assert rp.calls(path, tokens["access_token"]).status_code == 200
    fresh = rp.refreshes(tokens["refresh_token"]).json
    assert fresh["token_type"] == "DPoP"
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 401
    assert rp.calls(SESSION, fresh["access_token"]).status_code == 200
    for token in (fresh["access_token"], fresh["refresh_token"]):
        seen = rp.introspects(token)
        assert (seen["token_type"], seen["cnf"]) == ("DPoP", {"jkt": rp.prover.thumbprint})


def test_without_a_proof_nothing_is_bound(app: Flask, world: World, alice: Person) -> None:
    rp = RelyingParty(app, world.client())
    tokens = rp.obtains(alice)
    assert tokens["token_type"] == "Bearer"
    seen = rp.introspects(tokens["access_token"])
    assert seen["token_type"] == "Bearer"
    assert "cnf" not in seen


# --- what a bound token is worth without its key ------------------------------------------------------------


def thieves(rp: RelyingParty, token: str) -> dict[str, tuple[str, str | None, str]]:
    """What somebody can send who has the token: scheme and proof, and the reason of the refusal."""
    other = Prover(Signer(number=1))
    other.nonce = rp.prover.nonce
    mine = rp.prover
    return {
        "as bearer": (f"Bearer {token}", None, "proof_missing"),
        "as bearer, with a proof": (f"Bearer {token}", mine.proves("GET", SESSION, token), "proof_missing"),
        "without a proof": (f"DPoP {token}", None, "proof_missing"),
        "of another key": (f"DPoP {token}", other.proves("GET", SESSION, token), "proof_wrong"),
        "for another call": (f"DPoP {token}", mine.proves("GET", USERINFO, token), "proof_wrong"),
        "for another method": (f"DPoP {token}", mine.proves("POST", SESSION, token), "proof_wrong"),
        "for another host": (
            f"DPoP {token}",
            mine.proves("GET", SESSION, token, htu="https://evil.example.com" + SESSION),
            "proof_wrong",
        ),
        "for another token": (f"DPoP {token}", mine.proves("GET", SESSION, token + "x"), "proof_wrong"),
        "for no token": (f"DPoP {token}", mine.proves("GET", SESSION), "proof_wrong"),
        "no proof at all": (f"DPoP {token}", "x.y.z", "proof_wrong"),
        "two proofs": (
            f"DPoP {token}",
            ", ".join(mine.proves("GET", SESSION, token) for _ in range(2)),
            "proof_wrong",
        ),
    }


THEFTS = list(
    thieves(
        type("Any", (), {"prover": Prover(Signer())})(),  # type: ignore[arg-type]
        "token",
    )
)


@pytest.mark.parametrize("what", THEFTS)
def test_a_bound_token_is_useless_elsewhere(rp: RelyingParty, alice: Person, world: World, what: str) -> None:
    """RFC 9449 7.1: 401 with the challenge, a number, and the reason in its row; the token lives on."""
    token = rp.obtains(alice)["access_token"]
    assert rp.calls(SESSION, token).status_code == 200
    authorization, proof, reason = thieves(rp, token)[what]
    answer = raw(rp, SESSION, authorization, proof)
    assert answer.status_code == 401, answer.data
    error = "invalid_token" if reason == "proof_missing" else "invalid_dpop_proof"
    assert answer.headers["WWW-Authenticate"] == CHALLENGE.format(error)
    row = refused(world)
    assert (row.action, row.reasons) == ("api", [reason])
    assert answer.json["metaData"]["decision"] == row.decision
    assert answer.json["messages"][0]["messageTemplate"] == reason
    info = raw(rp, USERINFO, authorization, proof)
    if what != "for another call":
        assert (info.status_code, info.json["error"]) == (401, error)
        assert info.headers["WWW-Authenticate"] == CHALLENGE.format(error)
        assert info.json["decision"].startswith("D-")
    assert rp.calls(SESSION, token).status_code == 200


def test_an_unbound_token_is_no_dpop_token(app: Flask, world: World, alice: Person) -> None:
    """A proof does not make it one; nor a login's token, nor nothing at all."""
    rp = RelyingParty(app, world.client())
    token = rp.obtains(alice)["access_token"]
    prover = Prover(Signer())
    for path in (SESSION, USERINFO):
        answer = raw(rp, path, f"DPoP {token}", prover.proves("GET", path, token))
        assert answer.status_code == 401
    assert refused(world).reasons == ["proof_not_wanted"]
    login = app.test_client().post(
        "/authentication/v1/password/authentication", json={"userName": "alice", "password": PASSWORD}
    )
    text = login.json["data"]["credentials"]["requestCredentialsData"]
    assert raw(rp, SESSION, f"Bearer {text}", None).status_code == 200
    assert raw(rp, SESSION, f"DPoP {text}", prover.proves("GET", SESSION, text)).status_code == 401
    assert raw(rp, SESSION, "DPoP nonsense", "x").status_code == 401
    # A proof beside a bearer that needs none is nothing.
    assert raw(rp, SESSION, f"Bearer {token}", "x").status_code == 200


def test_a_call_that_writes_takes_one_proof(rp: RelyingParty, alice: Person) -> None:
    """The caller is read anew inside the unit of work; the proof counts once all the same."""
    token = rp.obtains(alice)["access_token"]
    assert rp.proved("DELETE", SESSION, token=token).status_code == 200
    assert rp.calls(SESSION, token).status_code == 401


def test_a_right_that_is_lacking(rp: RelyingParty, alice: Person, world: World) -> None:
    """403 names the scheme of the token."""
    token = rp.obtains(alice)["access_token"]
    assert rp.calls(PERMISSION, token).status_code == 200
    world.cut("APP-ROLE", "readThings")
    answer = rp.calls(PERMISSION, token)
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == CHALLENGE.format("insufficient_scope")


# --- how long and how often a proof counts ------------------------------------------------------------------


def test_a_proof_counts_once(rp: RelyingParty, alice: Person, world: World) -> None:
    """RFC 9449 11.1: at each endpoint, and not at another either."""
    token = rp.obtains(alice)["access_token"]
    proof = rp.prover.proves("GET", SESSION, token)
    assert raw(rp, SESSION, f"DPoP {token}", proof).status_code == 200
    again = raw(rp, SESSION, f"DPoP {token}", proof)
    assert again.status_code == 401
    assert refused(world).reasons == ["proof_replayed"]
    code = rp.sends(alice)["code"]
    at_token = rp.prover.proves("POST", TOKEN)
    assert redeem(rp, code, at_token).status_code == 200
    second = rp.sends(alice)["code"]
    replay = redeem(rp, second, at_token)
    assert (replay.status_code, replay.json["error"]) == (400, "invalid_dpop_proof")
    assert "used before" in replay.json["error_description"]
    row = refused(world)
    assert (row.action, row.reasons, row.decision) == ("proof", ["proof_replayed"], replay.json["decision"])
    assert redeem(rp, second, rp.prover.proves("POST", TOKEN)).status_code == 200


def test_a_refused_request_uses_no_proof_up(rp: RelyingParty, alice: Person) -> None:
    """What was not good for anything may be sent again, when the rest is right."""
    rp.pushes()
    code = rp.sends(alice)["code"]
    proof = rp.prover.proves("POST", TOKEN)
    assert redeem(rp, code + "x", proof).json["error"] == "invalid_grant"
    assert redeem(rp, code, proof).status_code == 200


def test_the_nonce(rp: RelyingParty, alice: Person, clock: Clock) -> None:
    """RFC 9449 8, 9: asked for without one and with an old one, brought by each answer; good for minutes."""
    code = rp.sends(alice)["code"]
    asked = redeem(rp, code, rp.prover.proves("POST", TOKEN))
    assert (asked.status_code, asked.json["error"]) == (400, "use_dpop_nonce")
    assert "decision" not in asked.json
    first = asked.headers["DPoP-Nonce"]
    rp.prover.nonce = first
    done = redeem(rp, code, rp.prover.proves("POST", TOKEN))
    assert done.status_code == 200
    assert done.headers["DPoP-Nonce"]
    token = done.json["access_token"]
    clock.advance(119)
    assert raw(rp, SESSION, f"DPoP {token}", rp.prover.proves("GET", SESSION, token)).status_code == 200
    clock.advance(125)
    for path in (SESSION, USERINFO):
        for nonce in (first, "made-up", "", "é\ud800", None):
            proof = rp.prover.proves("GET", path, token, nonce=nonce)
            late = raw(rp, path, f"DPoP {token}", proof)
            assert late.status_code == 401
            assert late.headers["WWW-Authenticate"] == CHALLENGE.format("use_dpop_nonce")
            assert late.headers["DPoP-Nonce"] != first
    rp.prover.nonce = late.headers["DPoP-Nonce"]
    assert raw(rp, SESSION, f"DPoP {token}", rp.prover.proves("GET", SESSION, token)).status_code == 200


@pytest.mark.parametrize(
    ("required", "seconds", "good"),
    [(True, -299, True), (True, 299, True), (True, -301, False), (True, 301, False),
     (False, -59, True), (False, 59, True), (False, -61, False), (False, 61, False)],
)  # fmt: skip
def test_the_time_in_it(
    rp: RelyingParty, alice: Person, clock: Clock, settings: Any, required: bool, seconds: int, good: bool
) -> None:
    """RFC 9449 11.1: a minute beside ours; with a nonce, which tells the time, five."""
    rp.pushes()
    settings(require_dpop_nonce=required)
    code = rp.sends(alice)["code"]
    now = int(proofs.signed_statements.get_now())
    nonce = rp.prover.nonce if required else None
    answer = redeem(rp, code, rp.prover.proves("POST", TOKEN, iat=now + seconds, nonce=nonce))
    assert answer.status_code == (200 if good else 400)
    if not good:
        assert answer.json["error"] == "invalid_dpop_proof"


def test_without_a_nonce_where_none_is_needed(rp: RelyingParty, alice: Person, settings: Any) -> None:
    """One that is sent is judged; each answer brings one all the same."""
    settings(require_dpop_nonce=False)
    code = rp.sends(alice)["code"]
    assert redeem(rp, code, rp.prover.proves("POST", TOKEN, nonce="x")).json["error"] == "use_dpop_nonce"
    done = redeem(rp, code, rp.prover.proves("POST", TOKEN))
    assert done.status_code == 200
    assert done.headers["DPoP-Nonce"]


@pytest.mark.parametrize(
    "htu",
    ["http://localhost:80" + TOKEN, "HTTP://LOCALHOST" + TOKEN, "http://localhost" + TOKEN + "?a=b#c"],
)
def test_addresses_that_are_the_same(rp: RelyingParty, alice: Person, htu: str) -> None:
    """RFC 9449 4.3: without query and fragment, in their normal form."""
    rp.pushes()
    assert redeem(rp, rp.sends(alice)["code"], rp.prover.proves("POST", TOKEN, htu=htu)).status_code == 200


def test_a_forged_host_changes_nothing(rp: RelyingParty, alice: Person) -> None:
    """The address is ours by configuration."""
    token = rp.obtains(alice)["access_token"]
    proof = rp.prover.proves("GET", SESSION, token, htu="http://evil.example.com" + SESSION)
    answer = rp.app.test_client().get(
        SESSION,
        headers={"Authorization": f"DPoP {token}", "DPoP": proof, "X-Forwarded-Host": "evil.example.com"},
    )
    assert answer.status_code == 401


def by_a_mac() -> str:
    prover = Prover(Signer("HS256", number=9))
    prover.signer.key = OctKey.import_key("x" * 40)
    return prover.proves("POST", TOKEN, header={"jwk": {"kty": "oct", "k": encode(b"x" * 40)}})


def unsigned(prover: Prover) -> str:
    header = {"typ": "dpop+jwt", "alg": "none", "jwk": prover.signer.jwk}
    return ".".join([encode(header), prover.proves("POST", TOKEN).split(".")[1], ""])


PRIVATE = ECKey.generate_key("P-256")
WRONG: dict[str, tuple[Callable[[Prover], str], str]] = {
    "another type": (lambda p: p.proves("POST", TOKEN, header={"typ": "JWT"}), "proof_type"),
    "no type": (lambda p: p.proves("POST", TOKEN, header={"typ": None}), "proof_type"),
    "no key": (lambda p: p.proves("POST", TOKEN, header={"jwk": None}), "proof_key"),
    "a private key": (
        lambda p: p.proves("POST", TOKEN, header={"jwk": PRIVATE.as_dict(private=True)}),
        "proof_key",
    ),
    "a secret": (lambda _: by_a_mac(), "proof_key"),
    "no signature": (unsigned, "statement_algorithm"),
    "another signature": (
        lambda p: p.proves("POST", TOKEN, header={"jwk": Signer(number=1).jwk}),
        "statement_signature",
    ),
    "another algorithm": (
        lambda p: p.proves("POST", TOKEN, header={"jwk": Signer("PS256").jwk}),
        "statement_key_unknown",
    ),
    "no method": (lambda p: p.proves("POST", TOKEN, htm=None), "proof_method"),
    "a method in small letters": (lambda p: p.proves("POST", TOKEN, htm="post"), "proof_method"),
    "no address": (lambda p: p.proves("POST", TOKEN, htu=None), "proof_address"),
    "the other name": (lambda p: p.proves("POST", "/oauth/token"), "proof_address"),
    "https": (lambda p: p.proves("POST", TOKEN, htu="https://localhost" + TOKEN), "proof_address"),
    "no port": (lambda p: p.proves("POST", TOKEN, htu="http://localhost:x" + TOKEN), "proof_address"),
    "a user": (lambda p: p.proves("POST", TOKEN, htu="http://a@localhost" + TOKEN), "proof_address"),
    "no time": (lambda p: p.proves("POST", TOKEN, iat=None), "proof_time"),
    "a time that is none": (lambda p: p.proves("POST", TOKEN, iat="now"), "statement_malformed"),
    "no jti": (lambda p: p.proves("POST", TOKEN, jti=None), "statement_jti"),
    "a long jti": (lambda p: p.proves("POST", TOKEN, jti="x" * 600), "statement_jti"),
    "no JWT": (lambda _: "x", "statement_malformed"),
    "empty": (lambda _: "", "statement_malformed"),
}


@pytest.mark.parametrize("what", WRONG)
def test_proofs_that_prove_nothing(rp: RelyingParty, alice: Person, world: World, what: str) -> None:
    """RFC 9449 4.3, 5: ``invalid_dpop_proof`` that says what to change; the code stays good."""
    rp.pushes()
    code = rp.sends(alice)["code"]
    make, reason = WRONG[what]
    answer = redeem(rp, code, make(rp.prover))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof"), answer.data
    assert answer.json["error_description"] == proofs.SENTENCES[reason]
    row = refused(world)
    assert (row.action, row.reasons, row.decision) == ("proof", [reason], answer.json["decision"])
    assert redeem(rp, code, rp.prover.proves("POST", TOKEN)).status_code == 200


# --- what is bound to a key ---------------------------------------------------------------------------------


def test_the_key_of_a_public_client_stays(public: RelyingParty, alice: Person, world: World) -> None:
    """RFC 9449 5: its refresh token is worth nothing without the key; a stranger ends nothing."""
    token = public.obtains(alice)["refresh_token"]
    thief = RelyingParty(public.app, public.client_id, secret=None, prover=Prover(Signer(number=1)))
    bearer = RelyingParty(public.app, public.client_id, secret=None)
    for one in (thief, bearer):
        answer = one.refreshes(token)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof")
    fresh = public.refreshes(token).json
    # The old one, from the thief: no replay that ends the session, for nobody proved to be the client.
    assert thief.refreshes(token).json["error"] == "invalid_dpop_proof"
    assert public.calls(SESSION, fresh["access_token"]).status_code == 200
    assert {row.dpop_jkt for row in world.rows(OAuthSession)} == {public.prover.thumbprint}


def test_a_confidential_client_may_change_its_key(rp: RelyingParty, alice: Person) -> None:
    """It proves itself by its secret; what is bound never becomes unbound."""
    tokens = rp.obtains(alice)
    bearer = RelyingParty(rp.app, rp.client_id)
    assert bearer.refreshes(tokens["refresh_token"]).json["error"] == "invalid_dpop_proof"
    rp.prover = Prover(Signer("EdDSA"))
    fresh = rp.refreshes(tokens["refresh_token"]).json
    assert rp.calls(SESSION, fresh["access_token"]).status_code == 200


def test_an_unbound_session_becomes_bound(app: Flask, world: World, alice: Person) -> None:
    """A refresh with a proof binds what it brings."""
    rp = RelyingParty(app, world.client())
    tokens = rp.obtains(alice)
    rp.prover = Prover(Signer())
    fresh = rp.refreshes(tokens["refresh_token"]).json
    assert fresh["token_type"] == "DPoP"
    assert raw(rp, SESSION, f"Bearer {fresh['access_token']}", None).status_code == 401
    assert rp.calls(SESSION, fresh["access_token"]).status_code == 200


def test_a_lost_answer_is_repeated_to_the_same_key(rp: RelyingParty, alice: Person) -> None:
    """Design 7: the identical successor, which is bound; another key gets nothing of it."""
    token = rp.obtains(alice)["refresh_token"]
    first = rp.refreshes(token).json
    again = rp.refreshes(token).json
    assert {**again, "expires_in": 0} == {**first, "expires_in": 0}
    other = RelyingParty(rp.app, rp.client_id, prover=Prover(Signer(number=1)))
    assert other.refreshes(token).json["error"] == "invalid_dpop_proof"
    assert rp.calls(SESSION, first["access_token"]).status_code == 200


@pytest.mark.parametrize("how", ["authorize", "push", "push with a proof"])
def test_a_code_that_is_bound_to_a_key(rp: RelyingParty, alice: Person, how: str) -> None:
    """RFC 9449 10: who stole the code and all else of the client still lacks the key."""
    key = rp.prover.thumbprint
    if how == "authorize":
        back = rp.sends(alice, dpop_jkt=key)
    else:
        if how == "push":
            rp, prover = RelyingParty(rp.app, rp.client_id), rp.prover
            url = rp.pushed_url(dpop_jkt=key)
            rp.prover = prover
        else:
            url = rp.pushed_url()
        back = returned(alice.approves(url))
    other = RelyingParty(rp.app, rp.client_id, prover=Prover(Signer(number=1)))
    bearer = RelyingParty(rp.app, rp.client_id)
    for one in (other, bearer):
        one.verifier = rp.verifier
        assert one.redeems(back["code"]).json["error"] == "invalid_dpop_proof"
    assert rp.redeems(back["code"]).json["token_type"] == "DPoP"


def test_a_key_that_is_named_wrongly(rp: RelyingParty, alice: Person) -> None:
    """At authorize and at the push: no thumbprint; at the push, not that of the proof beside it."""
    alice.logs_in()
    for text in ("x", "x" * 42, "x" * 44, "é" * 43):
        assert "error=invalid_request" in alice.visits(rp.url(dpop_jkt=text)).headers["Location"]
    bearer = RelyingParty(rp.app, rp.client_id)
    assert bearer.pushes(dpop_jkt="x").json["error"] == "invalid_request"
    assert rp.pushes(dpop_jkt=Prover(Signer(number=1)).thumbprint).json["error"] == "invalid_dpop_proof"
    assert rp.pushes(dpop_jkt=rp.prover.thumbprint).status_code == 201


def test_pushing_twice_with_one_proof(rp: RelyingParty, public: RelyingParty, queries: Any) -> None:
    """A client that proves itself may not; of a public one nothing is kept, for it could name the key."""
    for one, status in ((rp, 400), (public, 201)):
        one.pushes()
        form = one.request() | {"client_id": one.client_id}
        form |= {"client_secret": one.secret} if one.secret else {}
        proof = {"DPoP": one.prover.proves("POST", PAR)}
        assert one.app.test_client().post(PAR, data=form, headers=proof).status_code == 201
        queries.reset()
        assert one.app.test_client().post(PAR, data=form, headers=proof).status_code == status
        if one is public:
            assert [s for s in queries.statements if not s.startswith("SELECT")] == []


def test_a_client_that_needs_a_key(app: Flask, world: World, alice: Person, admin: ApiCaller) -> None:
    """RFC 9449 5.2: it never gets a bearer token, by any grant."""
    client_id = world.client(dpop_bound_access_tokens=True)
    rp = RelyingParty(app, client_id)
    code = rp.sends(alice)["code"]
    answer = rp.redeems(code)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof")
    key = ApiCaller(app, world.api_key("alice"))
    form = {"grant_type": "client_credentials", "client_id": client_id}
    assert key.call("POST", TOKEN, data=form).json["error"] == "invalid_dpop_proof"
    prover = rp.prover = Prover(Signer())
    assert rp.redeems(code).json["token_type"] == "DPoP"
    headers = {"DPoP": prover.proves("POST", TOKEN)}
    bought = key.call("POST", TOKEN, data=form, headers={**headers, "Argus-API-Key": world.api_key("alice")})
    assert bought.json["token_type"] == "DPoP", bought.json
    path = f"/authentication/v1/oauth/client/{client_id}"
    assert admin.get(path).json["data"]["dpopBoundAccessTokens"] is True


def test_unbound_tokens_of_a_client_that_needs_a_key_since(app: Flask, world: World, alice: Person) -> None:
    """The flag acts at the next issue: a refresh takes a proof then."""
    rp = RelyingParty(app, world.client())
    tokens = rp.obtains(alice)
    world.change_client(rp.client_id, dpop_bound_access_tokens=True)
    assert rp.refreshes(tokens["refresh_token"]).json["error"] == "invalid_dpop_proof"
    rp.prover = Prover(Signer())
    assert rp.refreshes(tokens["refresh_token"]).json["token_type"] == "DPoP"


# --- what it costs ------------------------------------------------------------------------------------------


def test_a_dead_token_leaves_nothing(rp: RelyingParty, alice: Person, queries: Any) -> None:
    """Only what is right is kept: a dead token's proofs are judged and forgotten."""
    token = rp.obtains(alice)["access_token"]
    alice.logs_out()
    assert rp.calls(SESSION, token).status_code == 401
    queries.reset()
    assert rp.calls(SESSION, token).status_code == 401
    assert not [s for s in queries.statements if "throttle_counter" in s]


def test_an_unbound_call_costs_what_it_did(app: Flask, world: World, alice: Person, queries: Any) -> None:
    """Design 7: one query; a bound one adds the counter that remembers its proof."""
    rp = RelyingParty(app, world.client())
    token = rp.obtains(alice)["access_token"]
    rp.calls(SESSION, token)
    queries.reset()
    assert rp.calls(SESSION, token).status_code == 200
    unbound = len(queries.statements)
    rp.prover = Prover(Signer())
    token = rp.obtains(alice)["access_token"]
    rp.calls(SESSION, token)
    queries.reset()
    assert rp.calls(SESSION, token).status_code == 200
    assert unbound == 1
    assert len(queries.statements) <= 3, queries.statements


def test_the_answer_that_the_driver_reads(rp: RelyingParty) -> None:
    """The stock client's way: the nonce comes with an error, and the same call is made again."""
    first = rp.app.test_client().post(
        TOKEN, data={"grant_type": "refresh_token"}, headers={"DPoP": rp.prover.proves("POST", TOKEN)}
    )
    assert learns_nonce(rp.prover, first) is False
    assert rp.prover.nonce is not None
    assert json.loads(first.data)["error"] == "invalid_client"
