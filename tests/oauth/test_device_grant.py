"""The device grant (RFC 8628): a device asks, its user answers in a browser, and nobody else does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import clock as app_clock
from app.models.audit import AuditEvent
from app.models.devices import DeviceRequest
from app.models.sessions import OAuthSession
from app.services.ops import pruning
from app.services.tokens import devices
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import DEVICE
from tests.drivers.relying_party import RelyingParty
from tests.drivers.signing import Prover
from tests.drivers.signing import Signer
from tests.fixtures import Clock
from tests.world import World

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SESSION = "/authentication/v1/session"
PAGE = "/device"


class Device:
    """A device with a public client, and the user who holds it."""

    def __init__(self, rp: RelyingParty, **form: str) -> None:
        self.rp = rp
        answer = rp.posts(DEVICE, **({"scope": "openid profile"} | form))
        assert answer.status_code == 200, answer.data
        self.told = dict(answer.json or {})

    @property
    def user_code(self) -> str:
        return str(self.told["user_code"])

    def polls(self, **form: str) -> TestResponse:
        return self.rp.posts(**({"grant_type": GRANT, "device_code": self.told["device_code"]} | form))

    def error(self, **form: str) -> str:
        answer = self.polls(**form)
        assert answer.status_code in (400, 401), answer.data
        return str(answer.json["error"])

    def typed_by(self, person: Person, code: str | None = None) -> TestResponse:
        """Type the code on the page, after a login if there is none."""
        page = person.visits(PAGE)
        if page.status_code == 303:
            person.logs_in()
            page = person.visits(PAGE)
        return person.submits(page, PAGE, user_code=self.user_code if code is None else code)

    def answered_by(self, person: Person, decision: str = "approve") -> TestResponse:
        page = self.typed_by(person)
        assert page.status_code == 200, page.get_data(as_text=True)
        return person.submits(page, PAGE + "/answer", decision=decision, transaction=transaction(page))


def transaction(page: TestResponse) -> str:
    found = re.search(r'name="transaction" value="([^"]+)"', page.get_data(as_text=True))
    assert found is not None, page.get_data(as_text=True)
    return found[1]


@pytest.fixture
def tv(app: Flask, world: World) -> RelyingParty:
    client_id = world.client("tv", authentication_method="none", allow_device_grant=True)
    return RelyingParty(app, client_id, secret=None)


def refused(world: World) -> AuditEvent:
    return [row for row in world.rows(AuditEvent) if row.outcome == "refused"][-1]


@pytest.mark.parametrize("path", [DEVICE, "/oauth/device_authorization"])
def test_the_whole_flow(tv: RelyingParty, alice: Person, clock: Clock, path: str) -> None:
    """RFC 8628 3: two codes, a page, an approval, tokens; they live and end as any others do."""
    answer = tv.posts(path, scope="openid profile")
    assert answer.headers["Cache-Control"] == "no-store"
    device = Device(tv)
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", device.user_code)
    assert device.told["verification_uri"] == "http://localhost/device"
    assert (device.told["expires_in"], device.told["interval"]) == (600, 5)
    assert device.error() == "authorization_pending"
    done = device.answered_by(alice)
    assert "The device is connected" in done.get_data(as_text=True)
    clock.advance(5)
    tokens = device.polls().json
    assert tokens["scope"] == "openid profile"
    assert tokens["id_token"]
    assert tv.calls(SESSION, tokens["access_token"]).status_code == 200
    fresh = tv.refreshes(tokens["refresh_token"]).json
    assert tv.calls(SESSION, fresh["access_token"]).status_code == 200
    assert "Tv" in alice.visits("/").get_data(as_text=True)
    alice.logs_out()
    assert tv.calls(SESSION, fresh["access_token"]).status_code == 401


def test_the_device_code_counts_once(tv: RelyingParty, alice: Person, world: World, clock: Clock) -> None:
    """Pitfall D6: Authlib's own redeems it again and again. Asking once more ends nothing."""
    device = Device(tv)
    device.answered_by(alice)
    tokens = device.polls().json
    clock.advance(5)
    assert device.error() == "invalid_grant"
    assert refused(world).reasons == ["credential_spent"]
    assert tv.calls(SESSION, tokens["access_token"]).status_code == 200
    assert len(world.rows(OAuthSession)) == 1


