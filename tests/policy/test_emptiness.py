"""What emptiness means: what is absent, empty or unknown allows nothing, unless it is said here that it may.

One row of the table per test; whatever parses input refuses most of these before they are stored, and the
policy does not rely on it.
"""

from __future__ import annotations

from typing import Any

import pytest

from app.policy.access import decide
from app.policy.access import find_missing_functions
from app.policy.effective import compute_effective_rights
from app.policy.effective import compute_session_level
from app.policy.facts import Constraints
from app.policy.facts import Leg
from app.policy.facts import Outcome
from app.policy.facts import SecurityLevel
from app.policy.rights import NO_RIGHTS
from app.policy.rights import CustomerTree
from app.policy.rights import FunctionGraph
from app.policy.rights import Rights
from app.policy.rights import resolve_rights
from tests.policy.worlds import AT_USE
from tests.policy.worlds import GRAPH
from tests.policy.worlds import HOLDS
from tests.policy.worlds import NOWHERE
from tests.policy.worlds import TREE
from tests.policy.worlds import Cu
from tests.policy.worlds import Fn
from tests.policy.worlds import by_key
from tests.policy.worlds import finding
from tests.policy.worlds import graph
from tests.policy.worlds import question
from tests.policy.worlds import refusing

every_leg = pytest.mark.parametrize("leg", Leg)
at_use = pytest.mark.parametrize("leg", AT_USE)
unknown = pytest.mark.parametrize("nothing", [None, NOWHERE])


# --- required function -------------------------------------------------------------------------------------


@every_leg
@unknown
def test_an_unknown_required_function_lets_nobody_in(leg: Leg, nothing: int | None) -> None:
    """No required function is not "everybody": on every leg it is refused, whatever the user holds."""
    holds = (*HOLDS, (NOWHERE, Cu.ROOT))
    decision = decide(question(leg, client={"required_function": nothing, "customer": None}, holds=holds))
    assert finding(decision, "required_function").reason == "function_unknown"


@every_leg
def test_a_deleted_required_function_lets_nobody_in(leg: Leg) -> None:
    """A permission row that outlives its function gives nothing, bound or not."""
    gone = graph({Fn.ADMIN: (Fn.CASE_READER,), Fn.CASE_READER: (Fn.VIEW_CASES,)})
    decision = decide(question(leg, graph=gone))
    assert {"function_unknown", "not_held_for_customer"} <= set(refusing(decision))


@unknown
def test_rights_kept_too_long_do_not_revive_a_function(nothing: int | None) -> None:
    """Even rights that still hold the id of a function that is gone do not let its clients be used."""
    stale = Rights({NOWHERE: frozenset({Cu.ACME})}, TREE)
    q = question(Leg.LIST, user={"rights": stale}, client={"required_function": nothing})
    assert "function_unknown" in refusing(decide(q))


# --- permission scope --------------------------------------------------------------------------------------


@every_leg
@unknown
def test_an_unknown_permission_scope_gives_no_rights(leg: Leg, nothing: int | None) -> None:
    """No permission scope is not "no limit": whatever else is allowed, the session has no rights."""
    q = question(leg, client={"permission_scope": nothing}, consent_needed=False, asked=None)
    decision = decide(q)
    assert decision.allowed
    assert not decision.rights
    assert find_missing_functions(q) == ()


@unknown
def test_under_an_unknown_permission_scope_no_right_is_had(nothing: int | None) -> None:
    """A right asked of such a session is outside of what the client may do."""
    q = question(client={"permission_scope": nothing}, consent_needed=False)
    assert refusing(decide(q)) == ["right_outside_client"]


@at_use
@pytest.mark.parametrize("consented", [None, NOWHERE, Fn.CASE_READER])
@unknown
def test_no_consent_covers_an_unknown_permission_scope(
    leg: Leg, consented: int | None, nothing: int | None
) -> None:
    """Nothing consented and nothing asked are not the same nothing: the client must be approved again."""
    q = question(leg, client={"permission_scope": nothing}, grant={"permission_scope": consented}, asked=None)
    assert refusing(decide(q)) == ["consent_outgrown"]


# --- range and address -------------------------------------------------------------------------------------


