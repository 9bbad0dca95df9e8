"""What may be handed on to others, and how far rights reach."""

from __future__ import annotations

from hypothesis import given

from app.policy.effective import compute_delegable_rights
from app.policy.effective import compute_effective_rights
from tests.policy.worlds import World
from tests.policy.worlds import live_customers
from tests.policy.worlds import pairs_of
from tests.policy.worlds import question
from tests.policy.worlds import quick
from tests.policy.worlds import worlds


@quick
@given(worlds())
def test_handing_on_compares_what_is_held_whatever_the_level(world: World) -> None:
    """Design decision 17: within session constraints, never narrower than the effective rights."""
    q = question(**world)
    assert compute_delegable_rights(q).covers(compute_effective_rights(q))
    assert q.user.rights.covers(compute_delegable_rights(q))


@quick
@given(worlds())
def test_rights_reach_exactly_the_customers_they_are_held_for(world: World) -> None:
    q = question(**world)
    held = pairs_of(q.user.rights, q.graph.names, live_customers(q.tree))
    assert q.user.rights.list_reach() == {customer for _, customer in held}
