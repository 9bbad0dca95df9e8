"""Ways in: what a session lacks to open one (design decision 23), over random worlds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import ways_in
from app.policy.effective import compute_held_rights
from app.policy.effective import compute_session_level
from app.policy.facts import SecurityLevel
from app.policy.rights import NO_RIGHTS
from app.policy.ways_in import Lack
from app.policy.ways_in import WayIn
from tests.policy.worlds import World
from tests.policy.worlds import question
from tests.policy.worlds import quick
from tests.policy.worlds import worlds

ways = st.sampled_from(ways_in.ALL)
each_way = pytest.mark.parametrize("way", ways_in.ALL, ids=lambda way: way.name)


def test_the_table_names_each_way_once() -> None:
    assert len({way.name for way in ways_in.ALL}) == len(ways_in.ALL)
    assert {way for way in ways_in.ALL if way.level < SecurityLevel.ADMINISTRATIVE} == {ways_in.KEY}


@quick
@given(worlds(), ways)
def test_a_way_in_takes_a_personal_session(world: World, way: WayIn) -> None:
    """Whatever it leads to."""
    q = question(**world)
    assert ways_in.find_lack_for(way, q, NO_RIGHTS, personal=False) is Lack.PERSONAL
    assert ways_in.find_lack_for_client(q, NO_RIGHTS, SecurityLevel.EXTERNAL, personal=False) is Lack.PERSONAL


@quick
@given(worlds(), worlds(), ways)
def test_a_way_in_leads_to_nothing_that_the_session_cannot_use(
    world: World, other: World, way: WayIn
) -> None:
    """Allowed exactly if every function that the way leads to, at its level, may be handed on."""
    q = question(**world)
    leads_to = question(**(world | {"holds": other["holds"]})).user.rights
    reached = ways_in.limit_to_level(leads_to, q.graph, way.level)
    lack = ways_in.find_lack_for(way, q, leads_to, personal=True)
    assert (lack is None) == ways_in.compute_rights_to_hand_on(q, personal=True).covers(reached)
    if lack is Lack.LEVEL:
        assert compute_held_rights(q).covers(reached)
        assert compute_session_level(q) < SecurityLevel.ADMINISTRATIVE


@quick
@given(worlds(), st.sampled_from(SecurityLevel))
def test_a_client_takes_its_whole_scope_and_its_level(world: World, cap: SecurityLevel) -> None:
    """Up to ``standard`` any personal session will do; ``administrative`` takes one of that level."""
    q = question(**world)
    lack = ways_in.find_lack_for_client(q, compute_held_rights(q), cap, personal=True)
    assert (lack is None) == (cap <= SecurityLevel.STANDARD or compute_session_level(q) >= cap)


@quick
@given(worlds(), worlds(), ways)
def test_what_was_made_stands_while_its_maker_covers_it(world: World, other: World, way: WayIn) -> None:
    q = question(**world)
    maker = question(**(world | {"holds": other["holds"]})).user
    maker = replace(maker, blocked=False, deleted=False, customer_disabled=False)
    reached = ways_in.limit_to_level(q.user.rights, q.graph, way.level)
    assert ways_in.may_still_open(way, maker, q.user.rights, q.graph) == maker.rights.covers(reached)
    for state in ("blocked", "deleted", "customer_disabled"):
        gone = replace(maker, **{state: True})
        assert not ways_in.may_still_open(way, gone, q.user.rights, q.graph)


@quick
@given(worlds(), worlds(), st.sampled_from(SecurityLevel))
def test_a_client_takes_its_whole_scope(world: World, other: World, cap: SecurityLevel) -> None:
    """Whoever does not hold all of it decides nothing about it, at any level."""
    q = question(**world)
    scope = question(**(world | {"holds": other["holds"]})).user.rights
    lack = ways_in.find_lack_for_client(q, scope, cap, personal=True)
    assert (lack is Lack.RIGHTS) == (not compute_held_rights(q).covers(scope))
