"""What is pruned, and what must stay (rule 79)."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models.sessions import AuthorizationCode
from app.models.sessions import OAuthSession
from app.services.ops import pruning
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.world import World

SESSION = "/authentication/v1/session"


def pruned(app: Flask, days: int = 30) -> dict[str, int]:
    with app.app_context():
        return pruning.prune_all(days)


def test_a_replay_is_known_after_pruning(
    app: Flask, world: World, rp: RelyingParty, alice: Person, clock: Clock
) -> None:
    """The spent code stays ten minutes beyond its life: whoever uses it again ends what it bought."""
    code = rp.sends(alice)["code"]
    tokens = rp.redeems(code).json or {}
    clock.advance(200)
    assert pruned(app)["codes"] == 0
    assert rp.redeems(code).json["error"] == "invalid_grant"
    assert rp.calls(SESSION, tokens["access_token"]).status_code == 401
    clock.advance(600)
    assert pruned(app)["codes"] == 1
    assert world.rows(AuthorizationCode) == []


def test_what_is_old_goes_in_batches(
    app: Flask, world: World, rp: RelyingParty, alice: Person, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one unit holds, and nothing that lives."""
    monkeypatch.setattr(pruning, "BATCH", 2)
    for _ in range(5):
        rp.obtains(alice)
    clock.advance(40 * 86_400)
    kept = rp.obtains(alice)
    assert pruned(app)["OAuth sessions"] == 5
    assert len(world.rows(OAuthSession)) == 1
    assert rp.calls(SESSION, kept["access_token"]).status_code == 200
