"""The outbox keeps its word: every receiver is told at least once, and a dead one holds nobody up.

Each run of the tests takes a share of the moments and of the sessions; ``ARGUS_TEST_TORTURE=full`` all.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import secrets
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from app import clock as app_clock
from app.extensions import db
from app.models.audit import AuditEvent
from app.models.clients import OAuthClient
from app.models.directory import User
from app.models.grants import Grant
from app.models.outbox import Delivery
from app.models.outbox import Occurrence
from app.models.outbox import Receiver as ReceiverRow
from app.models.sessions import LoginSession
from app.models.sessions import OAuthSession
from app.services.endings import table as endings
from app.services.endings.table import Event
from app.services.outbox import calls
from app.services.outbox import expansion
from app.services.outbox import receivers
from app.services.outbox.worker import MOST_CALLED
from app.services.tokens.session_text import compute_sid
from app.services.tokens.token_text import make_id
from app.services.unit_of_work import run_in_transaction
from tests.drivers.api_caller import ApiCaller
from tests.drivers.logouts import LogoutReceiver
from tests.drivers.logouts import read_sid
from tests.drivers.logouts import works_off
from tests.drivers.receiver import says
from tests.fixtures import CHEAP
from tests.fixtures import Clock
from tests.fixtures import Counter
from tests.world import OPERATOR
from tests.world import World

ROOT = Path(__file__).parents[2]
IS_FULL = os.environ.get("ARGUS_TEST_TORTURE") == "full"
SHARE = 5
HOUR, DAY = 3600, 86_400
BLOCK = "/authentication/v1/user/alice/block"


class Applications:
    """Some applications that hear of log-outs, and sessions of alice at each, straight into rows."""

    def __init__(self, app: Flask, world: World, count: int) -> None:
        self.app, self.world = app, world
        self.clients = [
            world.client(f"app{number}", id_token_signed_response_alg="EdDSA") for number in range(count)
        ]
        self.receivers = [LogoutReceiver(app, client_id) for client_id in self.clients]
        for one in self.receivers:
            world.change_client(one.client_id, backchannel_logout_uri=one.url())
        with app.app_context():
            self.user_id = db.session.execute(select(User.id).where(User.short_name == "alice")).scalar_one()
        self.told: dict[str, set[str]] = {client_id: set() for client_id in self.clients}

    def begin(self, logins: int) -> list[bytes]:
        """So many logins, with a session of each application in each."""
        now = app_clock.now()
        made = [make_id() for _ in range(logins)]
        until = now + timedelta(hours=12)
        login = {
            "user_id": self.user_id, "token_digest": b"x" * 32, "user_name": "alice", "method": "password",
            "security_level": 2, "session_epoch": self._epoch(), "created_at": now, "authenticated_at": now,
            "last_seen_at": now, "expires_at": until,
        }  # fmt: skip
        session = {
            "user_id": self.user_id, "user_name": "alice", "scopes": ["openid"], "access_scopes": ["openid"],
            "security_level": 2, "session_epoch": login["session_epoch"], "generation": 0,
            "access_digest": b"x" * 32, "access_expires_at": until, "rotated_at": now, "created_at": now,
            "repeats_in_a_row": 0,
        }  # fmt: skip
        with self.app.app_context():
            granted = self._grants(now)
            db.session.execute(insert(LoginSession), [{**login, "id": one} for one in made])
            db.session.execute(
                insert(OAuthSession),
                [
                    {
                        **session,
                        "id": make_id(),
                        "login_session_id": one,
                        "client_id": at,
                        "grant_id": granted[at],
                    }
                    for one, at in itertools.product(made, self.clients)
                ],
            )
            db.session.commit()
        return made

    def ends(self, login_id: bytes) -> None:
        with self.app.app_context():
            run_in_transaction(lambda: endings.end(Event.LOGGED_OUT, login_id, OPERATOR))

    def expected(self, logins: list[bytes]) -> dict[str, list[str]]:
        return {at: sorted(compute_sid(one, at) for one in logins) for at in self.clients}

    def heard(self) -> dict[str, list[str]]:
        """What came to each, every time it came."""
        return {one.client_id: sorted(one.sids) for one in self.receivers}

    def heard_once_or_more(self) -> dict[str, list[str]]:
        return {at: sorted(set(sids)) for at, sids in self.heard().items()}

    def forget(self) -> None:
        for one in self.receivers:
            one.requests.clear()

    def close(self) -> None:
        for one in self.receivers:
            one.close()

    def _epoch(self) -> int:
        with self.app.app_context():
            return int(
                db.session.execute(select(User.session_epoch).where(User.id == self.user_id)).scalar_one()
            )

    def _grants(self, now: Any) -> dict[str, str]:
        rows = db.session.execute(
            select(Grant.client_id, Grant.id).where(Grant.user_id == self.user_id)
        ).all()
        found = {row[0]: row[1] for row in rows}
        for client_id in self.clients:
            if client_id not in found:
                found[client_id] = secrets.token_hex(16)
                scope = db.session.get_one(OAuthClient, client_id).permission_scope_id
                db.session.execute(
                    insert(Grant).values(
                        id=found[client_id], user_id=self.user_id, client_id=client_id,
                        permission_scope_id=scope, scopes=["openid"], created_at=now, updated_at=now,
                    )
                )  # fmt: skip
        return found


@pytest.fixture
def applications(app: Flask, world: World) -> Iterator[Callable[[int], Applications]]:
    made: list[Applications] = []

    def make(count: int) -> Applications:
        made.append(Applications(app, world, count))
        return made[-1]

    yield make
    for one in made:
        one.close()


def count_rows(app: Flask, model: type) -> int:
    with app.app_context():
        return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def untold(app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        rows = db.session.execute(select(AuditEvent).where(AuditEvent.action == "logout-not-told")).scalars()
        return [dict(row.detail) | {"client": row.client_id, "outcome": row.outcome} for row in rows]


# --- A receiver that is down --------------------------------------------------------------------------------


def test_a_receiver_down_for_an_hour(
    app: Flask, applications: Callable[[int], Applications], clock: Clock
) -> None:
    """It is called ever less often meanwhile, and told when it is back; the other one at once."""
    both = applications(2)
    dead, living = both.receivers
    dead.answer = says(503)
    logins = both.begin(3)
    for one in logins:
        both.ends(one)
    for _ in range(HOUR // 5):
        works_off(app)
        clock.advance(5)
    assert both.heard()[living.client_id] == both.expected(logins)[living.client_id]
    # 10, 20, 40, … at most 900 seconds, a quarter more or less: each time the first of its messages alone.
    assert 8 <= len(dead.requests) <= 14
    dead.requests.clear()
    dead.answer = says()
    clock.advance(900 * 1.25)
    works_off(app)
    assert both.heard() == both.expected(logins)
    assert (count_rows(app, Delivery), count_rows(app, Occurrence), untold(app)) == (0, 0, [])


def test_a_receiver_that_nobody_reaches(
    app: Flask, applications: Callable[[int], Applications], clock: Clock
) -> None:
    """As one that answers with an error; a new address is called instead, with what waits."""
    both = applications(2)
    both.receivers[0].close()
    logins = both.begin(1)
    both.ends(logins[0])
    works_off(app)
    assert both.heard()[both.clients[1]] == both.expected(logins)[both.clients[1]]
    with LogoutReceiver(app, both.clients[0]) as moved:
        both.world.change_client(both.clients[0], backchannel_logout_uri=moved.url())
        clock.advance(15)
        works_off(app)
        assert moved.sids == both.expected(logins)[both.clients[0]]


def test_after_a_day_nobody_is_told_any_more(
    app: Flask, applications: Callable[[int], Applications], clock: Clock
) -> None:
    """The audit log says which application does not know, and of how many log-outs; nothing is left."""
    one = applications(1)
    one.receivers[0].answer = says(404)
    for login in one.begin(3):
        one.ends(login)
    works_off(app)
    clock.advance(DAY + 10)
    works_off(app)
    assert untold(app) == [
        {"why": "not taken in time", "count": 3, "client": one.clients[0], "outcome": "alert"}
    ]
    assert count_rows(app, Delivery) == 0
    tried = len(one.receivers[0].requests)
    clock.advance(DAY)
    works_off(app)
    assert len(one.receivers[0].requests) == tried


def test_what_it_refuses_holds_up_nothing(
    app: Flask, applications: Callable[[int], Applications], clock: Clock
) -> None:
    """400 (2.8: the log-out failed): asked again twice, later; what comes behind it is told at once."""
    one = applications(1)
    receiver = one.receivers[0]
    logins = one.begin(3)
    bad = compute_sid(logins[0], receiver.client_id)
    receiver.answer = lambda connection, request: says(400 if read_sid(request) == bad else 200)(
        connection, request
    )
    for login in logins:
        one.ends(login)
    works_off(app)
    assert sorted(receiver.sids) == sorted(compute_sid(login, receiver.client_id) for login in logins)
    for _ in range(60):
        clock.advance(60)
        works_off(app)
    assert receiver.sids.count(bad) == 3
    assert len(receiver.sids) == 5
    assert untold(app) == [{"why": "refused", "count": 1, "client": receiver.client_id, "outcome": "alert"}]


@pytest.mark.parametrize("status", [200, 204, 299])
def test_taken(app: Flask, applications: Callable[[int], Applications], status: int) -> None:
    one = applications(1)
    one.receivers[0].answer = says(status)
    one.ends(one.begin(1)[0])
    works_off(app)
    assert count_rows(app, Delivery) == 0


@pytest.mark.parametrize("change", [{"deleted_at": True}, {"backchannel_logout_uri": None}])
def test_an_application_that_is_gone(
    app: Flask, applications: Callable[[int], Applications], change: dict[str, Any], clock: Clock
) -> None:
    """Deleted, or without an address, between the end and the call: nothing is sent, nothing is left."""
    both = applications(2)
    gone, living = both.receivers
    gone.answer = says(503)
    logins = both.begin(2)
    both.ends(logins[0])
    works_off(app)
    both.ends(logins[1])
    gone.requests.clear()
    values = {name: app_clock.now() if value is True else value for name, value in change.items()}
    both.world.change_client(gone.client_id, **values)
    clock.advance(HOUR)
    works_off(app)
    assert gone.requests == []
    assert both.heard()[living.client_id] == both.expected(logins)[living.client_id]
    assert (count_rows(app, Delivery), count_rows(app, Occurrence)) == (0, 0)


def test_many_silent_receivers(
    app: Flask, applications: Callable[[int], Applications], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """More than are called at once: the living one is told when the first of them are given up, and the next
    log-out at once.
    """
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.5)
    many = applications(MOST_CALLED + 3)
    for one in many.receivers[:-1]:
        one.answer = lambda connection, _request: connection.recv(1)
    living = many.clients[-1]
    logins = many.begin(2)
    for count, login in enumerate(logins, 1):
        many.ends(login)
        works_off(app)
        assert many.heard()[living] == many.expected(logins[:count])[living]
    assert {len(one.requests) for one in many.receivers[:-1]} == {1}


def test_what_waits_has_a_bound(
    app: Flask, applications: Callable[[int], Applications], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead receiver lets no table grow without end."""
    monkeypatch.setattr(expansion, "MOST_WAITING", 5)
    one = applications(1)
    one.receivers[0].answer = says(503)
    for login in one.begin(9):
        one.ends(login)
    works_off(app)
    assert count_rows(app, Delivery) == 6
    assert sum(found["count"] for found in untold(app)) == 1  # one row, with the last
    with app.app_context():
        times = select(AuditEvent.times).where(AuditEvent.action == "logout-not-told")
        assert db.session.execute(times).scalar_one() == 3