def test_who_asks_too_fast(tv: RelyingParty, alice: Person, clock: Clock) -> None:
    """RFC 8628 3.5: slow_down, and five seconds more from then on, also after the approval."""
    device = Device(tv)
    assert device.error() == "authorization_pending"
    clock.advance(3)
    assert device.error() == "slow_down"
    clock.advance(6)
    assert device.error() == "slow_down"
    clock.advance(15)
    assert device.error() == "authorization_pending"
    device.answered_by(alice)
    assert device.error() == "slow_down"
    clock.advance(20)
    assert device.polls().status_code == 200


def test_a_clock_that_is_a_little_fast(tv: RelyingParty, clock: Clock) -> None:
    """Whoever keeps to the interval is never told to slow down."""
    device = Device(tv)
    for _ in range(5):
        assert device.error() == "authorization_pending"
        clock.advance(4.2)


def test_denied(tv: RelyingParty, alice: Person, world: World) -> None:
    """The user says no; the device hears it with a number, and asking again changes nothing."""
    device = Device(tv)
    page = device.answered_by(alice, "deny").get_data(as_text=True)
    assert "The device was refused" in page
    answer = device.polls()
    assert (answer.status_code, answer.json["error"]) == (400, "access_denied")
    assert refused(world).decision == answer.json["decision"]
    assert world.rows(OAuthSession) == []
    assert device.typed_by(alice).status_code == 400


def test_expired(app: Flask, tv: RelyingParty, alice: Person, world: World, clock: Clock) -> None:
    """RFC 8628 3.5: told so for a while; the code opens nothing; then the row goes."""
    device, approved = Device(tv), Device(tv)
    approved.answered_by(alice)
    clock.advance(601)
    alice.logs_in()
    for one in (device, approved):
        answer = one.polls()
        assert (answer.status_code, answer.json["error"]) == (400, "expired_token")
        assert answer.json["decision"].startswith("D-")
    assert device.typed_by(alice).status_code == 400
    clock.advance(601)
    with app.app_context():
        pruning.prune_all(30)
    assert world.rows(DeviceRequest) == []
    assert device.error() == "invalid_grant"


def test_the_interval_of_an_expired_page(tv: RelyingParty, alice: Person, clock: Clock) -> None:
    """Shown in time and answered too late: nothing is approved."""
    device = Device(tv)
    page = device.typed_by(alice)
    clock.advance(601)
    alice.logs_in()
    late = alice.submits(page, PAGE + "/answer", decision="approve", transaction=transaction(page))
    assert late.status_code == 400
    assert device.error() == "expired_token"


# --- which clients ------------------------------------------------------------------------------------------


def test_only_for_clients_that_may(app: Flask, world: World, alice: Person, admin: ApiCaller) -> None:
    """Off unless said; taken away, it acts at the next poll and at the page."""
    client_id = world.client("tv", authentication_method="none")
    rp = RelyingParty(app, client_id, secret=None)
    answer = rp.posts(DEVICE)
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")
    assert refused(world).decision == answer.json["decision"]
    path = f"/authentication/v1/oauth/client/{client_id}"
    assert admin.put(path, {"allowDeviceGrant": True}).json["data"]["allowDeviceGrant"] is True
    device = Device(rp)
    page = device.typed_by(alice)
    world.change_client(client_id, allow_device_grant=False)
    stale = alice.submits(page, PAGE + "/answer", decision="approve", transaction=transaction(page))
    assert stale.status_code == 400
    assert device.typed_by(alice).status_code == 400
    assert device.error() == "unauthorized_client"


