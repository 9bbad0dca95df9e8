"""What is wrong with an authorization request redirects nobody who is not logged in (RFC 9700 4.11.2)."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask

from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.drivers.relying_party import returned
from tests.web.kit import text_of
from tests.world import REDIRECT

UNSOUND: dict[str, dict[str, str | None]] = {
    "invalid_scope": {"scope": "phone"},
    "unsupported_response_type": {"response_type": "token"},
    "invalid_request": {"response_type": None},
    "request_not_supported": {"request": "x.y.z"},
    "request_uri_not_supported": {"request_uri": "https://app.example.com/r"},
}
INVALID: dict[str, dict[str, str | None]] = {
    "prompt": {"prompt": "never"},
    "none with another": {"prompt": "none login"},
    "max_age": {"max_age": "soon"},
    "response_mode": {"response_mode": "fragment"},
    "PKCE": {"code_challenge_method": "plain"},
}
TABLE = [
    *((error, change) for error, change in UNSOUND.items()),
    *(("invalid_request", change) for change in INVALID.values()),
]


@pytest.mark.parametrize(("error", "change"), TABLE, ids=str)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_is_told_and_not_sent(
    app: Flask, rp: RelyingParty, error: str, change: dict[str, str | None], method: str
) -> None:
    """A page that names the application and what is wrong; its link carries the same error response."""
    stranger, url = Person(app), rp.url(**change)
    if method == "POST":
        path, query = url.split("?")
        form = {"content_type": "application/x-www-form-urlencoded", "data": query}
        url = stranger.browser.post(path, **form).headers["Location"]
        assert url.startswith("/oauth/authorize?continue=")
    page = stranger.visits(url)
    assert page.status_code == 400
    assert "App sent a request that is not in order" in text_of(page)
    assert f"{error}: " in text_of(page)
    link = re.search(r'href="([^"]+)">Return to App<', page.get_data(as_text=True))
    assert link is not None
    back = html.unescape(link[1])
    assert back.startswith(REDIRECT + "?")
    assert returned(back)["error"] == error
    assert returned(back)["state"] == rp.state
    assert returned(back)["iss"] == "http://localhost"


@pytest.mark.parametrize(("error", "change"), TABLE, ids=str)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_logged_in_is_sent_back(
    app: Flask, rp: RelyingParty, alice: Person, error: str, change: dict[str, str | None], method: str
) -> None:
    """RFC 6749 4.1.2.1: the application is told at once."""
    alice.logs_in()
    url = rp.url(**change)
    if method == "POST":
        path, query = url.split("?")
        form = {"content_type": "application/x-www-form-urlencoded", "data": query}
        url = app.test_client().post(path, **form).headers["Location"]  # from another site: no cookie
    answer = alice.visits(url)
    assert answer.status_code == 303
    assert returned(answer.headers["Location"])["error"] == error


@pytest.mark.parametrize("change", [{}, {"scope": "nothing"}, {"response_mode": "fragment"}], ids=str)
def test_a_silent_request_is_always_answered(app: Flask, rp: RelyingParty, change: dict[str, str]) -> None:
    """OIDC Core 3.1.2.6: ``prompt=none`` shows no page."""
    answer = Person(app).visits(rp.url(prompt="none", **change))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(REDIRECT)
