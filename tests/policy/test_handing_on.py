"""What may be handed on to others, and how far rights reach."""

from __future__ import annotations

from hypothesis import given

from app.policy.effective import compute_effective_rights
from app.policy.effective import compute_held_rights
from app.policy.ways_in import Lack
from app.policy.ways_in import find_lack
from tests.policy.worlds import World
from tests.policy.worlds import live_customers
from tests.policy.worlds import pairs_of
from tests.policy.worlds import question
from tests.policy.worlds import quick
from tests.policy.worlds import worlds


@quick
@given(worlds(), worlds())
def test_handing_on_compares_with_what_the_session_may_use(world: World, other: World) -> None:
    """Design decision 23: the rights, within constraints and scope, at this level; and it says what lacks."""
    q = question(**world)
    asked = question(**(world | {"holds": other["holds"]})).user.rights
    lack = find_lack(q, asked)
    assert (lack is None) == compute_effective_rights(q).covers(asked)
    assert (lack is Lack.RIGHTS) == (not compute_held_rights(q).covers(asked))
    assert find_lack(q, compute_effective_rights(q)) is None
    assert q.user.rights.covers(compute_held_rights(q))


@quick
@given(worlds())
def test_rights_reach_exactly_the_customers_they_are_held_for(world: World) -> None:
    q = question(**world)
    held = pairs_of(q.user.rights, q.graph.names, live_customers(q.tree))
    assert q.user.rights.list_reach() == {customer for _, customer in held}
