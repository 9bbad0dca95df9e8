"""The other spelling of this machine is sent to the right one, whatever path and query hold."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask

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


def build_request(sent: str) -> dict[str, dict[str, str]]:
    """What a server makes of this target; the test client would tidy it first."""
    path, _, query = sent.partition("?")
    decoded = unquote_to_bytes(path).decode("latin-1")
    return {
        "environ_overrides": {"PATH_INFO": decoded, "QUERY_STRING": query.encode().decode("latin-1")},
    }