# --- Many at once -------------------------------------------------------------------------------------------


def test_one_block_ends_ten_thousand_sessions(
    app: Flask, admin: ApiCaller, applications: Callable[[int], Applications], queries: Counter
) -> None:
    """Every receiver is told of every login; the block itself sends as many statements as for one session.

    A share of the runs: a thousand.
    """
    some = applications(10)
    some.begin(1)
    admin.put(BLOCK, {})  # warm
    works_off(app)
    counted = []
    for logins in (1, 1000 if IS_FULL else 100):
        admin.put(BLOCK.replace("block", "unblock"), {})
        made = some.begin(logins)
        some.forget()
        queries.reset()
        assert admin.put(BLOCK, {}).status_code == 200
        counted.append(list(queries.statements))
        works_off(app)
        assert some.heard() == some.expected(made)
    assert counted[0] == counted[1]
    assert len([one for one in counted[0] if "outbox" in one]) == 1
    assert count_rows(app, Delivery) == 0


def test_stretches_come_one_after_the_other(
    app: Flask, applications: Callable[[int], Applications], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every size of a stretch, none is left out and none comes twice."""
    some = applications(3)
    for stretch in (1, 2, 3, 5, 6, 100):
        monkeypatch.setattr(expansion, "STRETCH", stretch)
        logins = some.begin(4)
        some.forget()
        with app.app_context():
            run_in_transaction(
                lambda: endings.end(Event.BLOCKED, db.session.get_one(User, some.user_id), OPERATOR)
            )
        works_off(app)
        assert some.heard() == some.expected(logins)


# --- Killed, and several at it ------------------------------------------------------------------------------


class Victim:
    """Works the outbox of this application off in a process of its own."""

    def __init__(self, app: Flask) -> None:
        kept = app.extensions["argus"]["settings"]
        self.environment = {
            **{name: str(value) for name, value in CHEAP.items()},
            "ARGUS_INSTANCE": str(kept.instance),
            "ARGUS_DATABASE_URL": kept.database_url,
            "ARGUS_BASE_URL": kept.base_url,
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ARGUS_")}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("outbox_victim.py")],
            env={**clean, "PYTHONPATH": str(ROOT)}, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def works_off(self, *, kill_at: int = 0, ahead: float = 0) -> int:
        """How many moments it saw; 0 if it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        job = {"environment": self.environment, "at": kill_at, "ahead": ahead}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return int(json.loads(self.process.stdout.readline())["seen"])

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(timeout=30)


@pytest.fixture
def victims(app: Flask) -> Iterator[list[Victim]]:
    made = [Victim(app), Victim(app)]
    yield made
    for one in made:
        one.close()


@pytest.mark.race
def test_killed_at_every_statement(
    app: Flask,
    applications: Callable[[int], Applications],
    victims: list[Victim],
) -> None:
    """kill -9 before each statement and COMMIT: the next process tells every receiver, at least once."""
    some = applications(2)
    victim, share = victims[0], random.randrange(SHARE)
    for at in range(1, 200):
        if not IS_FULL and at % SHARE != share:
            continue
        logins = some.begin(2)
        some.forget()
        with app.app_context():
            run_in_transaction(
                lambda: endings.end(Event.BLOCKED, db.session.get_one(User, some.user_id), OPERATOR)
            )
        seen = victim.works_off(kill_at=at, ahead=at * 100)
        if not seen:
            # A lease of the dead one runs out.
            assert victim.works_off(ahead=at * 100 + 61)
        assert some.heard_once_or_more() == some.expected(logins)
        assert (count_rows(app, Delivery), count_rows(app, Occurrence)) == (0, 0)
        if seen:
            break
    assert at > 20


@pytest.mark.race
def test_two_processes_at_it(
    app: Flask, applications: Callable[[int], Applications], victims: list[Victim]
) -> None:
    """Each message is told once: leases hold."""
    some = applications(5)
    logins = some.begin(60)
    for login in logins[:10]:
        some.ends(login)
    with app.app_context():
        run_in_transaction(
            lambda: endings.end(Event.BLOCKED, db.session.get_one(User, some.user_id), OPERATOR)
        )
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(Victim.works_off, victims))
    works_off(app)
    assert some.heard() == some.expected(logins)
    assert (count_rows(app, Delivery), count_rows(app, Occurrence)) == (0, 0)