@at_use
@pytest.mark.parametrize("ranges", [(), ("",), (" ",)])
def test_no_range_is_not_everywhere(leg: Leg, ranges: tuple[str, ...]) -> None:
    """A client with no range stored, or a blank one, is called from nowhere."""
    for address in ("10.1.2.3", "2001:db8::1"):
        decision = decide(question(leg, address=address, client={"address_ranges": ranges}))
        assert finding(decision, "client_address").outcome is Outcome.FAIL


@at_use
@pytest.mark.parametrize("ranges", [(), ("0.0.0.0/0", "::/0")])
def test_an_unknown_address_is_nowhere(leg: Leg, ranges: tuple[str, ...]) -> None:
    """An address that cannot be told is refused, even by a range that is anywhere."""
    decision = decide(question(leg, address=None, client={"address_ranges": ranges}))
    assert refusing(decision) == ["address_unknown"]


@pytest.mark.parametrize(
    "address", ["", " ", "unknown", "10.1.2", "10.1.2.3/32", "fe80::1%eth0", "10.1.2.3, 10.1.2.4"]
)
def test_what_is_no_address_is_nowhere(address: str) -> None:
    """Text that is no address is outside of every range, and raises nothing."""
    anywhere = {"address_ranges": ("0.0.0.0/0", "::/0")}
    decision = decide(question(Leg.REFRESH, address=address, client=anywhere))
    assert finding(decision, "client_address").outcome is Outcome.FAIL


def test_anywhere_is_written_out() -> None:
    """Each family is opened by its own zero prefix, and by that alone."""
    four, six = {"address_ranges": ("0.0.0.0/0",)}, {"address_ranges": ("::/0",)}
    assert decide(question(address="203.0.113.9", client=four))
    assert decide(question(address="2001:db8::1", client=six))
    assert refusing(decide(question(address="2001:db8::1", client=four))) == ["address_outside"]
    assert refusing(decide(question(address="203.0.113.9", client=six))) == ["address_outside"]


@at_use
def test_a_keys_empty_range_is_nowhere(leg: Leg) -> None:
    """A key bound to no address at all is refused; one that is not bound leaves it to the client's range."""
    assert refusing(decide(question(leg, credential={"address_ranges": ()}))) == ["address_no_range"]
    assert refusing(decide(by_key(leg, credential={"address_ranges": ()}))) == ["address_no_range"]
    assert decide(question(leg, credential={"address_ranges": None}))


# --- customer ----------------------------------------------------------------------------------------------


@every_leg
def test_no_customer_is_any_customer_of_the_domain(leg: Leg) -> None:
    """A client that is not bound asks for its function in its own domain, and only there."""
    free = {"client": {"customer": None}, "asked": None}
    decision = decide(question(leg, holds=((Fn.USE_PORTAL, Cu.GLOBEX),), **free))
    assert finding(decision, "customer_binding").outcome is Outcome.NOT_APPLICABLE
    assert decision
    assert refusing(decide(question(leg, holds=((Fn.USE_PORTAL, Cu.ELSEWHERE),), **free))) == [
        "function_not_held"
    ]


@every_leg
def test_an_unknown_customer_is_not_unbound(leg: Leg) -> None:
    """A client bound to a customer that is gone is of no use to anybody."""
    everything = tuple((function, customer) for function in Fn for customer in Cu)
    q = question(leg, client={"customer": NOWHERE}, holds=everything, asked=None)
    assert refusing(decide(q)) == ["not_held_for_customer"]
    assert not compute_effective_rights(q)


# --- scopes ------------------------------------------------------------------------------------------------


@at_use
def test_consent_to_no_scopes_covers_none(leg: Leg) -> None:
    """An empty consent is not a consent to everything; a session without scopes needs none."""
    assert refusing(decide(question(leg, grant={"scopes": frozenset()}))) == ["consent_scopes"]
    assert decide(question(leg, grant={"scopes": frozenset()}, scopes=frozenset()))


@at_use
def test_no_consent_covers_nothing(leg: Leg) -> None:
    """A missing consent refuses even a session without scopes."""
    assert refusing(decide(question(leg, grant=None, scopes=frozenset()))) == ["consent_missing"]


