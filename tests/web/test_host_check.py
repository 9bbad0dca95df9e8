"""The other spelling of this machine is sent to the right one, whatever path and query hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask
from structlog.testing import capture_logs

from app import telemetry
from tests.web.kit import text_of

# As sent, and where the browser is sent: to the same bytes, each in a form that a header may have.
SENT = (
    ("/login?next=%2Fa%3Fb", "/login?next=%2Fa%3Fb"),
    ("/console/groups/a%3Fb", "/console/groups/a%3Fb"),
    ("/console/groups/a%23b%25", "/console/groups/a%23b%25"),
    ("/console/groups/%C3%A9", "/console/groups/%C3%A9"),
    ("/login?state=%0D%0AX:%20y", "/login?state=%0D%0AX:%20y"),
    ("/login?state=\r\nX:y", "/login?state=%0D%0AX:y"),
    ('/login?state=é|"', "/login?state=%C3%A9%7C%22"),
)


@pytest.mark.parametrize(("sent", "there"), SENT)
def test_the_same_page_at_the_right_host(app: Flask, sent: str, there: str) -> None:
    answer = app.test_client().get("/", headers={"Host": "localhost:81"}, **build_request(sent))
    assert answer.status_code == 307
    assert answer.location == f"http://localhost{there}"


@pytest.mark.parametrize("path", ["/console/groups/%0D%0AX:%20y/remove", "/%00", "/%7F", "/login/%E2%80%A8"])
@pytest.mark.parametrize("host", ["localhost", "localhost:81", "evil.example"])
def test_a_path_that_nothing_has(app: Flask, path: str, host: str) -> None:
    """It was 500 at the other host: a line break may stand in no header."""
    answer = app.test_client().get("/", headers={"Host": host}, **build_request(path))
    assert answer.status_code == 404
    assert answer.location is None


@pytest.fixture
def warnings() -> Iterator[None]:
    """Tests log errors only; here the warnings count."""
    telemetry.configure_logging("WARNING")
    yield
    telemetry.configure_logging("ERROR")


# Base URL, what a browser or proxy may write for it, and what is another host.
HOSTS = (
    (
        "https://idp.example.com",
        ("idp.example.com", "idp.example.com:443", "IDP.Example.COM",
         "idp.example.com.", "Idp.example.com.:443"),
        ("idp.example.com:80", "idp.example.com:8443", "idp.example.com..", "evil.example",
         "", "idp.example.com:0"),
    ),
    (
        "https://idp.example.com:8443",
        ("idp.example.com:8443", "IDP.example.com:8443", "idp.example.com.:8443"),
        ("idp.example.com", "idp.example.com:443", "idp.example.com:"),
    ),
    (
        "http://127.0.0.1",
        ("127.0.0.1", "127.0.0.1:80"),
        ("127.0.0.1:443", "127.0.0.1:8080", "127.0.0.1:99999", "127.1", "a@127.0.0.1",
         "127.0.0.1/", "127.0.0.1 "),
    ),
    ("http://[::1]:8080", ("[::1]:8080",), ("[::1]", "::1:8080", "[::1]:80", "[::2]:8080", "[::1")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("base_url", "ours", "others"), HOSTS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_the_spellings_of_one_host(
    app: Flask,
    settings: Any,
    warnings: None,
    base_url: str,
    ours: tuple[str, ...],
    others: tuple[str, ...],
) -> None:
    """A default port left out or spelled out, another case, a dot at the end; of all others page and log say
    what was expected, and which setting it is. The page does not repeat what was sent.
    """
    settings(base_url=base_url)
    browser, expected = app.test_client(), base_url.split("//")[1]
    for host in ours:
        assert browser.get("/login", headers={"Host": host}).status_code == 200, host
    for host in others:
        answer = browser.get("/login", headers={"Host": host})
        assert answer.status_code == 400, host
        assert f"This server answers at {expected}, and was called by another name." in text_of(answer)
        assert "ARGUS_BASE_URL" in text_of(answer)
    for host in (
        'x"><script>alert(1)</script>',
        "x" * 3000 + "alert",
        "alert\u00e6",
        "[alert",
        "a..alert",
        "%alert",
    ):
        with capture_logs() as told:
            answer = browser.get("/login", headers={"Host": host})
        assert answer.status_code == 400
        assert "alert" not in answer.get_data(as_text=True)
        (line,) = [one for one in told if one["event"] == "host"]
        assert (line["expected"], line["setting"]) == (expected, "ARGUS_BASE_URL")
        assert line["received"].isascii()
        assert len(line["received"]) <= 100


@pytest.mark.parametrize("path", ["/oauth/token", "/authentication/v1/session"])
def test_programs_are_told_too(app: Flask, path: str) -> None:
    answer = app.test_client().post(path, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "ARGUS_BASE_URL" in answer.get_data(as_text=True)
    assert "evil" not in answer.get_data(as_text=True)


def build_request(sent: str) -> dict[str, dict[str, str]]:
    """What a server makes of this target; the test client would tidy it first."""
    path, _, query = sent.partition("?")
    decoded = unquote_to_bytes(path).decode("latin-1")
    return {
        "environ_overrides": {"PATH_INFO": decoded, "QUERY_STRING": query.encode().decode("latin-1")},
    }