def test_the_client_proves_itself(app: Flask, world: World, alice: Person) -> None:
    """A confidential client by its secret, at both calls; its range is the device's (decision 6)."""
    rp = RelyingParty(app, world.client("box", allow_device_grant=True, client_ip_range=["127.0.0.0/8"]))
    device = Device(rp)
    device.answered_by(alice)
    assert rp.posts(DEVICE, client_secret="wrong").status_code == 401
    assert rp.posts(DEVICE, address="192.0.2.1").json["error"] == "invalid_client"
    assert device.error(client_secret="wrong") == "invalid_client"
    far = rp.posts(address="192.0.2.1", grant_type=GRANT, device_code=device.told["device_code"])
    assert far.json["error"] == "invalid_client"
    assert device.polls().status_code == 200


def test_a_device_code_of_another_client(app: Flask, world: World, tv: RelyingParty, alice: Person) -> None:
    """Nor a made-up one, a user code, an authorization code, or none at all."""
    device = Device(tv)
    device.answered_by(alice)
    other = RelyingParty(
        app, world.client("other", authentication_method="none", allow_device_grant=True), secret=None
    )
    theirs = other.posts(grant_type=GRANT, device_code=device.told["device_code"])
    assert theirs.json["error"] == "invalid_grant"
    assert refused(world).reasons == ["device_code_unknown"]
    code = tv.sends(alice)["code"]
    for text in ("x", device.user_code, code, device.told["device_code"][:-2] + "xx"):
        assert device.error(device_code=text) == "invalid_grant"
    assert device.error(device_code="") == "invalid_request"
    assert tv.posts(grant_type="authorization_code", code=device.told["device_code"]).status_code == 400
    assert device.polls().status_code == 200


def test_scopes(app: Flask, world: World, tv: RelyingParty, alice: Person) -> None:
    """Decision 5: judged at the beginning, and again at the page."""
    answer = tv.posts(DEVICE, scope="openid groups")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")
    assert answer.json["decision"] == refused(world).decision
    device = Device(tv)
    world.change_client(tv.client_id, permitted_scopes=["openid"])
    assert device.typed_by(alice).status_code == 400


# --- the page -----------------------------------------------------------------------------------------------


WRITINGS: list[Callable[[str], str]] = [
    str.lower,
    lambda code: code.replace("-", ""),
    lambda code: f" {code} ",
    " ".join,
    lambda code: code.replace("-", "\u2013"),
]


@pytest.mark.parametrize("write", WRITINGS, ids=range(len(WRITINGS)))
def test_the_code_as_people_type_it(tv: RelyingParty, alice: Person, write: Callable[[str], str]) -> None:
    """RFC 8628 6.1: any case, blanks and dashes anywhere."""
    device = Device(tv)
    assert device.typed_by(alice, write(device.user_code)).status_code == 200


@pytest.mark.parametrize("text", ["", "x", "AAAA-AAAA", "BCDF-GHJ", "BCDF-GHJKL", "ßßßß-ßßßß", "\u212a" * 8])
def test_codes_that_are_none(tv: RelyingParty, alice: Person, text: str) -> None:
    """Said beside the field; nothing is said of other devices."""
    page = Device(tv).typed_by(alice, text)
    assert page.status_code == 400
    assert "No device waits with this code" in page.get_data(as_text=True)


def test_a_link_fills_in_and_approves_nothing(tv: RelyingParty, alice: Person) -> None:
    """RFC 8628 3.3.1, 5.4: after the login it leads back; whoever follows it is warned and asked."""
    device = Device(tv)
    link = device.told["verification_uri_complete"].removeprefix("http://localhost")
    login = alice.visits(link).headers["Location"]
    back = alice.submits(alice.visits(login), login, username="alice", password=alice.password)
    page = alice.visits(back.headers["Location"])
    text = page.get_data(as_text=True)
    assert f'value="{device.user_code}"' in text
    assert "Did somebody send you this code, or this link?" in text
    assert device.error() == "authorization_pending"
    shown = alice.submits(page, PAGE).get_data(as_text=True)
    assert "Tv wants to act for you" in shown
    assert "Approve only if you began it yourself" in shown
    assert 'name="transaction"' in shown


