"""The adapter by itself, over an application that does as the test says: queue, deadlines, memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.serving.adapter import Adapter
from app.serving.adapter import Limits
from app.serving.stopping import MOMENT
from app.serving.stopping import StopFlag

HEAD = [(b"host", b"idp.example")]


@pytest.fixture
def flag(tmp_path: Path) -> StopFlag:
    path = tmp_path / "flag"
    path.write_bytes(bytes(MOMENT.size))
    return StopFlag(str(path))


class Exchange:
    """One request as the server hands it over, and what it was told to send."""

    def __init__(self, *parts: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        self.scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "raw_path": b"/a%FF",
            "query_string": b"b=c", "client": ("192.0.2.1", "4711"), "server": ("127.0.0.1", 80),
            "headers": [*HEAD, *(headers or []), (b"content-length", str(sum(map(len, parts))).encode())],
        }  # fmt: skip
        self._parts = list(parts)
        self.never_ends = False
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self._parts and self.never_ends:
            await asyncio.sleep(3600)
        part = self._parts.pop(0) if self._parts else b""
        return {"type": "http.request", "body": part, "more_body": bool(self._parts) or self.never_ends}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


class Application:
    """Remembers what it was asked; waits while ``gate`` is closed."""

    def __init__(self, answer: bytes = b"done") -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[dict[str, Any]] = []
        self.answer = answer

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        self.asked.append(environ)
        self.gate.wait(30)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [self.answer]


async def each(adapter: Adapter, *exchanges: Exchange) -> None:
    await asyncio.gather(*(adapter(one.scope, one.receive, one.send) for one in exchanges))


def test_a_request_arrives_whole_and_its_answer_in_pieces(flag: StopFlag) -> None:
    application = Application(b"x" * 150_000)
    exchange = Exchange(
        b"one", b"two", headers=[(b"x-a", b"1"), (b"x-a", b"2"), (b"cookie", b"a=b"), (b"cookie", b"c")]
    )
    asyncio.run(each(Adapter(application, flag), exchange))
    (environ,) = application.asked
    assert environ["wsgi.input"].read() == b"onetwo"
    assert (environ["CONTENT_LENGTH"], environ["HTTP_X_A"], environ["HTTP_COOKIE"]) == ("6", "1,2", "a=b; c")
    assert (environ["PATH_INFO"], environ["REMOTE_ADDR"]) == ("/a\xff", "192.0.2.1")
    assert (exchange.status, exchange.body) == (200, b"x" * 150_000)
    assert len(exchange.sent) == 4
    assert b"connection" not in exchange.headers


@pytest.mark.parametrize(
    "name", [b"x_forwarded_for", b"argus_api_key", b"content_length", b"x-forwarded_for"]
)
def test_a_name_with_an_underscore_never_counts(flag: StopFlag, name: bytes) -> None:
    """Decision 7: it would stand for the name with a hyphen."""
    application = Application()
    asyncio.run(each(Adapter(application, flag), Exchange(headers=[(name, b"203.0.113.9")])))
    (environ,) = application.asked
    assert "203.0.113.9" not in environ.values()


def test_more_than_may_wait_is_refused_at_once_and_asks_nothing(flag: StopFlag) -> None:
    application = Application()
    application.gate.clear()
    adapter = Adapter(application, flag, Limits(threads=1, most_waiting=2, wait_seconds=30))

    async def rush() -> list[Exchange]:
        first = Exchange()
        running = [asyncio.ensure_future(each(adapter, first))]
        while not application.asked:
            await asyncio.sleep(0.01)
        others = [Exchange() for _ in range(5)]
        running += [asyncio.ensure_future(each(adapter, one)) for one in others]
        while sum(bool(one.sent) for one in others) < 3:
            await asyncio.sleep(0.01)
        application.gate.set()
        await asyncio.gather(*running)
        return others

    others = asyncio.run(rush())
    assert sorted(one.status for one in others) == [200, 200, 503, 503, 503]
    refused = next(one for one in others if one.status == 503)
    assert (refused.headers[b"retry-after"], refused.headers[b"connection"]) == (b"1", b"close")
    assert len(application.asked) == 3


def test_who_waited_too_long_is_refused_and_the_application_never_sees_it(flag: StopFlag) -> None:
    application = Application()
    application.gate.clear()
    adapter = Adapter(application, flag, Limits(threads=1, wait_seconds=0.1))

    async def rush() -> Exchange:
        first, late = Exchange(), Exchange()
        running = asyncio.ensure_future(each(adapter, first))
        while not application.asked:
            await asyncio.sleep(0.01)
        await each(adapter, late)
        application.gate.set()
        await running
        return late

    late = asyncio.run(rush())
    assert (late.status, late.headers[b"retry-after"]) == (503, b"1")
    assert len(application.asked) == 1


def test_a_body_that_never_ends_is_refused_at_its_deadline(flag: StopFlag) -> None:
    application, exchange = Application(), Exchange(b"a")
    exchange.never_ends = True
    asyncio.run(each(Adapter(application, flag, Limits(body_seconds=0.1)), exchange))
    assert (exchange.status, exchange.headers[b"connection"], application.asked) == (408, b"close", [])


def test_all_bodies_together_have_a_bound_and_it_is_given_back(flag: StopFlag) -> None:
    application = Application()
    adapter = Adapter(application, flag, Limits(bodies_bytes_per_process=1_000, body_seconds=0.5))
    stalled = [Exchange(b"a" * 400) for _ in range(3)]
    for one in stalled:
        one.never_ends = True
    asyncio.run(each(adapter, *stalled))
    assert sorted(one.status for one in stalled) == [408, 408, 503]
    assert [one.headers.get(b"retry-after") for one in stalled if one.status == 503] == [b"1"]
    later = Exchange(b"a" * 900)
    asyncio.run(each(adapter, later))
    assert later.status == 200


@pytest.mark.parametrize(("parts", "told"), [((b"a" * 600, b"a" * 600), None), ((), b"1001")])
def test_a_body_beyond_the_limit_is_refused(
    flag: StopFlag, parts: tuple[bytes, ...], told: bytes | None
) -> None:
    """Counted as it comes, and believed when the head says so."""
    application, exchange = Application(), Exchange(*parts)
    if told is not None:
        exchange.scope["headers"] = [*HEAD, (b"content-length", told)]
    else:
        exchange.scope["headers"] = [*HEAD, (b"transfer-encoding", b"chunked")]
    asyncio.run(each(Adapter(application, flag, Limits(body_bytes=1_000)), exchange))
    assert (exchange.status, application.asked) == (413, [])


def test_a_refusal_is_protected(flag: StopFlag) -> None:
    """Rule 73, also where the application was not asked: kept by nobody, taken for nothing but text."""
    exchange = Exchange(headers=[(b"host", b"another.example")])
    asyncio.run(each(Adapter(Application(), flag), exchange))
    assert exchange.status == 400
    assert exchange.headers[b"cache-control"] == b"no-store"
    assert exchange.headers[b"x-content-type-options"] == b"nosniff"
    assert exchange.headers[b"referrer-policy"] == b"no-referrer"
    assert exchange.headers[b"content-type"].startswith(b"text/plain")


def test_a_server_about_to_stop_says_so(flag: StopFlag) -> None:
    flag.set()
    exchange = Exchange()
    asyncio.run(each(Adapter(Application(), flag), exchange))
    assert (exchange.status, exchange.headers[b"connection"]) == (200, b"close")


def test_an_application_that_fails_answers_500_and_tells_nothing(flag: StopFlag) -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise RuntimeError("the secret is 42")

    exchange = Exchange()
    asyncio.run(each(Adapter(broken, flag), exchange))
    assert exchange.status == 500
    assert b"42" not in exchange.body
