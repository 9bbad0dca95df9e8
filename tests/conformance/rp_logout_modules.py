"""The modules of RP-Initiated Logout OP. Each says in one line what the suite demands."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from tests.conformance.kit import LOGOUT
from tests.conformance.kit import OPENID
from tests.conformance.kit import Module
from tests.conformance.kit import Walk
from tests.conformance.kit import collector
from tests.drivers.signing import Signer
from tests.drivers.signing import encode

MODULES: dict[str, Module] = {}
named = collector(MODULES)
BYE = "https://app.example.com/post_logout_redirect"
STATE = "a-state"


def logs_in(walk: Walk) -> dict[str, Any]:
    walk.world.change_client(walk.rp.client_id, post_logout_redirect_uris=[BYE])
    tokens = walk.obtains()
    walk.id_token(tokens)
    return tokens


def goes(walk: Walk, **params: str) -> TestResponse:
    """To the end_session_endpoint of discovery; by our own addresses to a page, or to the application."""
    endpoint = walk.app.test_client().get(OPENID).json["end_session_endpoint"]
    assert endpoint.endswith(LOGOUT)
    page = walk.alice.visits(f"{LOGOUT}?{urlencode(params)}")
    while page.status_code == 303 and page.headers["Location"].startswith("/"):
        page = walk.alice.visits(page.headers["Location"])
    return page


def is_logged_out(walk: Walk) -> bool:
    arrived = walk.authorizes(prompt="none")
    return arrived.params.get("error") in ("login_required", "interaction_required")


def is_asked(walk: Walk, **params: str) -> None:
    """No redirect, but a question; whoever answers it is logged out, and stays here."""
    page = goes(walk, **params)
    assert page.status_code == 200
    assert "Log out?" in page.text
    assert not is_logged_out(walk)
    answer = walk.alice.submits(page, LOGOUT, form=-1)
    assert answer.headers["Location"] == "/logged-out"
    assert is_logged_out(walk)


@named("oidcc-rp-initiated-logout")
def happy(walk: Walk) -> None:
    """To the registered address with the state, and logged out."""
    hint = logs_in(walk)["id_token"]
    answer = goes(walk, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)
    assert answer.headers["Location"] == f"{BYE}?state={STATE}"
    assert is_logged_out(walk)


@named("oidcc-rp-initiated-logout-no-state")
def no_state(walk: Walk) -> None:
    """To the registered address without a state, and logged out."""
    hint = logs_in(walk)["id_token"]
    answer = goes(walk, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["Location"] == BYE
    assert is_logged_out(walk)


def stays(walk: Walk, uri: str) -> None:
    hint = logs_in(walk)["id_token"]
    page = goes(walk, id_token_hint=hint, post_logout_redirect_uri=uri, state=STATE)
    assert page.status_code == 200
    assert "Location" not in page.headers
    assert uri not in page.text


@named("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri")
def unregistered(walk: Walk) -> None:
    """No redirect; an error page, or a question, or a page of our own that says it."""
    stays(walk, "https://app.example.com/x8f3")


@named("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri")
def query_added(walk: Walk) -> None:
    """The same for the registered address with ``?foo=bar``."""
    stays(walk, BYE + "?foo=bar")


@named("oidcc-rp-initiated-logout-modified-id-token-hint")
def unsigned_hint(walk: Walk) -> None:
    """No redirect for a hint that was changed to ``alg: none``; an error page or a question."""
    body = logs_in(walk)["id_token"].split(".")[1]
    hint = ".".join((encode({"alg": "none"}), body, ""))
    is_asked(walk, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)


@named("oidcc-rp-initiated-logout-bad-id-token-hint")
def foreign_hint(walk: Walk) -> None:
    """No redirect for a hint that somebody else signed."""
    claims = walk.id_token(logs_in(walk))
    hint = Signer("RS256").signs(claims)
    is_asked(walk, id_token_hint=hint, post_logout_redirect_uri=BYE, state=STATE)


@named("oidcc-rp-initiated-logout-no-id-token-hint")
def no_hint(walk: Walk) -> None:
    """No redirect without a hint; an error page or a question."""
    logs_in(walk)
    is_asked(walk, post_logout_redirect_uri=BYE, state=STATE)


@named("oidcc-rp-initiated-logout-no-params")
def nothing(walk: Walk) -> None:
    """Logged out, on a page of ours; the person may be asked first."""
    logs_in(walk)
    is_asked(walk)


@named("oidcc-rp-initiated-logout-only-state")
def only_state(walk: Walk) -> None:
    """The same with nothing but a state."""
    logs_in(walk)
    is_asked(walk, state=STATE)


@named("oidcc-rp-initiated-logout-no-post-logout-redirect-uri")
def nowhere(walk: Walk) -> None:
    """With a hint and no address: logged out, on a page of ours."""
    hint = logs_in(walk)["id_token"]
    page = goes(walk, id_token_hint=hint, state=STATE)
    assert page.status_code == 200
    assert is_logged_out(walk)
