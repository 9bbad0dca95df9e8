"""What slows down guessing, in one table: each counter, who can fill it, and whom it stops (rule 42).

A guess is counted *before* it is judged, in one step with the check, and given back when it was right: of any
number of guesses at once no more than the limit are judged. A counter that strangers can fill never stops
who is known: a device that logged in before, a client's address that authenticated before (design decision
25). What nobody can guess (a random secret, a signature) is judged first: only its refusals are counted.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field

from app import clock
from app.config import Settings
from app.policy import network
from app.runtime import per_app
from app.runtime import settings
from app.services.access import counting
from app.services.access import known_sources
from app.services.access.counters.in_database import DatabaseCounters
from app.services.access.counters.in_memory import MemoryCounters
from app.services.access.counters.interface import Counter
from app.services.access.counters.interface import Counters
from app.services.problems import Throttled
from app.services.problems import Unavailable
from app.services.tokens.keyring import keyring

ACCOUNT, SOURCE, DEVICE, SESSION = "account", "source", "device", "session"
KNOWN_DEVICE, KNOWN_ADDRESS = "known device", "known address"
DAY = 86_400
# The counters of one rule whose keys strangers choose: so many, however many names and addresses they use.
BUCKETS = 16_384
# Requests for a mail, for one account from one address.
MOST_MAILS = 5


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tries: whose account or client, and from where.

    ``device`` is a known device of this account, ``session`` the login whose owner proves presence. Known
    addresses are looked up; ``known_address`` says so without.
    """

    account: str
    source: str | None = None
    device: str | None = None
    session: str | None = None
    known_address: bool = False


def _logins(given: Settings) -> int:
    return given.throttle_login_failures


def _clients(given: Settings) -> int:
    return given.throttle_client_failures


@dataclass(frozen=True, slots=True)
class Rule:
    """One counter. ``by`` are the parts of its key; without one of them it does not apply.

    ``passed_by``: who is neither counted nor stopped here. ``open``: strangers choose the key, so the number
    of keys is limited. ``cleared``: a success sets it to nothing; else only this one guess is given back.
    ``filled_by`` and ``stops`` are for the reader.
    """

    name: str
    by: tuple[str, ...]
    filled_by: str
    stops: str
    most: Callable[[Settings], int] = _logins
    seconds: int | None = None
    passed_by: frozenset[str] = field(default_factory=frozenset)
    open: bool = True
    cleared: bool = False


