"""``legs.toml`` is the table of every rule on every leg; here it is held against the policy.

The tests that talk to the running product walk the same table, so that what a caller observes and what the
policy decides cannot drift apart.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.policy.access import RULES
from app.policy.access import decide
from app.policy.answers import choose_api_status
from app.policy.answers import choose_token_reason
from app.policy.facts import Leg
from app.policy.facts import Outcome
from tests.policy.worlds import REFUSALS
from tests.policy.worlds import finding
from tests.policy.worlds import refusing

Cell = dict[str, Any]

TABLE: list[Cell] = tomllib.loads(Path(__file__).with_name("legs.toml").read_text(encoding="utf-8"))["cell"]
APPLICABLE = [cell for cell in TABLE if cell["outcome"] == "applicable"]
TOKEN_STATUS = {"invalid_grant": 400, "invalid_client": 401}


def name(cell: Cell) -> str:
    """How a cell is called in the test report."""
    return f"{cell['rule']}-{cell['leg']}"


def on(*legs: Leg) -> pytest.MarkDecorator:
    """The applicable cells of these legs, one test each."""
    return pytest.mark.parametrize("cell", [cell for cell in APPLICABLE if cell["leg"] in legs], ids=name)


def test_there_is_one_cell_for_each_rule_and_leg() -> None:
    """A rule or leg that is added without saying what its refusal looks like fails here; a leftover too."""
    wanted = Counter((rule.__name__, str(leg)) for rule in RULES for leg in Leg)
    assert Counter((cell["rule"], cell["leg"]) for cell in TABLE) == wanted


@pytest.mark.parametrize("cell", TABLE, ids=name)
def test_a_cell_says_what_is_needed(cell: Cell) -> None:
    """A cell that applies has a status and says whether it is a page; one that does not has neither."""
    if cell["outcome"] == "not_applicable":
        assert cell.keys() == {"rule", "leg", "outcome"}
    else:
        assert cell["outcome"] == "applicable"
        assert cell.keys() - {"error"} == {"rule", "leg", "outcome", "status", "page"}
        assert type(cell["status"]) is int
        assert cell["page"] is (cell["leg"] == Leg.AUTHORIZE)


@pytest.mark.parametrize("cell", TABLE, ids=name)
def test_the_policy_does_what_the_cell_says(cell: Cell) -> None:
    """For every reason of the rule: refused, by it alone, where it applies; silent and allowed where not."""
    examples = [example for example in REFUSALS.values() if example.rule == cell["rule"]]
    assert examples
    for example in examples:
        decision = decide(example.question(Leg(cell["leg"])))
        applies = cell["outcome"] == "applicable"
        assert refusing(decision) == ([example.reason] if applies else [])
        assert finding(decision, cell["rule"]).outcome is (
            Outcome.FAIL if applies else Outcome.NOT_APPLICABLE
        )


def errors_of(cell: Cell) -> set[str]:
    """The token endpoint's error codes for all reasons of the cell's rule."""
    examples = (example for example in REFUSALS.values() if example.rule == cell["rule"])
    return {
        choose_token_reason(decide(example.question(Leg(cell["leg"])))).oauth_error for example in examples
    }


@on(Leg.LIST)
def test_in_a_list_it_is_left_out(cell: Cell) -> None:
    """A list is no refusal: it is a list without the client."""
    assert (cell["status"], cell.get("error")) == (200, None)


@on(Leg.AUTHORIZE)
def test_at_authorize_it_is_a_page(cell: Cell) -> None:
    """403, and its button takes ``access_denied`` back; but see the head of the table for two of them."""
    assert cell["status"] == {"client_enabled": 400, "login_session": 303}.get(cell["rule"], 403)
    assert cell.get("error") == (None if cell["status"] != 403 else "access_denied")


@on(Leg.REDEEM, Leg.REFRESH)
def test_at_the_token_endpoint_it_is_the_error_of_the_reason(cell: Cell) -> None:
    """RFC 6749 5.2: the code that the catalogue gives to every reason of the rule, with its status."""
    assert errors_of(cell) == {cell["error"]}
    assert cell["status"] == TOKEN_STATUS[cell["error"]]


@on(Leg.INTROSPECT)
def test_at_introspection_it_is_inactive(cell: Cell) -> None:
    """RFC 7662 2.2 tells no reason; RFC 7662 2.3 refuses a client that could not authenticate."""
    (error,) = errors_of(cell)
    expected = (401, "invalid_client") if error == "invalid_client" else (200, None)
    assert (cell["status"], cell.get("error")) == expected


@on(Leg.USERINFO, Leg.API)
def test_at_a_bearer_call_it_is_the_status_of_the_reason(cell: Cell) -> None:
    """RFC 6750 3.1: ``invalid_token`` with 401, ``insufficient_scope`` with 403, as the catalogue says; for a
    login that is too weak the challenge of RFC 9470.
    """
    examples = (example for example in REFUSALS.values() if example.rule == cell["rule"])
    assert {choose_api_status(decide(example.question(Leg(cell["leg"])))) for example in examples} == {
        cell["status"]
    }
    weak = cell["rule"] == "security_level"
    told = "insufficient_user_authentication" if weak else "invalid_token"
    assert cell["error"] == {401: told, 403: "insufficient_scope"}[cell["status"]]
