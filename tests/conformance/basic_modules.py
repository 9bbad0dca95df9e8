"""The modules of Basic OP, by form_post Form Post OP. Each says in one line what the suite demands."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from tests.conformance.kit import AUTHORIZE
from tests.conformance.kit import SKIPPED
from tests.conformance.kit import USERINFO
from tests.conformance.kit import WARNING
from tests.conformance.kit import Module
from tests.conformance.kit import Walk
from tests.conformance.kit import collector
from tests.drivers.signing import encode
from tests.world import REDIRECT

MODULES: dict[str, Module] = {}
named = collector(MODULES)
# OIDC Core 5.4.
PROFILE = """name given_name family_name middle_name nickname profile picture website gender birthdate
    zoneinfo locale updated_at preferred_username"""
CLAIMS_OF = {
    "profile": frozenset(PROFILE.split()),
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
}


def request_object(walk: Walk, **changes: str) -> str:
    return ".".join((encode({"alg": "none"}), encode(walk.asks() | changes), ""))


@named("oidcc-server")
def happy(walk: Walk) -> None:
    """Code flow by client_secret_basic: a valid ID token, and userinfo takes the access token."""
    assert "client_secret_basic" in walk.discovery["token_endpoint_auth_methods_supported"]
    tokens = walk.obtains()
    walk.id_token(tokens)
    walk.userinfo(tokens)


@named("oidcc-server-client-secret-post")
def happy_by_post(walk: Walk) -> None:
    """The same by client_secret_post."""
    walk.by_header = False
    assert "client_secret_post" in walk.discovery["token_endpoint_auth_methods_supported"]
    tokens = walk.obtains()
    walk.id_token(tokens)
    walk.userinfo(tokens)


@named("oidcc-response-type-missing")
def response_type_missing(walk: Walk) -> None:
    """An error page, or invalid_request or unsupported_response_type at the application."""
    page = walk.refused(response_type=None)
    assert "response_type" in page.text
    walk.alice.logs_in()
    arrived = walk.authorizes(response_type=None)
    assert arrived.params["error"] in ("invalid_request", "unsupported_response_type")


@named("oidcc-idtoken-signature")
def signature(walk: Walk) -> None:
    """RS256 where no algorithm was asked for, with a ``kid`` that the key set names."""
    tokens = walk.obtains()
    walk.id_token(tokens)  # checks RS256, with the published keys
    assert all(key["kid"] for key in walk.app.test_client().get("/oauth/jwks").json["keys"])


@named("oidcc-idtoken-unsigned")
def unsigned(walk: Walk) -> str:
    """Skipped where discovery does not list ``none``."""
    assert "none" not in walk.discovery["id_token_signing_alg_values_supported"]
    return SKIPPED


@named("oidcc-userinfo-get")
def userinfo_get(walk: Walk) -> None:
    """GET with the token in the header: 200, JSON, the ``sub`` of the ID token."""
    walk.userinfo(walk.obtains())


@named("oidcc-userinfo-post-header")
def userinfo_post(walk: Walk) -> None:
    """POST with the token in the header."""
    walk.userinfo(walk.obtains(), "POST")


@named("oidcc-userinfo-post-body")
def userinfo_body(walk: Walk) -> str | None:
    """POST with the token in the body (RFC 6750 2.2); a warning where that is an HTTP error."""
    tokens = walk.obtains()
    answer = walk.app.test_client().post(USERINFO, data={"access_token": tokens["access_token"]})
    if answer.status_code >= 400:
        return WARNING
    assert answer.json == walk.userinfo(tokens)
    return None


@named("oidcc-ensure-request-without-nonce-succeeds-for-code-flow")
def no_nonce(walk: Walk) -> None:
    """A code without a nonce, and none in the ID token."""
    walk.id_token(walk.obtains(nonce=None), nonce=None)


def tells(walk: Walk, *scopes: str) -> str | None:
    """The claims of these scopes at userinfo; skipped where discovery lacks one, a warning if any misses."""
    walk.world.change_user("alice", phone_country_code="+47", phone_national_number="21000000")
    told = walk.userinfo(walk.obtains(scope=" ".join(("openid", *scopes))))
    known = [scope for scope in scopes if scope in walk.discovery["scopes_supported"]]
    missing = {claim for scope in known for claim in CLAIMS_OF[scope]} - set(told)
    assert not missing & set(walk.discovery["claims_supported"])
    if len(known) < len(scopes):
        return SKIPPED
    return WARNING if missing else None


@named("oidcc-scope-profile")
def scope_profile(walk: Walk) -> str | None:
    """All 14 claims of the scope, or a warning."""
    return tells(walk, "profile")


@named("oidcc-scope-email")
def scope_email(walk: Walk) -> str | None:
    """``email`` and ``email_verified`` at userinfo."""
    return tells(walk, "email")


@named("oidcc-scope-address")
def scope_address(walk: Walk) -> str | None:
    """``address``; skipped where discovery lacks the scope, which must not be an error then either."""
    return tells(walk, "address")


@named("oidcc-scope-phone")
def scope_phone(walk: Walk) -> str | None:
    """``phone_number`` and ``phone_number_verified`` at userinfo."""
    return tells(walk, "phone")


@named("oidcc-scope-all")
def scope_all(walk: Walk) -> str | None:
    """The claims of all four; skipped where discovery lacks a scope."""
    return tells(walk, "email", "phone", "address", "profile")


@named("oidcc-alternate-happy-flow")
def other_order(walk: Walk) -> None:
    """Scopes and parameters in the reverse order."""
    query = urlencode(list(reversed(walk.asks(scope="email openid").items())))
    arrived = walk.follows(walk.alice.visits(AUTHORIZE + "?" + query), AUTHORIZE)
    assert "email" in walk.userinfo(walk.obtains(arrived))


def succeeds_with(name: str, value: str) -> Module:
    def module(walk: Walk) -> None:
        """The parameter must not cause an error."""
        arrived = walk.authorizes(**{name: value})
        assert arrived.logins == 1
        walk.id_token(walk.obtains(arrived))

    return module


for public, parameter, content in (
    ("oidcc-display-page", "display", "page"),
    ("oidcc-display-popup", "display", "popup"),
    ("oidcc-ensure-request-with-unknown-parameter-succeeds", "extra", "foobar"),
    ("oidcc-login-hint", "login_hint", "buffy@localhost"),
    ("oidcc-ui-locales", "ui_locales", "se"),
    ("oidcc-claims-locales", "claims_locales", "se"),
):
    named(public)(succeeds_with(parameter, content))


@named("oidcc-prompt-login")
def prompt_login(walk: Walk) -> None:
    """A second login, and a later ``auth_time``."""
    first = walk.id_token(walk.obtains())
    walk.clock.advance(2)
    again = walk.authorizes(prompt="login")
    assert again.logins == 1
    assert walk.id_token(walk.obtains(again))["auth_time"] > first["auth_time"]


@named("oidcc-prompt-none-not-logged-in")
def silent_stranger(walk: Walk) -> None:
    """An error at the application, without a page."""
    arrived = walk.authorizes(prompt="none")
    assert arrived.params["error"] in ("login_required", "interaction_required")
    assert arrived.logins == arrived.consents == 0


@named("oidcc-prompt-none-logged-in")
def silent(walk: Walk) -> None:
    """A code without a page, for the same login."""
    same_login(walk, prompt="none")


def same_login(walk: Walk, **changes: str) -> None:
    first = walk.id_token(walk.obtains(max_age="15000"))
    walk.clock.advance(2)
    arrived = walk.authorizes(**changes)
    assert arrived.logins == arrived.consents == 0
    second = walk.id_token(walk.obtains(arrived))
    assert (first["sub"], first["auth_time"]) == (second["sub"], second["auth_time"])


@named("oidcc-max-age-1")
def max_age_1(walk: Walk) -> None:
    """Two seconds later a second login, and a recent ``auth_time``."""
    first = walk.id_token(walk.obtains())
    walk.clock.advance(2)
    again = walk.authorizes(max_age="1")
    assert again.logins == 1
    told = walk.id_token(walk.obtains(again))
    assert first["auth_time"] < told["auth_time"] <= walk.clock.now().timestamp()


@named("oidcc-max-age-10000")
def max_age_10000(walk: Walk) -> None:
    """No second login, and the same ``auth_time``."""
    same_login(walk, max_age="10000")


@named("oidcc-id-token-hint")
def id_token_hint(walk: Walk) -> None:
    """With ``prompt=none`` and the first ID token: a code without a page, for the same login."""
    first = walk.obtains()
    arrived = walk.authorizes(prompt="none", id_token_hint=first["id_token"])
    assert arrived.logins == arrived.consents == 0
    second = walk.id_token(walk.obtains(arrived))
    assert second["sub"] == walk.id_token(first)["sub"]


@named("oidcc-ensure-request-with-acr-values-succeeds")
def acr_values(walk: Walk) -> None:
    """With all that discovery lists; one of them in the ID token, or a warning."""
    values = walk.discovery["acr_values_supported"]
    assert walk.id_token(walk.obtains(acr_values=" ".join(values)))["acr"] in values


@named("oidcc-codereuse")
def code_reuse(walk: Walk) -> None:
    """The second time 400 ``invalid_grant``, as JSON."""
    reuses(walk, 0)


@named("oidcc-codereuse-30seconds")
def code_reuse_later(walk: Walk) -> None:
    """The same half a minute later; and the first access token is dead, or a warning."""
    tokens = reuses(walk, 30)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert walk.app.test_client().get(USERINFO, headers=headers).status_code == 401


def reuses(walk: Walk, seconds: int) -> dict[str, str]:
    arrived = walk.authorizes()
    tokens = walk.obtains(arrived)
    walk.clock.advance(seconds)
    again = walk.redeems(arrived.params["code"])
    assert (again.status_code, again.mimetype) == (400, "application/json")
    assert again.json["error"] == "invalid_grant"
    assert "\n" not in again.json["error_description"]
    return tokens


@named("oidcc-ensure-registered-redirect-uri")
def unregistered(walk: Walk) -> None:
    """An error page about the redirect URI, never a redirect."""
    page = walk.refused(redirect_uri=REDIRECT + "/x8f3")
    assert "has not registered" in page.text
    assert REDIRECT not in page.text


@named("oidcc-ensure-post-request-succeeds")
def by_post(walk: Walk) -> None:
    """The authorization request as POST, as from the application's own page."""
    page = walk.app.test_client().post(AUTHORIZE, data=walk.asks())
    walk.id_token(walk.obtains(walk.follows(page, AUTHORIZE)))