DEVICES = frozenset({KNOWN_DEVICE})
DEVICES_AND_ADDRESSES = frozenset({KNOWN_DEVICE, KNOWN_ADDRESS})
ADDRESSES = frozenset({KNOWN_ADDRESS})
LOGINS_OF_SOURCE = Rule(
    "login-source", (SOURCE,), "anybody at that address", "strangers at that address",
    lambda given: 10 * _logins(given), passed_by=DEVICES,
)  # fmt: skip
# Guesses: counted before they are judged.
GUESSES: Mapping[str, tuple[Rule, ...]] = {
    "password": (
        Rule("login-pair", (ACCOUNT, SOURCE), "anybody at that address",
             "strangers at that address, for that account", passed_by=DEVICES, cleared=True),
        LOGINS_OF_SOURCE,
        Rule("login-account", (ACCOUNT,), "anybody", "unknown devices at unknown addresses, for that account",
             lambda given: 10 * _logins(given), passed_by=DEVICES_AND_ADDRESSES),
        Rule("login-device", (DEVICE,), "that device", "that device", open=False, cleared=True),
    ),
    # A million codes, of which three are right at any time: counted for a day. The guesser has the password.
    "code": (
        Rule("code-account", (ACCOUNT,), "who knows the password", "unknown devices, for that account",
             seconds=DAY, passed_by=DEVICES, open=False, cleared=True),
        Rule("code-device", (DEVICE,), "that device", "that device", seconds=DAY, open=False, cleared=True),
        LOGINS_OF_SOURCE,
    ),
    # Proof of presence by who is logged in: strangers fill none of these.
    "proof": (
        Rule("proof-session", (SESSION,), "that login", "that login", open=False, cleared=True),
        Rule("proof-account", (ACCOUNT,), "the account's own logins", "the account's own logins",
             lambda given: 10 * _logins(given), open=False),
    ),
    "proof-code": (
        Rule("proof-code-session", (SESSION,), "that login", "that login", seconds=DAY, open=False,
             cleared=True),
        Rule("proof-code-account", (ACCOUNT,), "the account's own logins", "the account's own logins",
             lambda given: 10 * _logins(given), seconds=DAY, open=False),
    ),
    # What a device shows and its user types: by who is logged in.
    "user-code": (
        Rule("user-code-session", (SESSION,), "that login", "that login", open=False, cleared=True),
        Rule("user-code-account", (ACCOUNT,), "the account's own logins", "the account's own logins",
             lambda given: 10 * _logins(given), open=False),
    ),
    # A secret that people chose; a random one is among REFUSALS, and a public client has none.
    "client": (
        Rule("client-pair", (ACCOUNT, SOURCE), "anybody at that address", "that client at that address",
             _clients, cleared=True),
        Rule("client-account", (ACCOUNT,), "anybody in the client's range",
             "that client at addresses it never used", lambda given: 10 * _clients(given),
             passed_by=ADDRESSES, open=False),
    ),
    # Requests for a mail: all of them count. A stranger's leave a valid link in the owner's mailbox.
    "mail": (
        Rule("mail-pair", (ACCOUNT, SOURCE), "anybody at that address",
             "strangers at that address, for that account", lambda _: MOST_MAILS, passed_by=DEVICES),
        Rule("mail-source", (SOURCE,), "anybody at that address", "strangers at that address",
             lambda _: 10 * MOST_MAILS, passed_by=DEVICES),
        Rule("mail-device", (DEVICE,), "that device", "that device", lambda _: MOST_MAILS, open=False),
    ),
}  # fmt: skip
_REFUSED = ("anybody at that address", "nobody: what is right goes on, what is wrong gets 429 instead of 401")
# Judged first: nobody guesses these. By address, and only of what was refused.
REFUSALS: Mapping[str, Rule] = {
    "client": Rule("refused-client", (SOURCE,), *_REFUSED, lambda given: 10 * _clients(given)),
    "key": Rule("refused-key", (SOURCE,), *_REFUSED, lambda given: 10 * _logins(given)),
    "signature": Rule("refused-signature", (SOURCE,), *_REFUSED, lambda given: 10 * _logins(given)),
}
# The third wrong code of a day is told to the owner, once a day.
UNTOLD = Rule("code-untold", (ACCOUNT,), "who knows the password", "nobody", lambda _: 2, DAY, open=False)
TOLD = Rule("code-told", (ACCOUNT,), "who knows the password", "nobody", lambda _: 1, DAY, open=False)


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess that was let through and counted. Nothing more is done if it is wrong."""

    counters: Counters
    kind: str
    rules: Sequence[Rule]
    who: Guesser

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Give the guess back if it cannot be judged now: nobody learned anything."""
        try:
            yield
        except Unavailable:
            self.counters.settle((), [_build_counter(rule, self.who) for rule in self.rules])
            raise

    def succeed(self) -> None:
        """It was right: take it back, and remember the address where that matters."""
        cleared = [_build_counter(rule, self.who) for rule in self.rules if rule.cleared]
        returned = [_build_counter(rule, self.who) for rule in self.rules if not rule.cleared]
        self.counters.settle(cleared, returned)
        if any(KNOWN_ADDRESS in rule.passed_by for rule in GUESSES[self.kind]):
            known_sources.remember(f"{self.kind}/{self.who.account}", _name_source(self.who.source))


