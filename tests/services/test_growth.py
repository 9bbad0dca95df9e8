"""No table grows by what strangers, dead credentials and wrong secrets send (design decisions 22, 24, 25).

Each sender is run many times; then every table is counted, whatever it is for.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.extensions import db
from app.extensions import metadata
from app.models.audit import AuditEvent
from app.models.sessions import AuthorizeTransaction
from app.services.access import gate
from app.services.audit import repetitions
from app.services.audit import sealing
from app.services.audit import verification
from app.services.background import background
from app.services.tokens import waiting_requests
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import DEVICE
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import ASSERTION_TYPE
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.web.kit import enters_code
from tests.web.kit import given_codes
from tests.world import PASSWORD
from tests.world import SECRET
from tests.world import World

TIMES = 60
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
BASE = "/authentication/v1"
LOGIN = f"{BASE}/password/authentication"
SIGNATURE = f"{BASE}/signature/webauthn/authentication"
# Rows that one sender may leave, however often it sends: one counted row for each reason, one or two counters
# for each rule. Links are five in half an hour for each user, and each is a row for a day.
MOST = {"audit_event": 3, "throttle_counter": 6, "step_up": 5, "known_source": 1, "login_session": 1,
        "device_request": 20}  # fmt: skip
Sender = Callable[[], object]


class Stage:
    """What there was before: tokens that died, a key that was revoked, a code that was spent."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.rp = RelyingParty(app, world.client())
        self.other = RelyingParty(app, world.client("other"))
        self.far = RelyingParty(app, world.client("far", client_ip_range=["192.0.2.1/32"]))
        public = world.client("public", authentication_method="none", allow_device_grant=True)
        self.public = RelyingParty(app, public, secret=None)
        self.signs = world.client("signs", authentication_method="privateKey", jwks=Signer().jwks)
        alice = Person(app)
        self.code = self.rp.sends(alice)["code"]
        self.spent = self.rp.sends(alice)["code"]
        assert self.rp.redeems(self.spent).status_code == 200
        self.tokens = self.rp.obtains(alice)
        self.key = world.api_key("alice")
        program = app.test_client()
        answer = program.post(LOGIN, json={"userName": "alice", "password": PASSWORD})
        self.login = answer.json["data"]["credentials"]["requestCredentialsData"]
        self.counter = itertools.count()
        world.user("mallory", "acme")
        blocked = Person(app, "mallory")
        blocked.logs_in()
        self.blocked = blocked
        world.block("mallory")

    def kill(self) -> None:
        """All that alice holds ends."""
        self.world.change_user("alice", session_epoch=5)
        headers = {"Argus-API-Key": self.key}
        with self.app.app_context():
            db.session.execute(sa.text("UPDATE api_key SET revoked_at = created_at"))
            db.session.commit()
        assert self.app.test_client().get(f"{BASE}/session", headers=headers).status_code == 401

    @property
    def name(self) -> str:
        return f"name{next(self.counter)}"

    def anonymous(self) -> ApiCaller:
        return ApiCaller(self.app, None)

    def bearer(self, text: str) -> ApiCaller:
        caller = ApiCaller(self.app, None)
        caller.get = lambda path, **more: caller.call(  # type: ignore[method-assign]
            "GET", path, headers={"Authorization": f"Bearer {text}"}, **more
        )
        return caller

    def mail(self, path: str, name: str) -> None:
        browser = Person(self.app)
        if path == "/recover":
            browser.submits(browser.visits("/recover"), "/recover", name=name)
        else:
            page = browser.visits("/login").get_data(as_text=True)
            token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
            browser.browser.post(path, data={"csrf_token": token, "username": name})
        with self.app.app_context():
            background().run_later("wait", lambda: None).result(timeout=30)

    def guesses_code(self) -> None:
        guesser = Person(self.app, "bob")
        enters_code(guesser, guesser.logs_in(), self.codes.wrong())

    def passkey_page(self) -> None:
        browser = Person(self.app)
        fields = (
            "challengeID",
            "webauthnKeyID",
            "authenticatorData",
            "clientData",
            "signature",
            "userHandle",
        )
        browser.visits("/login/passkey/options")
        browser.submits(browser.visits("/login"), "/login", **dict.fromkeys(fields, "AAAA"))