@named("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
def by_reference(walk: Walk) -> str:
    """Taken, or ``request_uri_not_supported``: then it is skipped, as where discovery lists no ``none``."""
    assert walk.discovery["request_uri_parameter_supported"] is False
    walk.alice.logs_in()
    arrived = walk.authorizes(request_uri="https://app.example.com/request.jwt")
    assert arrived.params["error"] == "request_uri_not_supported"
    return SKIPPED


@named("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
def by_value(walk: Walk) -> str:
    """Taken, or ``request_not_supported``: then it is skipped, as where discovery lists no ``none``."""
    assert walk.discovery["request_parameter_supported"] is False
    walk.alice.logs_in()
    arrived = walk.authorizes(request=request_object(walk))
    assert arrived.params["error"] == "request_not_supported"
    return SKIPPED


@named("oidcc-ensure-request-object-with-redirect-uri")
def two_redirect_uris(walk: Walk) -> None:
    """A bad redirect URI outside the object: the one inside is used, or an error page about it."""
    walk.alice.logs_in()
    page = walk.refused(redirect_uri=REDIRECT + "/x8f3", request=request_object(walk))
    assert "has not registered" in page.text


@named("oidcc-claims-essential")
def claims_essential(walk: Walk) -> str | None:
    """A success; ``name`` at userinfo and not in the ID token, or a warning."""
    tokens = walk.obtains(claims=json.dumps({"userinfo": {"name": {"essential": True}}}))
    assert "name" not in walk.id_token(tokens)
    return None if "name" in walk.userinfo(tokens) else WARNING


@named("oidcc-refresh-token")
def refresh(walk: Walk) -> None:
    """A fresh access token for the same login by the first client; ``invalid_grant`` for the second."""
    assert "refresh_token" in walk.discovery["grant_types_supported"]
    first, other = walk.rp, walk.client("second")
    for rp in (first, other):
        walk.rp = rp
        tokens = walk.obtains(scope="openid offline_access", prompt="consent")
        walk.clock.advance(1)
        answer = walk.posts({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
        assert answer.status_code == 200
        assert "no-store" in answer.headers["Cache-Control"]
        before, after = walk.id_token(tokens), walk.id_token(answer.json, nonce=None)
        for claim in ("iss", "sub", "aud", "azp", "auth_time"):
            assert before[claim] == after[claim]
        assert before["iat"] < after["iat"]
        walk.userinfo(answer.json)
    walk.rp = first
    stolen = walk.posts({"grant_type": "refresh_token", "refresh_token": answer.json["refresh_token"]})
    assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")


@named("oidcc-ensure-request-with-valid-pkce-succeeds")
def pkce(walk: Walk) -> None:
    """With a challenge and its verifier."""
    arrived = walk.authorizes(code_challenge=walk.rp.challenge, code_challenge_method="S256")
    answer = walk.redeems(arrived.params["code"], code_verifier=walk.rp.verifier)
    assert answer.status_code == 200
    walk.id_token(answer.json)
