"""What is new about a request is exactly what the consent that stands does not cover (design decision 14)."""

from __future__ import annotations

import pytest
from hypothesis import given

from app.policy.access import judge_consent
from app.policy.consent_growth import NOTHING
from app.policy.consent_growth import compare_consent
from app.policy.facts import Leg
from app.policy.facts import Outcome
from tests.policy.worlds import EDGES
from tests.policy.worlds import FUNCTION_NAMES
from tests.policy.worlds import Cu
from tests.policy.worlds import Fn
from tests.policy.worlds import World
from tests.policy.worlds import graph
from tests.policy.worlds import question
from tests.policy.worlds import quick
from tests.policy.worlds import worlds

BELOW_READER = {Fn.CASE_READER, Fn.VIEW_CASES, Fn.LIST_CASES, Fn.VIEW_SECRETS}


@pytest.mark.parametrize("changes", [{"grant": None}, {"grant": {"withdrawn": True}}, {"client": None}])
def test_without_a_consent_there_is_nothing_to_compare(changes: World) -> None:
    """The first time, and after a withdrawal, the page says all of it and calls nothing new."""
    assert compare_consent(question(Leg.AUTHORIZE, **changes)) == NOTHING


def test_new_scopes() -> None:
    more = compare_consent(question(Leg.AUTHORIZE, scopes=frozenset({"openid", "email"})))
    assert (more.scopes, more.functions) == ({"email"}, frozenset())


def test_new_functions_are_told_whether_or_not_they_are_held() -> None:
    """What the person does not hold today may be held tomorrow, and is not asked for again then."""
    wider = {"permission_scope": Fn.ADMIN}
    for holds in (((Fn.USE_PORTAL, Cu.ACME),), ((Fn.USE_PORTAL, Cu.ACME), (Fn.ADMIN, Cu.ACME))):
        more = compare_consent(question(Leg.AUTHORIZE, client=wider, holds=holds))
        assert more.functions == {Fn.ADMIN, Fn.EDIT_CASES}


def test_a_part_of_what_was_approved_is_not_new() -> None:
    assert not compare_consent(question(Leg.AUTHORIZE, client={"permission_scope": Fn.VIEW_CASES}))


def test_a_function_bundled_into_the_approved_role_is_not_new() -> None:
    """Edges added inside a role do not void the consent."""
    wider = graph({**EDGES, Fn.CASE_READER: (*EDGES[Fn.CASE_READER], Fn.DELETE_CASES)}, names=FUNCTION_NAMES)
    assert not compare_consent(question(Leg.AUTHORIZE, graph=wider))


def test_of_an_approved_function_that_is_gone_everything_is_new() -> None:
    more = compare_consent(question(Leg.AUTHORIZE, grant={"permission_scope": 99}))
    assert more.functions == BELOW_READER


@quick
@given(worlds())
def test_something_is_new_exactly_when_it_is_asked_again(world: World) -> None:
    """The page shows a difference if and only if the consent rule would refuse for one."""
    q = question(**world)
    if q.client is None or q.grant is None or q.grant.withdrawn:
        assert compare_consent(q) == NOTHING
    elif q.client.permission_scope in q.graph.names:
        assert bool(compare_consent(q)) == (judge_consent(q).outcome is Outcome.FAIL)