def senders(s: Stage) -> dict[str, Sender]:
    """Everything that an anonymous peer, a dead credential or a client with a wrong secret can send."""
    anonymous = s.anonymous()
    signed = dict.fromkeys(
        ("webauthnKeyID", "authenticatorData", "clientData", "signature", "challengeID"), "AAAA"
    )
    dead_access, dead_refresh = s.tokens["access_token"], s.tokens["refresh_token"]
    basic = base64.b64encode(b"nobody:wrong").decode()
    api = f"{BASE}/session"
    proving = RelyingParty(s.app, s.rp.client_id, prover=Prover(Signer()))
    return {
        "unknown names": lambda: anonymous.post(LOGIN, {"userName": s.name, "password": "wrong"}),
        "a wrong password": lambda: anonymous.post(LOGIN, {"userName": "alice", "password": "wrong"}),
        "on the page": lambda: Person(s.app, "alice", "wrong").logs_in(),
        "a code": lambda: anonymous.post(
            f"{BASE}/totp/authentication", {"userName": s.name, "password": "x", "tokenCode": "123456"}
        ),
        "a blocked user": lambda: anonymous.post(LOGIN, {"userName": "mallory", "password": PASSWORD}),
        "challenges": lambda: anonymous.get(f"{SIGNATURE}?userName={s.name}&domain=MNEMONIC"),
        "challenges with passwords": lambda: anonymous.post(
            f"{SIGNATURE}/challenge", {"userName": "alice", "domain": "MNEMONIC", "password": "wrong"}
        ),
        "signatures": lambda: anonymous.post(SIGNATURE, {"userName": "alice", "domain": "MNEMONIC"} | signed),
        "signatures on the page": s.passkey_page,
        "links to a password": lambda: s.mail("/recover", "alice"),
        "links for nobody": lambda: s.mail("/recover", s.name),
        "links to a device": lambda: s.mail("/login/link", "alice"),
        "dead links": lambda: anonymous.put(
            f"{BASE}/password", {"newPassword": "quite another password", "authorization": s.name}
        ),
        "keys": lambda: ApiCaller(s.app, "1/1/" + "A" * 43).get(api),
        "a revoked key": lambda: ApiCaller(s.app, s.key).get(api),
        "a revoked key for tokens": lambda: anonymous.call(
            "POST", TOKEN, data={"grant_type": "client_credentials", "client_id": s.rp.client_id},
            headers={"Argus-API-Key": s.key},
        ),
        "an ended login": lambda: s.bearer(s.login).get(api),
        "a dead access token": lambda: s.bearer(dead_access).get(api),
        "a dead token at userinfo": lambda: s.bearer(dead_access).get(f"{BASE}/oauth/userinfo"),
        "a dead token introspected": lambda: s.rp.introspects(dead_access),
        "a dead refresh token": lambda: s.rp.refreshes(dead_refresh),
        "a refresh token of others": lambda: s.other.refreshes(dead_refresh),
        "a dead token revoked": lambda: s.rp.posts(TOKEN + "/revoke", token=dead_access),
        "a dead code": lambda: s.rp.redeems(s.code),
        "a spent code": lambda: s.rp.redeems(s.spent),
        "a code of others": lambda: s.other.redeems(s.code),
        "codes": lambda: s.rp.redeems(s.name),
        "a wrong secret": lambda: s.rp.redeems(s.code, client_secret="wrong"),
        "a secret of a public client": lambda: s.public.redeems(s.code, client_secret="wrong"),
        "unknown clients": lambda: RelyingParty(s.app, s.name).redeems(s.code),
        "from outside the range": lambda: s.far.redeems(s.code),
        "basic": lambda: anonymous.call("POST", TOKEN, data={}, headers={"Authorization": f"Basic {basic}"}),
        "proofs of a dead token": lambda: proving.calls(api, dead_access),
        "proofs for a dead code": lambda: proving.redeems(s.code),
        "wrong proofs": lambda: s.rp.app.test_client().post(
            TOKEN,
            data={"grant_type": "refresh_token", "refresh_token": dead_refresh, "client_id": s.rp.client_id,
                  "client_secret": SECRET},
            headers={"DPoP": s.name},
        ),
        "wrong assertions": lambda: RelyingParty(s.app, s.signs, signer=Signer(number=1)).pushes(),
        "unreadable assertions": lambda: anonymous.call(
            "POST", TOKEN + "/revoke",
            data={"client_assertion": s.name, "client_assertion_type": ASSERTION_TYPE, "token": "x"},
        ),
        "devices of a public client": lambda: s.public.posts(DEVICE),
        "wrong devices": lambda: s.other.posts(DEVICE),
        "device codes": lambda: s.public.posts(grant_type=DEVICE_GRANT, device_code=s.name),
        "pushes by strangers": lambda: RelyingParty(s.app, s.name).pushes(),
        "pushes of a public client": lambda: s.public.pushes(),
        "wrong pushes of a public client": lambda: s.public.pushes(scope="openid groups"),
        "authorize by nobody": lambda: s.app.test_client().get(s.rp.url()),
        "authorize by a blocked user": lambda: s.blocked.visits(s.rp.url()),
        "authorize, client unknown": lambda: s.app.test_client().get(s.rp.url(client_id=s.name)),
        "pages by nobody": lambda: s.app.test_client().get("/console/audit/"),
        "a cookie of nobody": lambda: s.app.test_client().get(
            "/", headers={"Cookie": f"argus_session={s.name}; argus_device={s.name}"}
        ),
    }  # fmt: skip