def test_it_asks_each_time(tv: RelyingParty, alice: Person) -> None:
    """An approval that is remembered does not answer for another device."""
    Device(tv).answered_by(alice)
    page = Device(tv).typed_by(alice).get_data(as_text=True)
    assert 'name="transaction"' in page
    assert "It asks you once more, for nothing new" in page


def test_guessing_codes(tv: RelyingParty, alice: Person, settings: Any) -> None:
    """RFC 8628 5.1: whoever types wrong codes is stopped; who types a right one is not."""
    settings(throttle_login_failures=3)
    device = Device(tv)
    for _ in range(3):
        assert device.typed_by(alice, "BCDF-GHJK").status_code == 400
    stopped = device.typed_by(alice)
    assert stopped.status_code == 429
    assert stopped.headers["Retry-After"]
    assert "Too many wrong codes" in stopped.get_data(as_text=True)


def test_nobody_approves_without_a_login_or_a_form(
    app: Flask, tv: RelyingParty, alice: Person, world: World
) -> None:
    """CSRF, another login's question, a question of authorize, one that was answered."""
    device = Device(tv)
    page = device.typed_by(alice)
    shown = transaction(page)
    bare = alice.browser.post(PAGE + "/answer", data={"transaction": shown, "decision": "approve"})
    assert bare.status_code == 400
    anonymous = app.test_client().post(PAGE + "/answer", data={"transaction": shown, "decision": "approve"})
    assert anonymous.status_code in (303, 400)
    world.user("bob", "acme", holds=[("APP-ROLE", "acme")])
    bob = Person(app, "bob")
    own = device.typed_by(bob)
    stolen = bob.submits(own, PAGE + "/answer", decision="approve", transaction=shown)
    assert stolen.status_code == 400
    of_authorize = transaction(alice.visits(tv.url()))
    odd = alice.submits(page, PAGE + "/answer", decision="approve", transaction=of_authorize)
    assert odd.status_code == 400
    crossed = alice.submits(alice.visits(tv.url()), tv.url(), decision="approve", transaction=shown)
    assert crossed.status_code == 400
    neither = alice.submits(page, PAGE + "/answer", decision="perhaps", transaction=shown)
    assert neither.status_code == 400
    assert device.error() == "authorization_pending"
    assert alice.submits(page, PAGE + "/answer", decision="approve", transaction=shown).status_code == 200
    again = alice.submits(page, PAGE + "/answer", decision="approve", transaction=shown)
    assert again.status_code == 400
    late = bob.submits(own, PAGE + "/answer", decision="approve", transaction=transaction(own))
    assert late.status_code == 400


def test_a_reload_of_the_last_page(alice: Person) -> None:
    alice.logs_in()
    assert alice.visits(PAGE + "/answer").headers["Location"] == PAGE


# --- the decision at each step ------------------------------------------------------------------------------


def test_who_may_not_use_it_is_refused_at_the_page(tv: RelyingParty, alice: Person, world: World) -> None:
    device = Device(tv)
    world.revoke("alice", "APP-ROLE")
    page = device.typed_by(alice)
    assert page.status_code == 403
    row = refused(world)
    assert (row.action, row.client_id) == ("authorize", tv.client_id)
    assert row.decision in page.get_data(as_text=True)
    assert device.error() == "authorization_pending"


def test_a_right_lost_while_the_page_was_open(tv: RelyingParty, alice: Person, world: World) -> None:
    device = Device(tv)
    page = device.typed_by(alice)
    world.revoke("alice", "APP-ROLE")
    answer = alice.submits(page, PAGE + "/answer", decision="approve", transaction=transaction(page))
    assert answer.status_code == 403
    assert device.error() == "authorization_pending"


