"""Strangers at a running server: whoever they hold up, it is not somebody else (design decision 25)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from tests.servers import LiveServer
from tests.servers import running
from tests.serving.raw import Raw
from tests.serving.raw import many

pytestmark = pytest.mark.server

GET = "GET /healthz HTTP/1.1\r\nHost: {host}\r\n"
POST = "POST /oauth/token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("strangers") / "instance", workers=2) as one:
        yield one


def asked(server: LiveServer, text: str | bytes) -> tuple[int, dict[str, str], bytes]:
    """The answer to these bytes; ``{host}`` is this server's name and port."""
    raw = Raw(server.port)
    host = server.base.removeprefix("http://")
    try:
        return raw.send(text.replace("{host}", host) if isinstance(text, str) else text).read()
    finally:
        raw.close()


def stalled_body(server: LiveServer) -> str:
    """A request of which one byte of a thousand comes."""
    return POST.format(host=server.base.removeprefix("http://")) + "Content-Length: 1000\r\n\r\na"


def still_serves(server: LiveServer) -> None:
    """Everybody else is answered: health, a call by key, a token request."""
    assert requests.get(server.base + "/healthz", timeout=5).ok
    assert server.call("GET", "/authentication/v1/session").ok
    answer = requests.post(server.base + "/oauth/token", data={"grant_type": "refresh_token"}, timeout=5)
    assert answer.status_code in (400, 401)


def test_eight_bodies_that_never_end_hold_up_nobody(server: LiveServer) -> None:
    """Eight of them stopped the server, for good: a thread each read what did not come."""
    with many(server.port, 8, stalled_body(server)):
        still_serves(server)


# What a peer sends and then nothing more: how many of them at once, and the last word to each.
WAITING = {
    "a body without its end": (400, 408),
    "no byte at all": (1_500, 0),
    "a head without its end": (300, 0),
}


@pytest.fixture(scope="module")
def waiting(server: LiveServer) -> Iterator[dict[str, list[Raw]]]:
    """All kinds of them at once: one deadline passes for all."""
    texts = [stalled_body(server), "", "GET /healthz HTTP/1.1\r\nHo"]
    with ExitStack() as stack:
        yield {
            kind: stack.enter_context(many(server.port, count, text))
            for (kind, (count, _)), text in zip(WAITING.items(), texts, strict=True)
        }


@pytest.mark.parametrize("kind", WAITING)
def test_those_who_wait_hold_up_nobody_and_end(
    server: LiveServer, waiting: dict[str, list[Raw]], kind: str
) -> None:
    still_serves(server)
    status, fields, _ = waiting[kind][-1].read()
    assert status == WAITING[kind][1]
    assert fields.get("connection", "close") == "close"
    assert waiting[kind][-1].ended()
    still_serves(server)


def test_idle_connections_hold_up_nobody(server: LiveServer) -> None:
    head = GET.format(host=server.base.removeprefix("http://")) + "\r\n"
    with many(server.port, 500, "") as idle:
        for one in idle:
            assert one.send(head).read()[0] == 200
        still_serves(server)
        assert idle[-1].send(head).read()[0] == 200


REFUSED = {
    "no host": ("GET /healthz HTTP/1.1\r\n\r\n", 400),
    "an empty host": ("GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "two hosts": (GET + "Host: {host}\r\n\r\n", 400),
    "two lengths": (POST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a length with a sign": (POST + "Content-Length: +3\r\n\r\nabc", 400),
    "an unknown transfer encoding": (POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "a folded field": (GET + "X-A: b\r\n c\r\n\r\n", 400),
    "a NUL": (GET + "X-A: b\0c\r\n\r\n", 400),
    "a head without end": (GET + "X-A: " + "a" * 20_000 + "\r\n\r\n", 431),
    "a body said to be too long": (POST + "Content-Length: 1000001\r\n\r\n", 413),
    "a length beyond numbers": (POST + "Content-Length: " + "9" * 30 + "\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_http_in_order(server: LiveServer, name: str) -> None:
    text, status = REFUSED[name]
    assert asked(server, text)[0] == status
    still_serves(server)


def test_a_chunked_body_is_counted(server: LiveServer) -> None:
    raw = Raw(server.port)
    head = POST.format(host=server.base.removeprefix("http://")) + "Transfer-Encoding: chunked\r\n\r\n"
    raw.send(head)
    chunk = f"{60_000:x}\r\n" + "a" * 60_000 + "\r\n"
    try:
        for _ in range(18):
            raw.send(chunk)
    except ConnectionError:
        pass
    assert raw.read()[0] in (413, 0)
    raw.close()
    still_serves(server)


def test_http2_is_not_spoken(server: LiveServer) -> None:
    """Its preface was answered, although nothing of ours was ever tried over it."""
    status, _, _ = asked(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
    assert status in (0, 400, 505)
    still_serves(server)


def test_the_request_after_a_refused_one_is_answered(server: LiveServer) -> None:
    """An answer before the body was read lost the next request of its connection."""
    host = server.base.removeprefix("http://")
    raw = Raw(server.port)
    for _ in range(100):
        raw.send(
            f"POST /currentuser/v1/user HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer nothing\r\n"
            "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n"
        )
        raw.send(b" " * 20)
        assert raw.read()[0] in (401, 404, 405)
        raw.send(GET.format(host=host) + "\r\n")
        assert raw.read()[0] == 200
    raw.close()


def test_a_path_arrives_byte_for_byte(server: LiveServer) -> None:
    """``%FF`` is no UTF-8: the page is not found, and nothing fails."""
    assert asked(server, "GET /%FF%00 HTTP/1.1\r\nHost: {host}\r\n\r\n")[0] in (400, 404)
    assert (
        asked(server, "GET /authentication/v1/oauth/client/caf%C3%A9 HTTP/1.1\r\nHost: {host}\r\n\r\n")[0]
        == 401
    )
