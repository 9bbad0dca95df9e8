"""Logging in by a passkey alone: verified, of this browser, once, within five minutes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.api.test_webauthn import enrolled
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.fixtures import Clock
from tests.web.kit import FORM_COOKIE
from tests.web.kit import by_passkey
from tests.web.kit import handle_of
from tests.web.kit import is_in
from tests.web.kit import level_of
from tests.web.kit import reasons
from tests.web.kit import text_of
from tests.world import World


def test_a_passkey_alone(app: Flask, world: World, alice: Person) -> None:
    """No user name, no password: an administrative login, because user verification was demanded and done."""
    device = enrolled(app)
    asked = alice.visits("/login/passkey/options").get_json()
    assert (asked["userVerification"], asked["allowCredentials"]) == ("required", [])
    answer = by_passkey(alice, device, handle_of(app), "/login?next=/account/keys")
    assert answer.headers["Location"] == "/account/keys"
    assert level_of(world)[-1] == ("signature", 3)
    assert is_in(alice)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("not verified", "webauthn_signature"),
        ("nobody named", "webauthn_other_user"),
        ("somebody else named", "webauthn_other_user"),
        ("other origin", "webauthn_signature"),
        ("other rp", "webauthn_signature"),
        ("other browser", "webauthn_signature"),
        ("replay", "webauthn_challenge"),
        ("late", "webauthn_challenge"),
        ("early", "webauthn_signature"),
        ("no challenge", "webauthn_challenge"),
        ("counter", "webauthn_counter"),
        ("revoked", "login_unknown_user"),
        ("run out", "login_unknown_user"),
        ("switched off", "login_method_disabled"),
        ("blocked", "user_blocked"),
        ("daemon", "login_daemon_account"),
    ],
)
def test_a_passkey_that_does_not_count(
    app: Flask, world: World, admin: ApiCaller, alice: Person, clock: Clock, how: str, why: str
) -> None:
    """One message for every cause; no login, and the true reason in the audit trail."""
    device, handle = enrolled(app), handle_of(app)
    world.user("bob", "acme")
    path = "/authentication/v1/user/alice"
    if how == "counter":
        assert by_passkey(Person(app), device, handle).status_code == 303
    if how == "other rp":
        device.rp_id = "evil.example.com"
    device.count = -1
    page = alice.visits("/login")
    asked = alice.visits("/login/passkey/options").get_json()
    if how == "early":
        # The time inside the id moved on: the challenge is another one then.
        asked["challengeID"] = f"{int(asked['challengeID'][:8], 16) + 60:08x}" + asked["challengeID"][8:]
    if how == "no challenge":
        asked["challengeID"] = "0" * 35 + "x"
    changes = {"origin": "https://evil.example.com"} if how == "other origin" else {}
    signed = device.signs(asked, verified=how != "not verified", **changes)
    if how != "nobody named":
        signed["userHandle"] = handle_of(app, "bob") if how == "somebody else named" else handle
    if how == "other browser":
        alice = Person(app)
        page = alice.visits("/login")
    if how == "replay":
        kept = alice.browser.get_cookie(FORM_COOKIE)
        assert kept is not None
        assert alice.submits(page, "/login", **signed).status_code == 303
        alice = Person(app)
        alice.browser.set_cookie(FORM_COOKIE, kept.value)
    if how == "late":
        clock.advance(301)
    if how == "run out":
        clock.advance(366 * 86_400)
    if how == "revoked":
        key = admin.get(f"{path}/signature").json["data"]["keys"][0]["keyID"]
        assert admin.delete(f"{path}/signature/{key}").status_code == 200
    if how == "switched off":
        assert admin.put(f"{path}/disable/signature").status_code == 200
    if how == "blocked":
        world.block("alice")
    if how == "daemon":
        world.change_user("alice", daemon_account=True)
    answer = alice.submits(page, "/login", **signed)
    assert answer.status_code == 200
    assert "That passkey does not work here. Try again, or log in with your password." in text_of(answer)
    assert not is_in(alice)
    assert reasons(world) == [why]


def test_nonsense_instead_of_a_passkey(app: Flask, world: World, alice: Person) -> None:
    """Whatever is sent, the answer is the same page."""
    fields = ("challengeID", "webauthnKeyID", "authenticatorData", "clientData", "signature", "userHandle")
    page = alice.visits("/login")
    for value in ("", "AAAA", "%%%", "=" * 9, "A" * 2_000):
        answer = alice.submits(page, "/login", **dict.fromkeys(fields, value))
        assert answer.status_code == 200
        assert "That passkey does not work here" in text_of(answer)
    assert alice.submits(page, "/login", **dict.fromkeys(fields, "A" * 30_000)).status_code == 413


def test_many_wrong_passkeys(app: Flask, world: World, settings: Any, alice: Person) -> None:
    """Slowed by source, with the wait told; the right one goes on, for nobody guesses a signature."""
    settings(throttle_login_failures=2)
    device = enrolled(app)
    for _ in range(20):
        assert by_passkey(alice, device, handle_of(app), verified=False).status_code == 200
    page = by_passkey(alice, device, handle_of(app), verified=False)
    assert page.status_code == 429
    assert "Wait about 5 minutes" in text_of(page)
    assert page.headers["Retry-After"]
    assert by_passkey(alice, device, handle_of(app)).status_code == 303


@pytest.mark.parametrize("trick", ["https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com"])
def test_a_passkey_leads_nowhere_else(app: Flask, world: World, alice: Person, trick: str) -> None:
    device = enrolled(app)
    page = alice.visits("/login")
    asked = alice.visits("/login/passkey/options").get_json()
    signed = device.signs(asked) | {"userHandle": handle_of(app), "next": trick}
    assert alice.submits(page, "/login", **signed).headers["Location"] == "/"


def test_a_stranger_stores_nothing(app: Flask, world: World, queries: Any) -> None:
    """Rule 35: pages and challenges for whoever comes by write no row."""
    stranger = Person(app)
    queries.reset()
    stranger.visits("/login")
    stranger.visits("/login/passkey/options")
    assert [text for text in queries.statements if not text.startswith("SELECT")] == []


@pytest.mark.parametrize(("base", "offered"), [("http://127.0.0.1", False), ("http://[::1]", False),
                                               ("http://localhost", True)])  # fmt: skip
def test_no_passkeys_at_an_address(
    app: Flask, world: World, settings: Any, base: str, *, offered: bool
) -> None:
    """Browsers refuse a passkey where the host is an address: nothing is offered there."""
    settings(base_url=base)
    browser = app.test_client()
    assert (b"data-passkey" in browser.get("/login", base_url=base).data) is offered