def test_a_lease_that_ran_out(app: Flask, applications: Callable[[int], Applications], clock: Clock) -> None:
    """Whoever took too long notes what was taken, and takes nothing from who has the receiver now."""
    one = applications(1)
    one.ends(one.begin(1)[0])
    with app.app_context():
        expansion.expand_some()
        (due,) = receivers.list_due(5)
        slow = run_in_transaction(lambda: receivers.claim(due))
        assert slow is not None
        assert receivers.list_due(5) == []
        assert run_in_transaction(lambda: receivers.claim(due)) is None
        clock.advance(61)
        next_one = run_in_transaction(lambda: receivers.claim(due))
        assert next_one is not None
        assert next_one.messages == slow.messages
        taken = receivers.Outcome(taken=[message.id for message in slow.messages])
        run_in_transaction(lambda: receivers.finish(slow, taken))
        held = db.session.execute(select(ReceiverRow.claimed_until)).scalar_one()
        assert held == next_one.claimed_until
        run_in_transaction(lambda: receivers.finish(next_one, taken))
        assert db.session.execute(select(ReceiverRow.next_at, ReceiverRow.claimed_until)).one() == (
            None,
            None,
        )


def test_a_message_between_the_last_look_and_the_rest(
    app: Flask, applications: Callable[[int], Applications]
) -> None:
    """One more comes while the receiver is called: it is due again at once."""
    one = applications(1)
    logins = one.begin(2)
    one.ends(logins[0])
    with app.app_context():
        expansion.expand_some()
        call = run_in_transaction(lambda: receivers.claim(one.clients[0]))
        assert call is not None
        one.ends(logins[1])
        expansion.expand_some()
        taken = receivers.Outcome(taken=[message.id for message in call.messages])
        run_in_transaction(lambda: receivers.finish(call, taken))
        assert receivers.list_due(5) == [one.clients[0]]


def test_a_restored_backup_tells_again(app: Flask, applications: Callable[[int], Applications]) -> None:
    """What was told after the backup is told once more: at least once, not at most."""
    one = applications(1)
    logins = one.begin(1)
    one.ends(logins[0])
    with app.app_context():
        expansion.expand_some()
        kept = dict(db.session.execute(select(Delivery.__table__)).mappings().one())
    works_off(app)
    with app.app_context():
        db.session.execute(insert(Delivery.__table__).values(**kept))
        db.session.execute(update(ReceiverRow).values(next_at=app_clock.now()))
        db.session.commit()
    works_off(app)
    assert one.heard_once_or_more() == one.expected(logins)
    assert len(one.receivers[0].requests) == 2