class Throttle:
    """Counts by the table, in the storage that the settings name."""

    def __init__(self) -> None:
        self._counters = _open_counters(settings().ratelimit_storage)
        self._stopped: OrderedDict[bytes, float] = OrderedDict()

    def admit(self, kind: str, who: Guesser) -> Guess:
        """Count a guess of this kind before it is judged. Raises ``Throttled`` when a counter is full."""
        rules = _choose_rules(kind, who)
        self._take(rules, who)
        return Guess(self._counters, kind, rules, who)

    def stopped_lately(self, kind: str, who: Guesser) -> bool:
        """Tell whether this process stopped such a guess within its time of waiting. Asks no storage."""
        until = self._stopped.get(_build_counter(GUESSES[kind][0], who).key, 0.0)
        return until > clock.now().timestamp()

    def count_refusal(self, kind: str, source: str | None) -> None:
        """Count a refusal by its address. Raises ``Throttled`` after too many."""
        self._take((REFUSALS[kind],), Guesser("", source))

    def take_once(self, what: str, seconds: int) -> bool:
        """Note what counts once within so many seconds, for all processes that count together; false if it
        was noted before. Only after all else was right: nobody else may choose what is noted.
        """
        return not self._counters.take([Counter(_hash(f"once/{what}"), 1, seconds)])

    def is_owner_to_be_told(self, account: str) -> bool:
        """Count a wrong code; true for the third of a day, and then not again that day."""
        who = Guesser(account)
        if not self._counters.take([_build_counter(UNTOLD, who)]):
            return False
        return not self._counters.take([_build_counter(TOLD, who)])

    def _take(self, rules: Sequence[Rule], who: Guesser) -> None:
        counters = [_build_counter(rule, who) for rule in rules]
        wait = self._counters.take(counters)
        if wait:
            self._stopped[counters[0].key] = clock.now().timestamp() + wait
            while len(self._stopped) > BUCKETS:
                self._stopped.popitem(last=False)
            raise Throttled(wait)


def _is_known_address(kind: str, who: Guesser) -> bool:
    return who.known_address or known_sources.is_known(f"{kind}/{who.account}", _name_source(who.source))


def _open_counters(url: str) -> Counters:
    if url == counting.IN_DATABASE:
        return DatabaseCounters()
    if url == counting.IN_MEMORY:
        return MemoryCounters()
    # Imported here: only who has a Redis needs its driver.
    from app.services.access.counters.in_redis import RedisCounters

    return RedisCounters(counting.counters())


def _choose_rules(kind: str, who: Guesser) -> list[Rule]:
    """Return the rules that apply to this guesser."""
    rules = [rule for rule in GUESSES[kind] if _has_parts(rule, who)]
    known = {KNOWN_DEVICE} if who.device is not None else set()
    if any(KNOWN_ADDRESS in rule.passed_by and known.isdisjoint(rule.passed_by) for rule in rules):
        known |= {KNOWN_ADDRESS} if _is_known_address(kind, who) else set()
    return [rule for rule in rules if known.isdisjoint(rule.passed_by)]


def _has_parts(rule: Rule, who: Guesser) -> bool:
    return not ((DEVICE in rule.by and who.device is None) or (SESSION in rule.by and who.session is None))


def _build_counter(rule: Rule, who: Guesser) -> Counter:
    parts = {
        ACCOUNT: who.account, SOURCE: _name_source(who.source), DEVICE: who.device, SESSION: who.session,
    }  # fmt: skip
    # Hashed: a counter's key must not contain what a person typed into the wrong field.
    key = _hash("/".join([rule.name, *(str(parts[one]) for one in rule.by)]))
    if rule.open:
        key = _hash(f"{rule.name}/bucket {int.from_bytes(key) % BUCKETS}")
    chosen = settings()
    return Counter(key, rule.most(chosen), rule.seconds or chosen.throttle_window_seconds)


def _hash(text: str) -> bytes:
    # The same on every node, in whatever order it holds the keys.
    key = keyring().derive("throttle", keyring().eldest) or b""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")[:16]


def _name_source(source: str | None) -> str:
    return network.identify_source(source) if source else "unknown"


def throttle() -> Throttle:
    """Return the throttle of this application."""
    return per_app(Throttle)
