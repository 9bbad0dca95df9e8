"""``python -m bench.strangers``: what others feel while strangers hold a running server's connections.

Percentiles in milliseconds over the calls of a few seconds, by one connection each, with two workers on
SQLite; and whether a stock client (requests-oauthlib) logs in behind them. On a quiet machine the worst is
below 100 ms (design decision 25).
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import requests
from requests_oauthlib import OAuth2Session

from tests.drivers.web_person import WebPerson
from tests.servers import LiveServer
from tests.servers import running
from tests.serving.raw import Raw
from tests.serving.raw import many

SECONDS = 6.0
SCALE = float(os.environ.get("BENCH_SCALE", "1"))
BIG = "/docs/swagger-ui-bundle.js"


@contextmanager
def hold(server: LiveServer, count: int, text: str) -> Iterator[None]:
    """So many connections that sent this and nothing more; they come again when the server ends them."""
    with many(server.port, count, text):
        yield


@contextmanager
def drip(server: LiveServer, count: int, text: str) -> Iterator[None]:
    """So many connections that send one more byte each second."""
    end = threading.Event()
    with many(server.port, count, text) as made:

        def send() -> None:
            while not end.wait(1):
                for one in made:
                    try:
                        one.send("a")
                    except OSError:
                        continue

        thread = threading.Thread(target=send)
        thread.start()
        yield
        end.set()
        thread.join()


@contextmanager
def idle(server: LiveServer, count: int) -> Iterator[None]:
    """So many kept connections after one answered request each."""
    head = request("GET", "/healthz", server)
    with ExitStack() as stack:
        for _ in range(count):
            one = Raw(server.port)
            stack.callback(one.close)
            one.send(head).read()
        yield


def request(method: str, path: str, server: LiveServer, more: str = "\r\n") -> str:
    return f"{method} {path} HTTP/1.1\r\nHost: {server.base.removeprefix('http://')}\r\n{more}"


def attacks(server: LiveServer) -> dict[str, Callable[[], object]]:
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na"
    stalled = request("POST", "/oauth/token", server, form)
    scaled = lambda count: max(1, int(count * SCALE))  # noqa: E731
    size = len(requests.get(server.base + BIG, timeout=30, headers={"Accept-Encoding": "identity"}).content)
    unread = request("GET", BIG, server) * (12_000_000 // size + 1)
    return {
        "nobody": lambda: hold(server, 0, ""),
        f"{scaled(8)} stalled bodies": lambda: hold(server, scaled(8), stalled),
        f"{scaled(1_000)} stalled bodies": lambda: hold(server, scaled(1_000), stalled),
        f"{scaled(1_500)} silent connections": lambda: hold(server, scaled(1_500), ""),
        f"{scaled(300)} slow heads": lambda: drip(server, scaled(300), "GET /healthz HTTP/1.1\r\nX-A: "),
        f"{scaled(40)} readers who never read 12 MB": lambda: hold(server, scaled(40), unread),
        f"{scaled(10_000)} idle connections": lambda: idle(server, scaled(10_000)),
    }


def measure(server: LiveServer, path: str, headers: dict[str, str]) -> tuple[float, float, int]:
    """Median and 99th percentile in milliseconds, and how many calls had no good answer."""
    taken, failed, until = [], 0, time.monotonic() + SECONDS / 2
    with requests.Session() as session:
        while time.monotonic() < until:
            begun = time.perf_counter()
            try:
                failed += not session.get(server.base + path, headers=headers, timeout=20).ok
            except requests.RequestException:
                failed += 1
            taken.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.005)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)], failed


def log_in(server: LiveServer) -> str:
    """The access token that a stock client obtains for alice."""
    client = server.client("report-portal")
    oauth = OAuth2Session(client["id"], redirect_uri=client["redirectURI"], scope=["openid"])
    url, state = oauth.authorization_url(server.base + "/oauth/authorize")
    back = WebPerson(server.base, "alice", server.password("alice")).approves(url)
    answer = parse_qs(urlsplit(back).query)
    assert answer["state"] == [state]
    token = oauth.fetch_token(
        server.base + "/oauth/token",
        code=answer["code"][0],
        client_secret=client["clientSecret"],
        include_client_id=True,
    )
    return str(token["access_token"])


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with running(Path(tempfile.mkdtemp()) / "instance", workers=2) as server:
        print(f"{'behind':40}{'/healthz p50':>14}{'p99':>8}{'bearer p50':>14}{'p99':>8}{'lost':>6}  login")
        for name, attack in attacks(server).items():
            with attack():  # type: ignore[attr-defined]
                token = log_in(server)
                health = measure(server, "/healthz", {})
                bearer = measure(server, "/authentication/v1/session", {"Authorization": f"Bearer {token}"})
            print(
                f"{name:40}{health[0]:14.1f}{health[1]:8.1f}{bearer[0]:14.1f}{bearer[1]:8.1f}"
                f"{health[2] + bearer[2]:6d}  {'yes' if token else 'no'}"
            )


if __name__ == "__main__":
    main()
