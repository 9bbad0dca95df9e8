"""fapi2-security-profile-final-test-plan: what holds of a client that is set up for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey

from tests.conformance.fapi_modules import MODULES
from tests.conformance.fapi_modules import PREFIX
from tests.conformance.fapi_modules import Profile
from tests.conformance.kit import FAPI2
from tests.conformance.kit import USERINFO
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.drivers.signing import encode
from tests.fixtures import Clock
from tests.world import World

# ``dpop-negative-tests``: what the proof of a call is, and whether the call may succeed.
Make = Callable[[Prover, str], str]


def makes(**changes: Any) -> Make:
    return lambda prover, token: prover.proves("GET", USERINFO, token, **changes)


def unsigned(prover: Prover, token: str) -> str:
    body = prover.proves("GET", USERINFO, token).split(".")[1]
    return ".".join((encode({"typ": "dpop+jwt", "alg": "none", "jwk": prover.signer.jwk}), body, ""))


def broken(prover: Prover, token: str) -> str:
    return prover.proves("GET", USERINFO, token)[:-8] + "AAAAAAAA"


def by_another(prover: Prover, token: str) -> str:
    other = Prover(Signer(number=99))
    other.nonce = prover.nonce
    return other.proves("GET", USERINFO, token)


PRIVATE = ECKey.generate_key("P-256").as_dict(private=True)
PROOFS: dict[str, tuple[Make, bool]] = {
    "a correct one": (makes(), True),
    "two proofs": (lambda p, t: f"{p.proves('GET', USERINFO, t)}, {p.proves('GET', USERINFO, t)}", False),
    "no JWT": (lambda _p, _t: "not.a.jwt", False),
    "no typ": (makes(header={"typ": None}), False),
    "another typ": (makes(header={"typ": "jwt"}), False),
    "no jwk": (makes(header={"jwk": None}), False),
    "a private jwk": (makes(header={"jwk": PRIVATE}), False),
    "no jti": (makes(jti=None), False),
    "no htm": (makes(htm=None), False),
    "another htm": (makes(htm="PUT"), False),
    "no htu": (makes(htu=None), False),
    "another htu": (makes(htu="https://other.example.com" + USERINFO), False),
    "htu with query and fragment": (makes(htu=f"http://localhost{USERINFO}?a=b#c"), True),
    "htu in capitals": (makes(htu=f"HTTP://LOCALHOST{USERINFO}"), True),
    "htu with the port": (makes(htu=f"http://localhost:80{USERINFO}"), True),
    "no iat": (makes(iat=None), False),
    "no ath": (makes(ath=None), False),
    "another ath": (makes(ath=encode(b"x" * 32)), False),
    "alg none": (unsigned, False),
    "a broken signature": (broken, False),
    "another key": (by_another, False),
    "more claims and headers": (makes(extra="foo", header={"extra": "bar"}), True),
}
# Modules that do not hold, and why.
LATER = {
    PREFIX + name: reason
    for name, reason in {
        "discovery-end-point-verification": "Discovery lists what clients outside the profile use too.",
        "test-claims-parameter-identity-claims": "Claims follow the scopes (docs/decisions/056).",
    }.items()
}
HERE = {
    PREFIX + name
    for name in (
        "dpop-negative-tests",
        "access-token-type-header-case-sensitivity",
        "check-dpop-proof-nbf-exp",
        "ensure-dpopproof-with-iat-10seconds-before-succeeds",
        "ensure-dpopproof-with-iat-10seconds-after-succeeds",
    )
}


@pytest.fixture
def profile(app: Flask, world: World, clock: Clock) -> Profile:
    return Profile(app, world, clock)


@pytest.mark.parametrize("name", MODULES, ids=str)
def test_fapi2(profile: Profile, name: str) -> None:
    MODULES[name](profile)


def calls(profile: Profile, token: str, proof: str | None, scheme: str = "DPoP") -> int:
    headers = {"Authorization": f"{scheme} {token}"} | ({} if proof is None else {"DPoP": proof})
    return profile.app.test_client().get(USERINFO, headers=headers).status_code


def test_dpop_negative_tests(profile: Profile) -> None:
    """fapi2-security-profile-final-dpop-negative-tests: one token, and every proof in turn."""
    token, prover = profile.token(), profile.rp.prover
    assert prover is not None
    for what, (make, good) in PROOFS.items():
        assert calls(profile, token, make(prover, token)) == (200 if good else 401), what
    again = prover.proves("GET", USERINFO, token)
    assert [calls(profile, token, again) for _ in range(2)] == [200, 401]
    assert calls(profile, token, None) == calls(profile, token, None, "Bearer") == 401
    assert calls(profile, token, prover.proves("GET", USERINFO, token)) == 200


@pytest.mark.parametrize(
    ("name", "seconds", "scheme"),
    [
        ("access-token-type-header-case-sensitivity", {}, "dpop"),
        ("check-dpop-proof-nbf-exp", {"nbf": 0, "exp": 300}, "DPoP"),
        ("ensure-dpopproof-with-iat-10seconds-before-succeeds", {"iat": -10}, "DPoP"),
        ("ensure-dpopproof-with-iat-10seconds-after-succeeds", {"iat": 10}, "DPoP"),
    ],
)
def test_proofs_that_are_good(profile: Profile, name: str, seconds: dict[str, int], scheme: str) -> None:
    assert PREFIX + name in HERE
    token, prover = profile.token(), profile.rp.prover
    assert prover is not None
    claims: dict[str, Any] = {claim: profile.from_now(far) for claim, far in seconds.items()}
    assert calls(profile, token, prover.proves("GET", USERINFO, token, **claims), scheme) == 200


def test_each_module_of_the_plan_is_in_one_place() -> None:
    assert sorted([*MODULES, *HERE, *LATER]) == sorted(PREFIX + name for name in FAPI2)
