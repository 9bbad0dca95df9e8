"""Throttles (rules 42, 78, design decision 25): the table of counters, and the storages that hold them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app.services.access import known_sources
from app.services.access import throttle as table
from app.services.access.counters.in_database import DatabaseCounters
from app.services.access.counters.in_memory import MemoryCounters
from app.services.access.counters.in_redis import RedisCounters
from app.services.access.counters.interface import Counter
from app.services.access.counters.interface import Counters
from app.services.access.counters.redis_or_memory import RedisOrMemory
from app.services.access.throttle import GUESSES
from app.services.access.throttle import REFUSALS
from app.services.access.throttle import Guesser
from app.services.access.throttle import throttle
from app.services.problems import Throttled
from app.services.problems import Unavailable
from tests.fixtures import Clock

AT_ONCE = 16
ALL = [rule for rules in GUESSES.values() for rule in rules]


@pytest.fixture(params=["database", "memory", pytest.param("redis", marks=pytest.mark.redis)])
def counters(request: pytest.FixtureRequest, app: Flask) -> Iterator[Counters]:
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        storage = RedisOrMemory(url)
        yield RedisCounters(storage)
        storage.reset()
        return
    yield DatabaseCounters() if request.param == "database" else MemoryCounters()


def counter(name: str, limit: int = 5, seconds: int = 60) -> Counter:
    return Counter(name.encode().ljust(16, b"-"), limit, seconds)


def at_once(app: Flask, work: Callable[[], int]) -> list[int]:
    """What each of many threads gets that do this together."""

    def run(_: int) -> int:
        with app.app_context():
            return work()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


@pytest.mark.race
def test_so_many_at_once_and_no_more(app: Flask, counters: Counters) -> None:
    """Checked and counted in one step: of many at once exactly the limit get through."""
    pair = [counter("wide", 100), counter("tight", 5)]
    waits = at_once(app, lambda: counters.take(pair))
    assert waits.count(0) == 5
    assert all(0 < wait <= 61 for wait in waits if wait)


def test_a_refused_step_counts_nothing(app: Flask, counters: Counters) -> None:
    with app.app_context():
        full, other = counter("full", 1), counter("other", 2)
        assert counters.take([full]) == 0
        for _ in range(5):
            assert counters.take([other, full]) > 0
        assert [counters.take([other]) > 0 for _ in range(3)] == [False, False, True]


def test_what_was_right_is_given_back(app: Flask, counters: Counters) -> None:
    """One off, or all; never below nothing."""
    with app.app_context():
        one, two = counter("one", 2), counter("two", 2)
        for _ in range(2):
            assert counters.take([one, two]) == 0
        counters.settle([one], [two])
        assert [counters.take([two]) > 0 for _ in range(2)] == [False, True]
        assert [counters.take([one]) > 0 for _ in range(3)] == [False, False, True]
        counters.settle([], [counter("never")])
        assert [counters.take([counter("never", 1)]) > 0 for _ in range(2)] == [False, True]


@pytest.mark.parametrize("make", [DatabaseCounters, MemoryCounters])
def test_it_begins_anew_after_its_time(app: Flask, clock: Clock, make: Callable[[], Counters]) -> None:
    with app.app_context():
        counters, one = make(), counter("one", 1, 60)
        assert counters.take([one]) == 0
        assert 55 < counters.take([one]) <= 61
        clock.advance(61)
        assert counters.take([one]) == 0
        assert counters.take([one]) > 0


# --- the table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [*ALL, *REFUSALS.values()], ids=lambda rule: rule.name)
def test_what_strangers_fill_stops_nobody_known(rule: table.Rule) -> None:
    """Decision 25, of every counter: strangers stop strangers, or only what is refused anyway."""
    if not rule.filled_by.startswith("anybody") or rule.stops.startswith("nobody"):
        return
    assert rule.passed_by or rule.stops == "that client at that address"


@pytest.mark.parametrize("kind", ["password", "code", "mail"])
def test_a_known_device_goes_on(app: Flask, kind: str) -> None:
    """Even from the very address of those who guess; at its own counter it is stopped as all are."""
    with app.app_context():
        for number in range(40):
            for _ in range(20):
                with_refusal(kind, Guesser("alice", f"198.51.100.{number}"))
        assert with_refusal(kind, Guesser("alice", "203.0.113.1")) or kind == "mail"
        known = Guesser("alice", "198.51.100.1", device="1/aa")
        most = table.MOST_MAILS if kind == "mail" else 10
        assert [with_refusal(kind, known) for _ in range(most + 1)] == [False] * most + [True]
        assert not with_refusal(kind, Guesser("alice", "198.51.100.1", device="1/bb"))


@pytest.mark.parametrize("kind", ["proof", "proof-code"])
def test_strangers_stop_no_proof_of_presence(app: Flask, kind: str) -> None:
    """Who is logged in confirms while others guess: nothing of theirs is counted there."""
    with app.app_context():
        for number in range(40):
            for other in ("password", "code", "mail", "client"):
                for _ in range(4):
                    with_refusal(other, Guesser("alice", f"198.51.100.{number}"))
        own = Guesser("alice", "198.51.100.1", session="ab")
        assert [with_refusal(kind, own) for _ in range(11)] == [False] * 10 + [True]


def test_a_client_goes_on_where_it_was(app: Flask) -> None:
    """From an address where its secret was right once, and from its own narrow range."""
    with app.app_context():
        throttle().admit("client", Guesser("app", "192.0.2.1")).succeed()
        for number in range(20):
            for _ in range(30):
                with_refusal("client", Guesser("app", f"198.51.100.{number}"))
        assert with_refusal("client", Guesser("app", "203.0.113.1"))
        assert not with_refusal("client", Guesser("app", "203.0.113.1", known_address=True))
        assert not with_refusal("client", Guesser("app", "192.0.2.1"))


def test_known_addresses_are_few_and_fade(app: Flask, clock: Clock) -> None:
    """The newest of one owner, for some weeks; what is used stays."""
    with app.app_context():
        for number in range(known_sources.MOST_OF_ONE + 10):
            clock.advance(1)
            known_sources.remember("app", f"198.51.100.{number}")
        known = [known_sources.is_known("app", f"198.51.100.{number}") for number in range(30)]
        assert known == [False] * 10 + [True] * 20
        clock.advance(7 * 7 * 86_400)
        known_sources.remember("app", "198.51.100.29")
        clock.advance(7 * 2 * 86_400)
        assert known_sources.is_known("app", "198.51.100.29")
        assert not known_sources.is_known("app", "198.51.100.28")


@pytest.mark.parametrize("rule", [one for one in ALL if one.open], ids=lambda rule: rule.name)
def test_strangers_make_so_many_keys_and_no_more(
    app: Flask, monkeypatch: pytest.MonkeyPatch, rule: table.Rule
) -> None:
    """Whatever names and addresses they use. Of an IPv6 network all addresses are one key."""
    monkeypatch.setattr(table, "BUCKETS", 64)
    with app.app_context():
        keys = {
            table._build_counter(rule, Guesser(f"name {n}", f"2001:db8:{n:x}::1", device="d")).key
            for n in range(2000)
        }
        near = {
            table._build_counter(rule, Guesser("one", f"2001:db8::{n:x}", device="d")).key for n in range(9)
        }
    assert len(keys) == 64
    assert len(near) == 1


def test_who_may_use_whichever_key_is_no_stranger() -> None:
    """Keys that are not limited in number: of accounts, clients, devices and logins that exist."""
    assert {rule.by for rule in ALL if not rule.open} == {("account",), ("device",), ("session",)}
    assert [rule.name for rule in ALL if not rule.open and rule.by == ("account",)] == [
        "code-account", "proof-account", "proof-code-account", "user-code-account", "client-account",
    ]  # fmt: skip


def test_what_cannot_be_judged_is_given_back(app: Flask) -> None:
    """Too many hashes at once, or no database: nobody learned anything, so nothing is counted."""
    with app.app_context():
        who = Guesser("alice", "198.51.100.1")
        for _ in range(15):
            with pytest.raises(Unavailable), throttle().admit("password", who).judging():
                raise Unavailable
        assert not with_refusal("password", who)


def with_refusal(kind: str, who: Guesser) -> bool:
    """A wrong guess; tells whether it was stopped."""
    try:
        throttle().admit(kind, who)
    except Throttled:
        return True
    return False
