"""What the modules of OpenID's conformance plans share: the plans' lists, and a client that walks them.

A module is re-created by what it demands, against the real pages; its name is the public one, so that whoever
runs the suite finds it here. What a module says of this server is ``PASSED``, ``WARNING`` or ``SKIPPED``, by
the suite's own words; each that is not ``PASSED`` stands in ``OTHERWISE`` with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.drivers.person import Person
from tests.drivers.person import forms
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.fixtures import Clock
from tests.oauth.test_id_tokens import read_claims
from tests.world import REDIRECT
from tests.world import SECRET
from tests.world import World

PASSED, WARNING, SKIPPED = "passed", "warning", "skipped"
AUTHORIZE = "/oauth/authorize"
LOGOUT = "/oauth/logout"
USERINFO = "/authentication/v1/oauth/userinfo"
OPENID = "/.well-known/openid-configuration"
ISSUER = "http://localhost"
NONCE = "n-0S6_WzA"
SCOPES = ["openid", "profile", "email", "phone"]

# oidcc-basic-certification-test-plan; oidcc-formpost-basic-certification-test-plan is the same by form_post.
BASIC = (
    "oidcc-server",
    "oidcc-response-type-missing",
    "oidcc-idtoken-signature",
    "oidcc-idtoken-unsigned",
    "oidcc-userinfo-get",
    "oidcc-userinfo-post-header",
    "oidcc-userinfo-post-body",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
    "oidcc-scope-profile",
    "oidcc-scope-email",
    "oidcc-scope-address",
    "oidcc-scope-phone",
    "oidcc-scope-all",
    "oidcc-alternate-happy-flow",
    "oidcc-display-page",
    "oidcc-display-popup",
    "oidcc-prompt-login",
    "oidcc-prompt-none-not-logged-in",
    "oidcc-prompt-none-logged-in",
    "oidcc-max-age-1",
    "oidcc-max-age-10000",
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-id-token-hint",
    "oidcc-login-hint",
    "oidcc-ui-locales",
    "oidcc-claims-locales",
    "oidcc-ensure-request-with-acr-values-succeeds",
    "oidcc-codereuse",
    "oidcc-codereuse-30seconds",
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-ensure-post-request-succeeds",
    "oidcc-server-client-secret-post",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-claims-essential",
    "oidcc-ensure-request-object-with-redirect-uri",
    "oidcc-refresh-token",
    "oidcc-ensure-request-with-valid-pkce-succeeds",
)
# oidcc-config-certification-test-plan
CONFIG = ("oidcc-discovery-endpoint-verification",)
# oidcc-rp-initiated-logout-certification-test-plan
RP_LOGOUT = (
    "oidcc-rp-initiated-logout-discovery-endpoint-verification",
    "oidcc-rp-initiated-logout",
    "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-modified-id-token-hint",
    "oidcc-rp-initiated-logout-no-id-token-hint",
    "oidcc-rp-initiated-logout-no-params",
    "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-no-state",
    "oidcc-rp-initiated-logout-only-state",
    "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
    "oidcc-rp-initiated-logout-bad-id-token-hint",
)
# fapi2-security-profile-final-test-plan of no national profile, by private_key_jwt, DPoP and plain requests;
# each begins with the name of the profile.
FAPI2 = (
    "discovery-end-point-verification",
    "happy-flow",
    "user-rejects-authentication",
    "ensure-authorization-request-without-state-success",
    "ensure-authorization-request-without-nonce-success",
    "ensure-authorization-request-with-64-char-nonce-success",
    "ensure-other-scope-order-succeeds",
    "test-claims-parameter-identity-claims",
    "access-token-type-header-case-sensitivity",
    "check-dpop-proof-nbf-exp",
    "ensure-dpopproof-with-iat-10seconds-before-succeeds",
    "ensure-dpopproof-with-iat-10seconds-after-succeeds",
    "ensure-mismatched-dpop-jkt-fails",
    "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
    "ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
    "ensure-dpopproof-at-par-endpoint-binding-success",
    "ensure-dpop-auth-code-binding-success",
    "ensure-different-nonce-inside-and-outside-request-object",
    "ensure-different-state-inside-and-outside-request-object",
    "ensure-authorization-request-with-long-nonce",
    "ensure-authorization-request-with-long-state",
    "state-only-outside-request-object-not-used",
    "ensure-request-object-without-redirect-uri-fails",
    "plain-fapi-tolerate-unregistered-redirect-uri",
    "ensure-unsigned-authorization-request-without-using-par-fails",
    "ensure-redirect-uri-in-authorization-request",
    "ensure-response-type-code-idtoken-fails",
    "ensure-response-type-token-fails",
    "ensure-client-id-in-token-endpoint",
    "ensure-holder-of-key-required",
    "ensure-authorization-code-is-bound-to-client",
    "attempt-reuse-authorization-code-after-one-second",
    "ensure-token-endpoint-fails-with-expired-auth-code",
    "ensure-signed-client-assertion-with-RS256-fails",
    "ensure-client-assertion-in-token-endpoint",
    "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
    "ensure-client-assertion-with-wrong-aud-fails",
    "ensure-client-assertion-with-no-sub-fails",
    "dpop-negative-tests",
    "refresh-token",
    "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
    "par-attempt-reuse-request_uri",
    "par-attempt-to-use-expired-request_uri",
    "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted",
    "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails",
    "par-attempt-to-use-request_uri-for-different-client",
    "par-authorization-request-containing-request_uri-form-param",
    "par-attempt-invalid-http-method",
    "par-ensure-pkce-required",
    "ensure-pkce-code-verifier-required",
    "incorrect-pkce-code-verifier-rejected",
    "par-plain-pkce-rejected",
    "par-without-duplicate-parameters",
    "par-test-array-as-audience-fails",
    "par-test-par-endpoint-url-as-audience-fails",
    "par-test-token-endpoint-url-as-audience-fails",
)
OTHERWISE: dict[str, tuple[str, str]] = {
    "oidcc-idtoken-unsigned": (SKIPPED, "An ID token is always signed (design decision 20)."),
    "oidcc-scope-address": (
        SKIPPED,
        "Nobody's address is kept: the scope is unknown, and ignored (5).",
    ),
    "oidcc-scope-all": (SKIPPED, "It asks for the scope address too (5)."),
    "oidcc-scope-profile": (WARNING, "Only what is known of a person is told; of 14 claims these are 5."),
    "oidcc-userinfo-post-body": (WARNING, "A token counts in the header only (security rule 53)."),
    "oidcc-claims-essential": (WARNING, "Claims about a person follow the scopes (docs/decisions/056)."),
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": (
        SKIPPED,
        "Nothing is ever fetched; request_uri_not_supported, as the suite allows (security rule 33).",
    ),
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": (
        SKIPPED,
        "Request objects are not taken; request_not_supported, as the suite allows.",
    ),
}


@dataclass
class Arrival:
    """What came back to the application, and how many login and consent pages the person saw on the way."""

    params: dict[str, str]
    logins: int
    consents: int


class Walk:
    """One module's world: a client, a person with a browser, and the way of the answer."""

    def __init__(self, app: Flask, world: World, clock: Clock, *, form_post: bool = False) -> None:
        self.app, self.world, self.clock = app, world, clock
        self.way = {"response_mode": "form_post"} if form_post else {}
        self.alice = Person(app)
        self.rp = self.client("suite")
        self.by_header = True

    def client(self, name: str) -> RelyingParty:
        return RelyingParty(self.app, self.world.client(name, permitted_scopes=SCOPES, require_pkce=False))

    def asks(self, **changes: str | None) -> dict[str, str]:
        """The suite's own request: no PKCE unless a module sends it, a state and a nonce."""
        plain = {
            "code_challenge": None,
            "code_challenge_method": None,
            "scope": "openid",
            "nonce": "n-0S6_WzA",
        }
        return self.rp.request(**{**plain, **self.way, **changes})

    def url(self, **changes: str | None) -> str:
        return AUTHORIZE + "?" + urlencode(self.asks(**changes))

    def authorizes(self, **changes: str | None) -> Arrival:
        return self.follows(self.alice.visits(self.url(**changes)), self.url(**changes))

    def follows(self, page: TestResponse, url: str) -> Arrival:
        """Go through the pages as needed until the answer arrives, by the way that was asked for."""
        seen = Arrival({}, 0, 0)
        for _ in range(8):
            if page.status_code in (302, 303):
                url = page.headers["Location"]
                if url.startswith(REDIRECT):
                    assert not self.way, "an answer by redirect"
                    assert not urlsplit(url).fragment
                    return self.judged(seen, returned(url))
                page = self.alice.visits(url)
                continue
            assert page.status_code == 200, page.text
            found = forms(page.text)
            answers = [fields for action, fields in found if action == REDIRECT]
            if answers:
                assert self.way, "an answer by form"
                return self.judged(seen, answers[0])
            if any("password" in fields for _, fields in found):
                seen.logins += 1
                page = self.alice.submits(page, url, username=self.alice.name, password=self.alice.password)
            else:
                seen.consents += 1
                held = next(fields for _, fields in found if "transaction" in fields)
                page = self.alice.browser.post(AUTHORIZE, data={**held, "decision": "approve"})
        raise AssertionError("the browser goes round in circles")

    def judged(self, seen: Arrival, params: dict[str, str]) -> Arrival:
        """RFC 9207, RFC 6749 4.1.2: the issuer and the state, and nothing that nobody expects."""
        assert params["iss"] == ISSUER
        assert params["state"] == self.rp.state
        known = {"error", "error_description"} if "error" in params else {"code"}
        assert set(params) <= known | {"state", "iss"}
        seen.params = params
        return seen

    def redeems(self, code: str, **more: str) -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **more}
        return self.posts(form)

    def posts(self, form: dict[str, str]) -> TestResponse:
        """A call of the token endpoint by client_secret_basic, or by client_secret_post."""
        if self.by_header:
            basic = (self.rp.client_id, SECRET)
            return self.app.test_client().post(TOKEN, data=form, auth=basic)
        return self.rp.posts(**form)

    def obtains(self, arrival: Arrival | None = None, /, **changes: str | None) -> dict[str, Any]:
        """The whole flow; the token answer, after the checks that every module makes of it."""
        arrived = self.authorizes(**changes) if arrival is None else arrival
        assert "code" in arrived.params, arrived.params
        answer = self.redeems(arrived.params["code"])
        assert answer.status_code == 200, answer.data
        assert answer.mimetype == "application/json"
        assert "no-store" in answer.headers["Cache-Control"]
        tokens: dict[str, Any] = answer.json
        assert tokens["token_type"] == "Bearer"
        assert tokens["expires_in"] > 0
        return tokens

    def id_token(self, tokens: dict[str, Any], nonce: str | None = NONCE) -> dict[str, Any]:
        """Its claims, once signature, ``at_hash`` and the rules of OIDC Core 3.1.3.7 hold."""
        told = read_claims(self.app, tokens)
        now = self.clock.now().timestamp()
        assert told["iss"] == ISSUER
        assert told["aud"] == told["azp"] == self.rp.client_id
        assert told["iat"] <= now + 1 < told["exp"]
        assert told.get("nonce") == nonce
        assert 0 < len(told["sub"]) <= 255
        return told

    def userinfo(self, tokens: dict[str, Any], method: str = "GET") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = self.app.test_client().open(USERINFO, method=method, headers=headers)
        assert answer.status_code == 200, answer.data
        assert answer.mimetype == "application/json"
        assert answer.json["sub"] == read_claims(self.app, tokens)["sub"]
        return dict(answer.json)

    def refused(self, **changes: str | None) -> TestResponse:
        """An error page: no redirect, and nothing that takes the browser to the application by itself."""
        page = self.alice.visits(self.url(**changes))
        assert page.status_code == 400
        assert "Location" not in page.headers
        return page

    @property
    def discovery(self) -> dict[str, Any]:
        return dict(json.loads(self.app.test_client().get(OPENID).data))


Module = Callable[[Walk], "str | None"]


def collector(modules: dict[str, Module]) -> Callable[..., Callable[[Module], Module]]:
    """Decorate each function with the public names of the modules that it re-creates."""

    def named(*names: str) -> Callable[[Module], Module]:
        def put(module: Module) -> Module:
            assert not set(names) & set(modules)
            modules.update(dict.fromkeys(names, module))
            return module

        return put

    return named


def judge(modules: dict[str, Module], name: str, walk: Walk) -> None:
    """Run a module, and hold what it says against what is expected of it."""
    assert (modules[name](walk) or PASSED) == OTHERWISE.get(name, (PASSED, ""))[0]