def test_a_scope_that_grew_while_the_page_was_open(tv: RelyingParty, alice: Person, world: World) -> None:
    """Design 14: nothing is recorded that the page did not show; it is shown now."""
    world.function("MORE", role=True)
    world.edge("MORE", "APP-ROLE")
    device = Device(tv)
    page = device.typed_by(alice)
    world.change_client(tv.client_id, permission_scope_id=world.function_id("MORE"))
    answer = alice.submits(page, PAGE + "/answer", decision="approve", transaction=transaction(page))
    assert answer.status_code == 200
    assert 'name="transaction"' in answer.get_data(as_text=True)
    assert device.error() == "authorization_pending"


@pytest.mark.parametrize("what", ["right", "block", "logout", "withdraw"])
def test_what_changed_since_the_approval(tv: RelyingParty, alice: Person, world: World, what: str) -> None:
    """The gate, leg REDEEM, over today's facts: invalid_grant with the number of the decision."""
    device = Device(tv)
    device.answered_by(alice)
    if what == "right":
        world.revoke("alice", "APP-ROLE")
    elif what == "block":
        world.change_user("alice", blocked_at=app_clock.now())
    elif what == "logout":
        alice.logs_out()
    else:
        page = alice.visits("/")
        path = re.search(r"/consents/[0-9a-f-]+/withdraw", page.get_data(as_text=True))
        assert path is not None
        assert alice.submits(page, path[0], form=-1).status_code == 303
    answer = device.polls()
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    row = refused(world)
    assert (row.action, row.decision) == ("redeem", answer.json["decision"])
    assert row.leg == "redeem"


def test_tokens_of_a_device_may_be_bound(tv: RelyingParty, alice: Person) -> None:
    """RFC 9449 5: a proof at the poll, and a key that stays."""
    device = Device(tv)
    device.answered_by(alice)
    tv.prover = Prover(Signer())
    tokens = device.polls().json
    assert tokens["token_type"] == "DPoP"
    assert tv.calls(SESSION, tokens["access_token"]).status_code == 200
    assert tv.refreshes(tokens["refresh_token"]).status_code == 200


# --- how many -----------------------------------------------------------------------------------------------


def test_so_many_of_one_network(tv: RelyingParty, alice: Person, world: World) -> None:
    """Whoever begins without end from one network pushes out its own, and no other network's."""
    elsewhere = Device(RelyingParty(tv.app, tv.client_id, secret=None, address="198.51.100.7"))
    first = Device(tv)
    for _ in range(devices.MOST_OF_ONE + 5):
        last = Device(tv)
    assert len(world.rows(DeviceRequest)) == devices.MOST_OF_ONE + 1
    assert first.typed_by(alice).status_code == 400
    for one in (last, elsewhere):
        assert one.typed_by(alice).status_code == 200


def test_so_many_of_all(
    tv: RelyingParty, alice: Person, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many networks begin: the oldest that nobody answered goes."""
    monkeypatch.setattr(devices, "MOST_OPEN", 10)
    answered = Device(tv)
    answered.answered_by(alice)
    for number in range(30):
        Device(RelyingParty(tv.app, tv.client_id, secret=None, address=f"198.51.{number}.1"))
    assert len(world.rows(DeviceRequest)) == 11
    assert answered.polls().status_code == 200


def test_only_digests_are_stored(tv: RelyingParty, world: World) -> None:
    """Neither code can be read from the database."""
    device = Device(tv)
    (row,) = world.rows(DeviceRequest)
    text = repr(vars(row))
    assert device.told["device_code"] not in text
    assert device.user_code.replace("-", "") not in text


def test_discovery_names_it(app: Flask) -> None:
    """RFC 8628 4."""
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        told = app.test_client().get(path).json
        assert told["device_authorization_endpoint"] == "http://localhost" + DEVICE
        assert GRANT in told["grant_types_supported"]
    assert "post" in app.test_client().get("/openapi.json").json["paths"][DEVICE]
