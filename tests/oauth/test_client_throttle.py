"""Failures of clients are counted, and never against a client by who may not call it (rules 29, 42, 78)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.models.audit import AuditEvent
from app.services.tokens.token_text import compute_digest
from tests.drivers.api_caller import ApiCaller
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.world import SECRET
from tests.world import World

OAUTH = "/authentication/v1/oauth"
FOREIGN = "198.51.100.7"


def tries(rp: RelyingParty, address: str, **form: str) -> int:
    """The status of a call that can only fail after the client's authentication."""
    form = {"grant_type": "refresh_token", "refresh_token": "x"} | form
    return rp.posts(address=address, **form).status_code


@pytest.mark.parametrize("how", ["unknown", "out of range", "missing"])
def test_strangers_write_no_rows_without_end(world: World, rp: RelyingParty, settings: Any, how: str) -> None:
    """Counted by source: then nothing is looked up or written, and the client's own range goes on."""
    settings(throttle_client_failures=2)
    world.change_client(rp.client_id, client_ip_range=["127.0.0.1/32"])
    stranger = {
        "unknown": RelyingParty(rp.app, "nobody"),
        "out of range": rp,
        "missing": RelyingParty(rp.app, "", secret=None),
    }[how]
    codes = [tries(stranger, FOREIGN) for _ in range(23)]
    assert codes == [401] * 20 + [429] * 3
    rows = [event for event in world.rows(AuditEvent) if event.action == "client-authentication"]
    assert [row.times for row in rows] == [20]
    assert tries(rp, "127.0.0.1") == 400


def test_strangers_do_not_slow_the_application(app: Flask, world: World, settings: Any) -> None:
    """Of a client that may call from anywhere: where its secret was right lately, it goes on."""
    settings(throttle_client_failures=2)
    rp = RelyingParty(app, world.client(client_ip_range=["0.0.0.0/0"]))
    assert tries(rp, "127.0.0.1") == 400
    for n in range(20):
        assert tries(rp, f"198.51.100.{n}", client_secret="wrong") == 401
    assert tries(rp, FOREIGN) == 429
    assert tries(rp, "127.0.0.1") == 400


def test_a_users_key_from_elsewhere_tries_no_secrets(app: Flask, world: World, settings: Any) -> None:
    """Rule 29, also for a session bought by key: the address is judged before the secret."""
    settings(throttle_client_failures=2)
    rp = RelyingParty(app, world.client(client_ip_range=["127.0.0.1/32"]))
    key = {"Argus-API-Key": world.api_key("alice")}
    form = {"grant_type": "client_credentials", "client_id": rp.client_id, "client_secret": "wrong"}
    for n in range(11):
        foreign = ApiCaller(app, None, address=f"198.51.100.{n}")
        codes = [foreign.call("POST", TOKEN, data=form, headers=key).status_code for _ in range(2)]
        assert codes == [401, 401]
    why = {tuple(e.reasons) for e in world.rows(AuditEvent) if e.action == "client-authentication"}
    assert why == {("address_outside",)}
    assert tries(rp, "127.0.0.1") == 400


def test_wrong_secrets_shut_no_public_client(app: Flask, world: World, settings: Any) -> None:
    """It has no secret to guess: whoever sends one is refused, and nobody else notices."""
    settings(throttle_client_failures=2)
    rp = RelyingParty(app, world.client(authentication_method="none"), secret=None)
    for n in range(30):
        assert tries(rp, f"203.0.113.{n}", client_secret="guess") == 401
    codes = [tries(rp, FOREIGN, client_secret="guess") for _ in range(22)]
    assert codes == [401] * 20 + [429] * 2
    for address in (FOREIGN, "203.0.113.1", "127.0.0.1"):
        assert tries(rp, address) == 400


def test_a_random_secret_is_not_guessed(app: Flask, world: World, settings: Any) -> None:
    """So wrong ones stop nobody who has it, not even at the same address."""
    settings(throttle_client_failures=2)
    digest = compute_digest(SECRET)
    rp = RelyingParty(app, world.client(secret_hash=None, secret_digest=digest))
    for n in range(30):
        assert tries(rp, f"203.0.113.{n}", client_secret="wrong") == 401
    codes = [tries(rp, FOREIGN, client_secret="wrong") for _ in range(22)]
    assert codes == [401] * 20 + [429] * 2
    assert tries(rp, FOREIGN) == 400


def test_a_narrow_range_is_known(app: Flask, world: World, settings: Any) -> None:
    """Rule 78: what was wrong from elsewhere in the range stops no address that its owner wrote down."""
    settings(throttle_client_failures=2)
    own = ["192.0.2.0/28", "198.51.0.0/16"]
    rp = RelyingParty(app, world.client(client_ip_range=own))
    for n in range(20):
        assert tries(rp, f"198.51.100.{n}", client_secret="wrong") == 401
    assert tries(rp, FOREIGN) == 429
    assert tries(rp, "192.0.2.3") == 400


@pytest.mark.parametrize("path", ["/token/introspect", "/token/revoke", "/par", "/device_authorization"])
def test_every_endpoint_counts_the_same(app: Flask, world: World, settings: Any, path: str) -> None:
    """One counter for one secret, wherever it is tried."""
    settings(throttle_client_failures=2)
    rp = RelyingParty(app, world.client())
    assert tries(rp, FOREIGN, client_secret="wrong") == 401
    assert rp.posts(OAUTH + path, address=FOREIGN, token="x", client_secret="wrong").status_code == 401
    assert rp.posts(OAUTH + path, address=FOREIGN, token="x").status_code == 429
    assert tries(rp, "203.0.113.1") == 400


def test_a_public_client_has_no_secret(app: Flask, world: World) -> None:
    """One that is still stored opens nothing: whoever presents it takes the application for another."""
    client = world.client(authentication_method="none")
    world.change_client(client, secret_digest=compute_digest("left-over"))
    rp = RelyingParty(app, client, secret="left-over")
    answer = rp.posts(grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_who_is_not_let_in_is_challenged(app: Flask, world: World, rp: RelyingParty) -> None:
    """RFC 6749 5.2, RFC 9110 15.5.2: every 401; the audit row knows which client it was."""

    def refused(**options: Any) -> str | None:
        answer = app.test_client().post(TOKEN, **options)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        return answer.headers.get("WWW-Authenticate")

    basic = 'Basic realm="argus"'
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    assert refused(data=form, auth=(rp.client_id, "wrong")) == basic
    assert refused(data=form | {"client_id": rp.client_id, "client_secret": "wrong"}) == basic
    assert refused(data=form | {"client_id": rp.client_id}) == basic
    assert refused(data=form) == basic
    rows = [one for one in world.rows(AuditEvent) if one.action == "client-authentication"]
    assert {(one.reasons[0], one.client_id) for one in rows} == {
        ("client_secret_wrong", rp.client_id),
        ("client_missing", None),
    }
