"""The one door for calls that the server makes: whom it calls, and what a receiver can do to it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from flask import Flask

from app.runtime import run_in_application
from app.services.outgoing import door
from app.services.outgoing.door import Door
from app.services.outgoing.door import Failure
from app.services.outgoing.door import NotReached
from app.services.outgoing.door import Reply
from tests.drivers.receiver import Answer
from tests.drivers.receiver import Receiver
from tests.drivers.receiver import Request
from tests.drivers.receiver import says

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# Enough for this machine, and short enough to wait for.
SECONDS = 1.0
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def calls(uri: str, **changes: Any) -> Reply:
    with Door() as one:
        return one.post(uri, b"a=b", content_type="text/plain", **{"seconds": SECONDS, **changes})


def fails(uri: str, **changes: Any) -> Failure:
    with pytest.raises(NotReached) as refused:
        calls(uri, **changes)
    return refused.value.failure


def test_what_is_sent() -> None:
    """The content as given; nothing of ours but a name, and nothing of a proxy, a cookie or a compression."""
    with Receiver(says(201, b"{}", Content_Type="Application/JSON; charset=utf-8")) as receiver:
        assert calls(receiver.url("/in?x=%2F&y"), authorization="Bearer t") == Reply(
            201, "application/json", b"{}"
        )
        host = f"127.0.0.1:{receiver.port}"
        assert receiver.requests == [
            Request(
                "POST",
                "/in?x=%2F&y",
                {
                    "host": host,
                    "accept": "*/*",
                    "content-type": "text/plain",
                    "authorization": "Bearer t",
                    "user-agent": "argus-idp",
                    "accept-encoding": "identity",
                    "content-length": "3",
                },
                b"a=b",
            )
        ]


def test_what_is_fetched() -> None:
    with Receiver(says(200, b"[]")) as receiver, Door() as one:
        assert one.get(receiver.url("/jwks"), accept="application/json") == Reply(200, "", b"[]")
        assert (receiver.requests[0].method, receiver.requests[0].body) == ("GET", b"")
        assert receiver.requests[0].headers["accept"] == "application/json"


def test_one_connection_serves_many_calls() -> None:
    with Receiver() as receiver, Door() as one:
        for _ in range(3):
            one.post(receiver.url(), b"", content_type="text/plain")
        assert (len(receiver.requests), receiver.connections) == (3, 1)


@pytest.mark.parametrize("status", [204, 301, 307, 308, 400, 404, 500, 503])
def test_a_status_is_an_answer(status: int) -> None:
    """A redirect is not followed."""
    with Receiver() as other, Receiver(says(status, Location=other.url())) as receiver:
        assert calls(receiver.url()).status == status
        assert other.connections == 0


def test_no_cookie_is_kept() -> None:
    with Receiver(says(Set_Cookie="a=b")) as receiver, Door() as one:
        for _ in range(2):
            one.get(receiver.url(), accept="*/*")
        assert "cookie" not in receiver.requests[1].headers


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
            monkeypatch.setenv(name.upper(), proxy.url())
        assert calls(receiver.url()).status == 200
        assert proxy.connections == 0


# --- Whom it calls ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "//127.0.0.1/",
        "https://user:secret@app.example.com/",
        "https://app.example.com:0/",
        "https://app.example.com/#x",
        "https://app.example.com/\r\nX: y",
        "https://127.0.0.1\\@app.example.com/",
        "",
    ],
)
def test_what_is_no_address_of_a_receiver(uri: str) -> None:
    assert fails(uri) is Failure.URI


@pytest.mark.parametrize("base_url", ["http://localhost", "https://id.example.com"])
@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
    ],
)
def test_what_is_not_public_is_not_called(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[..., None], base_url: str, host: str
) -> None:
    """No packet is sent."""
    settings(base_url=base_url)
    monkeypatch.setattr(socket, "create_connection", None)
    assert fails(f"https://{host}/") is Failure.FORBIDDEN


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9", "2130706433", "0x7f.1", "127.1"]
)
def test_this_machine_is_called_by_a_local_server_only(settings: Callable[..., None], host: str) -> None:
    settings(base_url="https://id.example.com")
    assert fails(f"https://{host}/") in (Failure.FORBIDDEN, Failure.NAME)
    assert fails(f"http://{host}/") is Failure.URI


def test_a_network_may_be_allowed(settings: Callable[..., None], authority: trustme.CA) -> None:
    """For https alone."""
    settings(base_url="https://id.example.com", outgoing_allow=("127.0.0.0/8",))
    with Receiver(tls=serves_as(authority, "127.0.0.1")) as receiver:
        assert calls(receiver.url()).status == 200
    assert fails("http://127.0.0.1/") is Failure.URI


def test_the_address_that_was_judged_is_connected(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[..., None]
) -> None:
    """A name that leads elsewhere at the second look (DNS rebinding) is looked up once; among its addresses,
    those that may not be called are left out."""
    asked = []

    def getaddrinfo(host: str, port: int, *others: Any, **more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("10.0.0.1", "127.0.0.1")]

    real = socket.getaddrinfo
    with Receiver() as receiver:
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *a, **k: (getaddrinfo if host == "localhost" else real)(host, *a, **k),
        )
        assert calls(receiver.url(host="localhost")).status == 200
    assert asked == ["localhost"]


def test_a_name_without_address() -> None:
    assert fails("https://nothing.invalid/") is Failure.NAME
    assert fails(f"https://{'a' * 64}.example.com/") is Failure.NAME


def test_a_slow_search_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own patience is not ours."""
    late = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: late.wait(30) and [])
    assert fails("https://app.example.com/") is Failure.TIME
    late.set()


