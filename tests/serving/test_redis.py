"""Redis dies or freezes: everybody goes on, each process counts for itself, and it is said (decision 024)."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests
import structlog
from structlog.testing import capture_logs

from app.services.access.counters.redis_or_memory import RETRY_SECONDS
from app.services.access.counters.redis_or_memory import RedisOrMemory
from tests.servers import LiveServer
from tests.servers import free_port
from tests.servers import running

pytestmark = [pytest.mark.redis, pytest.mark.server]

LOGIN = "/authentication/v1/password/authentication"
FAILURES = 3


class OwnRedis:
    """A Redis server of this test alone, to be killed, frozen and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self.start()

    def start(self) -> None:
        binary = shutil.which("redis-server") or pytest.skip("redis-server is not here: install redis-server")
        self.process = subprocess.Popen(
            [binary, "--port", str(self.port), "--save", "", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )
        with redis.Redis.from_url(self.url) as client:
            for _ in range(500):
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    time.sleep(0.02)
        raise AssertionError("Redis did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    one = OwnRedis(tmp_path)
    yield one
    one.kill()


@pytest.fixture
def server(own_redis: OwnRedis, tmp_path: Path) -> Iterator[LiveServer]:
    given = {"ratelimit_storage": own_redis.url, "throttle_login_failures": FAILURES}
    with running(tmp_path / "instance", **given) as one:
        yield one


def log_in(server: LiveServer, name: str, password: str) -> int:
    sent = {"userName": name, "password": password}
    return requests.post(server.base + LOGIN, json=sent, timeout=30).status_code


@pytest.mark.parametrize("trouble", ["kill", "freeze"])
def test_everything_that_counts_goes_on(server: LiveServer, own_redis: OwnRedis, trouble: str) -> None:
    """Login, token and introspection answered 500, frozen after five seconds each; ``/readyz`` said ready."""
    client = next(one for one in server.told["clients"] if one["clientSecret"])
    name = server.told["users"][0]["userName"]
    assert log_in(server, name, server.password(name)) == 200
    assert requests.get(server.base + "/readyz", timeout=5).json()["warnings"] == []
    getattr(own_redis, trouble)()

    assert log_in(server, name, server.password(name)) == 200
    basic = (str(client["id"]), client["clientSecret"])
    asked = requests.post(server.base + "/oauth/introspect", {"token": "x"}, auth=basic, timeout=30)
    assert (asked.status_code, asked.json()) == (200, {"active": False})
    grant = {"grant_type": "refresh_token", "refresh_token": "x"}
    refused = requests.post(server.base + "/oauth/token", grant, auth=basic, timeout=30)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")

    # Guessing is slow all the same.
    assert [log_in(server, "guessed", "wrong") for _ in range(FAILURES + 1)] == [401] * FAILURES + [429]
    ready = requests.get(server.base + "/readyz", timeout=5)
    assert (ready.status_code, ready.json()["warnings"]) == (200, ["ratelimit_storage"])
    assert server.log.read_text().count("throttles-in-memory") == 1


@pytest.fixture
def every_level() -> Iterator[None]:
    """Log lines of every level, whatever an application of another test has set."""
    kept = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    yield
    structlog.configure(**kept)


def test_it_is_asked_again_later_and_once(own_redis: OwnRedis, every_level: None) -> None:
    """Between two tries nobody waits for it: not one packet is sent. The clock is ours."""
    now = 1_000.0
    storage = RedisOrMemory(own_redis.url, lambda: now)
    assert storage.incr("a", 60) == 1
    own_redis.kill()
    with capture_logs() as told:
        assert [storage.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert [one["event"] for one in told] == ["throttles-in-memory"]
    own_redis.start()
    now += RETRY_SECONDS - 1
    assert storage.incr("a", 60) == 4
    assert not storage.is_shared
    now += 2
    with capture_logs() as told:
        assert storage.incr("a", 60) == 1
    assert storage.is_shared
    assert [one["event"] for one in told] == ["throttles-in-redis-again"]


def test_it_is_asked_by_one_call_at_a_time(own_redis: OwnRedis) -> None:
    now = 1_000.0
    storage = RedisOrMemory(own_redis.url, lambda: now)
    own_redis.freeze()
    storage.get("a")
    now += RETRY_SECONDS + 1
    assert [storage._may_try() for _ in range(3)] == [True, False, False]
    own_redis.thaw()