# --- credential and login ----------------------------------------------------------------------------------


@at_use
@pytest.mark.parametrize("ask", [question, by_key])
def test_no_credential_is_refused(leg: Leg, ask: Any) -> None:
    """Where something must be presented, nothing is not enough."""
    assert refusing(decide(ask(leg, credential=None))) == ["credential_missing"]


@every_leg
def test_no_login_gives_nothing(leg: Leg) -> None:
    """Without a login everything but a listing is refused, and nothing is held at any level."""
    q = question(leg, login=None, asked=None)
    assert finding(decide(q), "login_session").outcome is (
        Outcome.NOT_APPLICABLE if leg is Leg.LIST else Outcome.FAIL
    )
    assert compute_session_level(q) == 0
    assert not compute_effective_rights(q)


@at_use
def test_no_expiry_is_no_end(leg: Leg) -> None:
    """A key whose expiry was disabled, and a login that cannot idle, live until they are ended."""
    endless = {"login": {"expires_at": None, "idle_at": None}, "credential": {"expires_at": None}}
    assert decide(question(leg, **endless))


def test_a_credential_without_a_level_has_its_logins() -> None:
    """No level of its own is not a level of zero, and not a level of all."""
    assert compute_session_level(question(credential={"level": None})) == SecurityLevel.STANDARD
    assert (
        compute_session_level(by_key(credential={"level": None}, login={"level": SecurityLevel.EXTERNAL}))
        == 1
    )


# --- constraints -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bound",
    [
        Constraints(functions=frozenset()),
        Constraints(functions=frozenset({NOWHERE})),
        Constraints(customers=frozenset()),
        Constraints(customers=frozenset({NOWHERE})),
    ],
)
@pytest.mark.parametrize("ask", [question, by_key])
def test_constrained_to_nothing_is_nothing(bound: Constraints, ask: Any) -> None:
    """An empty or unknown constraint leaves no rights."""
    decision = decide(ask(asked=None, constraints=(bound,)))
    assert decision.allowed
    assert not decision.rights
    assert refusing(decide(ask(constraints=(bound,)))) == ["right_constrained"]


@pytest.mark.parametrize("none", [(), (Constraints(),), (Constraints(), Constraints())])
def test_not_constrained_changes_nothing(none: tuple[Constraints, ...]) -> None:
    """``None`` in a constraint means that it does not bind in this respect."""
    assert decide(question(constraints=none)).rights == decide(question()).rights


def test_read_only_without_read_only_functions_is_nothing() -> None:
    """When no function is known to read only, a reading session may do nothing."""
    functions = graph({Fn.ADMIN: (Fn.CASE_READER,), Fn.CASE_READER: (Fn.VIEW_CASES,), Fn.USE_PORTAL: ()})
    decision = decide(question(graph=functions, asked=None, constraints=(Constraints(read_only=True),)))
    assert decision.allowed
    assert not decision.rights


# --- rights, graph, tree -----------------------------------------------------------------------------------


@every_leg
def test_a_user_without_permissions_may_use_nothing(leg: Leg) -> None:
    """No permission is no access, to a bound client and to one that is not."""
    assert not decide(question(leg, holds=()))
    assert refusing(decide(question(leg, holds=(), client={"customer": None}, asked=None))) == [
        "function_not_held"
    ]


@pytest.mark.parametrize("customer", [None, Cu.ACME])
def test_a_right_that_does_not_exist_is_never_had(customer: int | None) -> None:
    """Asking for no function is asking for something unknown, not for nothing."""
    q = by_key(asked={"function": None, "name": "", "customer": customer})
    assert refusing(decide(q)) == ["right_unknown"]


def test_an_empty_world_allows_nothing() -> None:
    """No functions, no customers, or neither: no rights from any permission row."""
    rows = [(function, customer) for function in Fn for customer in Cu]
    assert resolve_rights(rows, FunctionGraph(), TREE) == Rights({}, TREE)
    assert not resolve_rights(rows, GRAPH, CustomerTree())
    assert not resolve_rights([], GRAPH, TREE)
    assert not NO_RIGHTS.to_customers([Cu.ROOT])
    assert not NO_RIGHTS.covers(resolve_rights(rows, GRAPH, TREE))