def count(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            table.name: db.session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


@pytest.fixture
def stage(app: Flask, world: World, settings: Any) -> Stage:
    """No throttle in the way: all that is sent arrives."""
    settings(throttle_login_failures=10_000, throttle_client_failures=10_000)
    made = Stage(app, world)
    made.kill()
    return made


# In several tests, so that each says which sender it was.
NAMES = """
unknown names
a wrong password
on the page
a code
a blocked user
challenges
challenges with passwords
signatures
signatures on the page
links to a password
links for nobody
links to a device
dead links
keys
a revoked key
a revoked key for tokens
an ended login
a dead access token
a dead token at userinfo
a dead token introspected
a dead refresh token
a refresh token of others
a dead token revoked
a dead code
a spent code
a code of others
codes
a wrong secret
a secret of a public client
unknown clients
from outside the range
basic
proofs of a dead token
proofs for a dead code
wrong proofs
wrong assertions
unreadable assertions
devices of a public client
wrong devices
device codes
pushes by strangers
pushes of a public client
wrong pushes of a public client
authorize by nobody
authorize by a blocked user
authorize, client unknown
pages by nobody
a cookie of nobody
""".strip().splitlines()


def test_the_list_is_whole(stage: Stage) -> None:
    assert list(senders(stage)) == NAMES


@pytest.mark.parametrize("what", NAMES)
def test_no_table_grows(app: Flask, stage: Stage, what: str) -> None:
    """Every table, before and after many of the same."""
    send = senders(stage)[what]
    before = count(app)
    for _ in range(TIMES):
        send()
    grown = {name: rows - before[name] for name, rows in count(app).items() if rows > before[name]}
    if what in ("unknown names", "a code", "links for nobody"):
        # A counter for each name, up to a number of them (test_throttle).
        assert grown.pop("throttle_counter") <= 3 * TIMES
    assert {name: rows for name, rows in grown.items() if rows > MOST.get(name, 0)} == {}


@pytest.mark.usefixtures("early_in_a_step")
def test_wrong_codes_are_one_row(app: Flask, stage: Stage, world: World) -> None:
    """And one that tells the owner, once a day."""
    world.user("bob", "acme")
    stage.codes = given_codes(app, "bob")  # type: ignore[attr-defined]
    before = count(app)["audit_event"]
    for _ in range(20):
        stage.guesses_code()
    assert count(app)["audit_event"] - before == 2


# --- the counted row ----------------------------------------------------------------------------------------


def refused(app: Flask, address: str = "127.0.0.1", name: str = "alice") -> None:
    ApiCaller(app, None, address=address).post(LOGIN, {"userName": name, "password": "wrong"})


def counted(world: World) -> list[AuditEvent]:
    return [row for row in world.rows(AuditEvent) if row.times is not None]


def test_what_is_alike_is_one_row(app: Flask, world: World, settings: Any) -> None:
    """Per reason, user and network; it says how often, since when, and where from last."""
    settings(throttle_login_failures=10_000)
    for address in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        refused(app, address)
    refused(app, "203.0.113.1")
    refused(app, "198.51.100.9", "nobody")
    rows = [(row.times, row.user_name, row.reasons, row.address) for row in counted(world)]
    assert rows == [
        (3, "alice", ["login_wrong_password"], "198.51.100.3"),
        (1, "alice", ["login_wrong_password"], "203.0.113.1"),
        (1, None, ["login_unknown_user"], "198.51.100.9"),
    ]
    assert all(row.since <= row.at for row in counted(world))
    assert len({row.decision for row in counted(world)}) == 3


def test_every_repetition_answers_the_number_of_its_row(app: Flask, stage: Stage, world: World) -> None:
    """Decision 24: the number of any of them finds the row, at whichever endpoint it was refused."""
    rp = stage.rp
    answers = [
        [rp.redeems(stage.code, client_secret="wrong") for _ in range(3)],
        [rp.redeems(stage.code) for _ in range(3)],
        [rp.refreshes(stage.tokens["refresh_token"]) for _ in range(3)],
        [stage.bearer(stage.tokens["access_token"]).get(f"{BASE}/session") for _ in range(3)],
        [ApiCaller(app, stage.key).get(f"{BASE}/session") for _ in range(3)],
    ]
    for one in answers:
        numbers = {answer.json.get("decision") or answer.json["metaData"]["decision"] for answer in one}
        assert len(numbers) == 1, one
        (row,) = [row for row in world.rows(AuditEvent) if row.decision in numbers]
        assert row.times >= 3
        assert row.reasons


def test_a_bounded_number_of_rows(
    app: Flask, world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many networks call: the one that called longest ago goes, and no other row."""
    settings(throttle_login_failures=10_000)
    monkeypatch.setattr(repetitions, "MOST_COUNTED", 10)
    whole = len(world.rows(AuditEvent))
    for number in range(30):
        refused(app, f"198.51.{number}.1")
    refused(app, "198.51.21.1")
    assert len(world.rows(AuditEvent)) == whole + 10
    assert {row.address for row in counted(world)} == {f"198.51.{number}.1" for number in range(20, 30)}


def test_counting_changes_nothing_sealed(app: Flask, world: World, settings: Any) -> None:
    """The chain holds while rows are counted, and counted rows do not wait for a seal."""
    settings(throttle_login_failures=10_000)
    for _ in range(3):
        refused(app)
        Person(app).logs_in()
        with app.app_context():
            sealing.begin_chain()
            db.session.commit()
            while sealing.seal_some():
                pass
            report = verification.check_chain()
            assert report.wrong is None
            assert report.waiting == 0
    assert [row.place for row in counted(world)] == [None]
    assert all(row.place is not None for row in world.rows(AuditEvent) if row.times is None)


def test_a_person_who_is_refused_has_a_row_of_ones_own(app: Flask, world: World, alice: Person) -> None:
    """Only what strangers and dead credentials repeat is counted: who is logged in may ask about each."""
    rp = RelyingParty(app, world.client())
    world.revoke("alice", "APP-ROLE")
    alice.logs_in()
    for _ in range(2):
        assert alice.visits(rp.url()).status_code == 403
    rows = [row for row in world.rows(AuditEvent) if row.outcome == "refused"]
    assert [row.times for row in rows] == [None, None]


def test_waiting_requests_of_one_login(app: Flask, world: World, alice: Person) -> None:
    """One logged-in browser holds a number of open questions; the oldest goes, the newest counts."""
    rp = RelyingParty(app, world.client())
    alice.logs_in()
    first = alice.visits(rp.url())
    for _ in range(waiting_requests.MOST_WAITING + 5):
        last = alice.visits(rp.url())
    assert len(world.rows(AuthorizeTransaction)) == waiting_requests.MOST_WAITING
    gone = alice.submits(first, rp.url(), decision="approve")
    assert gone.status_code in (303, 409, 400)
    assert "code=" not in gone.headers.get("Location", "")
    assert "code=" in alice.submits(last, rp.url(), decision="approve").headers["Location"]


def test_the_log_shows_the_count(app: Flask, world: World, settings: Any) -> None:
    """On its page and by its number, beside the rows that are sealed."""
    settings(throttle_login_failures=10_000)
    for _ in range(7):
        refused(app)
    world.user("keeper", "root")
    world.grant("keeper", "ALL-FUNCTIONS", "root")
    keeper = Person(app, "keeper")
    keeper.logs_in()
    page = keeper.visits("/console/audit/?who=alice").get_data(as_text=True)
    assert "7 times since" in page
    (row,) = counted(world)
    assert gate.normalise_decision_number(row.decision) == row.decision
    shown = keeper.visits(f"/console/audit/{row.decision}").get_data(as_text=True)
    assert "7 times since" in shown
    assert "repetitions are counted in this entry" in shown