def test_nobody_listens() -> None:
    with Receiver() as receiver:
        uri = receiver.url()
    assert fails(uri) is Failure.CONNECTION


# --- What a receiver can do ---------------------------------------------------------------------------------


def drips(first: bytes, more: bytes) -> Answer:
    """Something every now and then, so that no single wait is long."""

    def answer(connection: socket.socket, request: Request) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(more)
            time.sleep(SECONDS / 20)

    return answer


def floods(first: bytes, more: bytes) -> Answer:
    def answer(connection: socket.socket, request: Request) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(more * 10_000)

    return answer


def sends(content: bytes) -> Answer:
    def answer(connection: socket.socket, request: Request) -> None:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_RDWR)

    return answer


def is_silent(connection: socket.socket, request: Request) -> None:
    connection.recv(1)


HEAD = b"HTTP/1.1 200 OK\r\n"
BAD: dict[str, tuple[Answer, Failure]] = {
    "says nothing": (is_silent, Failure.TIME),
    "drips its status": (drips(b"HTTP/1.1 200 ", b"O"), Failure.TIME),
    "drips headers": (drips(HEAD, b"X: y\r\n"), Failure.TIME),
    "drips its body": (drips(HEAD + b"Content-Length: 60000\r\n\r\n", b"x"), Failure.TIME),
    "drips interim answers": (drips(b"", b"HTTP/1.1 103 Early\r\n\r\n"), Failure.TIME),
    "announces more than it sends": (sends(HEAD + b"Content-Length: 5\r\n\r\nx"), Failure.PROTOCOL),
    "closes at once": (sends(b""), Failure.PROTOCOL),
    "speaks another protocol": (sends(b"220 mail.example.com ESMTP\r\n"), Failure.PROTOCOL),
    "is huge": (floods(HEAD + b"Content-Length: 99999999999\r\n\r\n", b"x"), Failure.SIZE),
    "has no end": (floods(HEAD + b"\r\n", b"x"), Failure.SIZE),
    "has no end in pieces": (
        floods(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
        Failure.SIZE,
    ),
    "has a huge head": (floods(HEAD, b"X: y\r\n"), Failure.PROTOCOL),
    "has two lengths": (sends(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), Failure.PROTOCOL),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_receiver(bad: str) -> None:
    answer, failure = BAD[bad]
    with Receiver(answer) as receiver:
        began = time.monotonic()
        assert fails(receiver.url()) is failure
        assert time.monotonic() - began < 10 * SECONDS


def test_after_a_bad_answer_the_door_goes_on() -> None:
    with Receiver(is_silent) as bad, Receiver() as good, Door() as one:
        with pytest.raises(NotReached):
            one.post(bad.url(), b"", content_type="text/plain", seconds=SECONDS)
        bad.answer = says()
        for receiver in (good, bad, good):
            assert one.post(receiver.url(), b"", content_type="text/plain").status == 200


def test_calls_have_a_bound_at_once() -> None:
    """The next is told so, and waits for nobody."""
    go = threading.Event()

    def waits(connection: socket.socket, request: Request) -> None:
        go.wait(30)
        says()(connection, request)

    with Receiver(waits) as slow:
        held = run_in_application(lambda: calls(slow.url(), seconds=30))
        waiting = [threading.Thread(target=held) for _ in range(door.MOST_AT_ONCE)]
        for one in waiting:
            one.start()
        while len(slow.requests) < door.MOST_AT_ONCE:
            time.sleep(0.01)
        assert fails(slow.url()) is Failure.BUSY
        go.set()
        for one in waiting:
            one.join()
        assert calls(slow.url()).status == 200


# --- TLS ----------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """One that this machine trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def serves_as(authority: trustme.CA, *names: str, **changes: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **changes).configure_cert(context)
    return context


def test_a_trusted_certificate(authority: trustme.CA) -> None:
    """Of the name in the address, whatever address that has."""
    with Receiver(tls=serves_as(authority, "localhost")) as receiver:
        assert calls(receiver.url(host="localhost")).status == 200
        assert fails(receiver.url(host="127.0.0.1")) is Failure.TLS


def speaks_old_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = serves_as(authority, "localhost")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


WRONG: dict[str, Callable[[trustme.CA], ssl.SSLContext]] = {
    "another name": lambda authority: serves_as(authority, "app.example.com"),
    "an authority that nobody knows": lambda authority: serves_as(trustme.CA(), "localhost"),
    "out of date": lambda authority: serves_as(authority, "localhost", not_after=PAST),
    "an old protocol": speaks_old_tls,
}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_certificate_that_is_not_trusted(authority: trustme.CA, wrong: str) -> None:
    """Nothing is sent."""
    with Receiver(tls=WRONG[wrong](authority)) as receiver:
        assert fails(receiver.url(host="localhost")) is Failure.TLS
        assert receiver.requests == []


def test_no_tls_where_it_is_expected(authority: trustme.CA) -> None:
    with Receiver() as receiver:
        assert fails(receiver.url(host="localhost").replace("http:", "https:")) in (Failure.TLS, Failure.TIME)
