"""The decision by examples: every rule, every reason, on every leg where it speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.policy.access import RULES
from app.policy.access import decide
from app.policy.access import find_missing_functions
from app.policy.access import judge_address
from app.policy.access import judge_consent
from app.policy.access import list_allowed
from app.policy.facts import Constraints
from app.policy.facts import Leg
from app.policy.facts import Outcome
from app.policy.facts import SecurityLevel
from app.policy.reasons import REASONS
from app.policy.rights import NO_RIGHTS
from tests.policy.worlds import AT_USE
from tests.policy.worlds import HOLDS
from tests.policy.worlds import NOW
from tests.policy.worlds import NOWHERE
from tests.policy.worlds import REFUSALS
from tests.policy.worlds import SOON
from tests.policy.worlds import TREE
from tests.policy.worlds import Cu
from tests.policy.worlds import Fn
from tests.policy.worlds import Refusal
from tests.policy.worlds import acme_tree
from tests.policy.worlds import by_key
from tests.policy.worlds import finding
from tests.policy.worlds import graph
from tests.policy.worlds import impersonator
from tests.policy.worlds import pairs_of
from tests.policy.worlds import question
from tests.policy.worlds import refusing

ALL = tuple(Leg)
LATER = NOW + timedelta(microseconds=1)
ADMINISTRATIVE = {"level": SecurityLevel.ADMINISTRATIVE}

# The rules in their order, and the legs on which each has something to say.
LEGS = {
    "client_enabled": ALL,
    "user_active": ALL,
    "credential_live": AT_USE,
    "login_session": tuple(leg for leg in Leg if leg is not Leg.LIST),
    "consent": AT_USE,
    "client_address": AT_USE,
    "security_level": tuple(leg for leg in Leg if leg is not Leg.LIST),
    "required_function": ALL,
    "customer_binding": ALL,
    "right_asked": (Leg.API,),
}

examples = pytest.mark.parametrize("example", REFUSALS.values(), ids=REFUSALS)
legs = pytest.mark.parametrize("leg", Leg)


# --- the whole ---------------------------------------------------------------------------------------------


def test_the_rules_stand_in_their_order() -> None:
    """Explain, audit and pages list the findings in the order of ``RULES``, which is part of the promise."""
    assert [rule.__name__ for rule in RULES] == list(LEGS)


@legs
def test_who_meets_every_rule_is_allowed(leg: Leg) -> None:
    """The example world is allowed, each rule says pass where it applies and not applicable elsewhere."""
    decision = decide(question(leg))
    assert decision
    assert decision.leg is leg
    verdicts = {each.rule: each.outcome for each in decision.findings}
    assert verdicts == {
        rule: Outcome.PASS if leg in where else Outcome.NOT_APPLICABLE for rule, where in LEGS.items()
    }


@legs
@examples
def test_every_rule_speaks_once_in_order(example: Refusal, leg: Leg) -> None:
    """A refusal stops no other rule from speaking, and none speaks twice."""
    assert [each.rule for each in decide(example.question(leg)).findings] == list(LEGS)


def test_every_reason_has_an_example() -> None:
    """No code of the catalogue is unreachable, and no example is for a code that is not in it."""
    assert set(REFUSALS) == set(REASONS)


@legs
@examples
def test_a_refusal_is_spoken_by_its_rule_alone(example: Refusal, leg: Leg) -> None:
    """On the legs of its rule the example is refused for exactly this reason; on the others it is allowed."""
    decision = decide(example.question(leg))
    spoken = [(each.rule, each.reason) for each in decision.denials]
    if leg in LEGS[example.rule]:
        assert spoken == [(example.rule, example.reason)]
        assert not decision
        assert decision.rights is NO_RIGHTS
    else:
        assert spoken == []
        assert finding(decision, example.rule).outcome is Outcome.NOT_APPLICABLE


@legs
@examples
def test_many_clients_at_once_are_judged_as_each_alone(example: Refusal, leg: Leg) -> None:
    """The client of the example among others, in whatever order."""
    one = example.question(leg)
    if one.client is None:
        return
    clients = [question(leg).client, one.client, replace(one.client, deleted=True)]
    for order in (clients, clients[::-1]):
        alone = [client for client in order if decide(replace(one, client=client))]
        assert list_allowed(one, order) == alone


def test_two_faults_give_two_reasons() -> None:
    """Mending one fault does not uncover the next: all are told at once, in order."""
    q = question(user={"blocked": True}, address=None, login={"ended": True}, grant=None)
    assert refusing(decide(q)) == ["user_blocked", "login_ended", "consent_missing", "address_unknown"]


def test_passing_and_silent_rules_give_no_evidence() -> None:
    """A finding that does not refuse carries its verdict and nothing else."""
    by_outcome = {each.outcome: each for each in decide(question(Leg.LIST)).findings}
    assert by_outcome[Outcome.PASS].reason == "passed"
    assert by_outcome[Outcome.NOT_APPLICABLE].reason == "not_applicable"
    assert not any(each.evidence or each.told for each in by_outcome.values())


@legs
def test_a_key_has_no_client_to_answer_for(leg: Leg) -> None:
    """Without a client all client rules are silent; user, credential, login and right asked still speak."""
    decision = decide(by_key(leg))
    speaking = {each.rule for each in decision.findings if each.outcome is not Outcome.NOT_APPLICABLE}
    of_a_person = {"user_active", "credential_live", "login_session", "right_asked"}
    assert speaking == {rule for rule in of_a_person if leg in LEGS[rule]}
    assert decision


# --- client_enabled and user_active ------------------------------------------------------------------------


def test_a_deleted_client_is_named_in_the_evidence() -> None:
    """Audit learns which client it was; the person is told no identifier."""
    word = finding(decide(question(client={"deleted": True})), "client_enabled")
    assert word.evidence == {"client": "client-1"}
    assert word.told == {}


def test_a_deleted_user_is_deleted_before_anything_else() -> None:
    """Of several reasons the account gives, the most final is told."""
    person = {"deleted": True, "blocked": True, "customer_disabled": True}
    word = finding(decide(question(user=person)), "user_active")
    assert (word.reason, word.evidence, word.told) == ("user_deleted", {"user": "alice"}, {})
    assert refusing(decide(question(user={**person, "deleted": False}))) == ["user_blocked"]


# --- credential_live and login_session ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "field", "reason"),
    [
        ("credential", "expires_at", "credential_expired"),
        ("login", "expires_at", "login_expired"),
        ("login", "idle_at", "login_idle"),
    ],
)
def test_an_end_is_reached_at_its_very_moment(part: str, field: str, reason: str) -> None:
    """At the stored moment it is over, an instant before it is not; the evidence says since when."""
    over = decide(question(**{part: {field: NOW}}))
    assert refusing(over) == [reason]
    assert over.denials[0].evidence["since"] == "2026-11-24T12:00:00+00:00"
    assert decide(question(**{part: {field: LATER}}))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ended": True, "spent": True, "expires_at": NOW}, "credential_ended"),
        ({"spent": True, "expires_at": NOW}, "credential_spent"),
        ({"expires_at": NOW}, "credential_expired"),
    ],
)
def test_a_dead_credential_tells_its_kind(fields: dict[str, Any], reason: str) -> None:
    """Ended comes before spent, spent before expired; each says what kind of thing was presented."""
    word = finding(decide(question(credential=fields)), "credential_live")
    assert word.reason == reason
    assert word.evidence["kind"] == "access token"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"ended": True, "superseded": True}, "login_ended"),
        ({"superseded": True, "expires_at": NOW}, "login_superseded"),
        ({"expires_at": NOW, "idle_at": NOW}, "login_expired"),
        ({"idle_at": NOW, "must_change_password": True}, "login_idle"),
    ],
)
def test_the_most_final_end_of_a_login_is_told(fields: dict[str, Any], reason: str) -> None:
    """One word for the login, and it is the one that no waiting and no clicking can mend."""
    assert refusing(decide(question(login=fields))) == [reason]


# --- consent -----------------------------------------------------------------------------------------------


def test_consent_to_a_role_covers_its_parts() -> None:
    """A client whose permission scope became a descendant of the consented function goes on."""
    assert decide(question(grant={"permission_scope": Fn.ADMIN}))


def test_an_outgrown_consent_names_what_the_client_wants() -> None:
    """Evidence says which permission scope is no longer covered."""
    word = finding(decide(question(grant={"permission_scope": Fn.VIEW_CASES})), "consent")
    assert word.evidence == {"scope": "caseReader"}


def test_uncovered_scopes_are_listed_in_order() -> None:
    """Evidence lists the scopes that were not approved, and only those."""
    word = finding(decide(REFUSALS["consent_scopes"].question(Leg.REFRESH)), "consent")
    assert word.evidence == {"scopes": "email groups"}


def test_a_withdrawn_consent_is_withdrawn_whatever_it_covered() -> None:
    """Withdrawal is told before what the consent would not have covered."""
    fields = {"withdrawn": True, "permission_scope": Fn.VIEW_CASES, "scopes": frozenset()}
    assert refusing(decide(question(grant=fields))) == ["consent_withdrawn"]


def test_consent_is_not_asked_where_none_is_needed() -> None:
    """A session that a key bought for a client hangs on no consent."""
    decision = decide(question(consent_needed=False, grant=None))
    assert finding(decision, "consent").outcome is Outcome.NOT_APPLICABLE
    assert decision


@pytest.mark.parametrize(
    "reason", [None, "consent_missing", "consent_withdrawn", "consent_outgrown", "consent_scopes"]
)
@legs
def test_whether_consent_is_to_be_asked_can_be_told_on_any_leg(leg: Leg, reason: str | None) -> None:
    """The consent page is shown for exactly what would refuse the session later."""
    changes = REFUSALS[reason].changes if reason is not None else {}
    word = judge_consent(question(leg, **changes))
    assert (word.rule, word.reason) == ("consent", reason or "passed")
    assert word == finding(decide(question(Leg.REFRESH, **changes)), "consent")


def test_without_a_client_no_consent_is_good() -> None:
    """A consent to nothing in particular covers nothing."""
    assert judge_consent(question(client=None)).reason == "consent_outgrown"


# --- client_address ----------------------------------------------------------------------------------------


def test_an_address_outside_is_evidence_and_not_told() -> None:
    """Audit sees address and range; the caller learns neither."""
    q = question(client={"address_ranges": ("10.2.0.0/16", "192.0.2.0/24")})
    word = finding(decide(q), "client_address")
    assert word.evidence == {"address": "10.1.2.3", "range": "10.2.0.0/16, 192.0.2.0/24"}
    assert word.told == {}


def test_one_range_of_several_is_enough() -> None:
    """Ranges are alternatives."""
    assert decide(question(client={"address_ranges": ("192.0.2.0/24", "10.1.0.0/16")}))


def test_a_keys_own_range_binds_besides_the_clients() -> None:
    """Both ranges must hold; either one alone refuses."""
    assert decide(question(credential={"address_ranges": ("10.1.0.0/16",)}))
    assert refusing(decide(question(credential={"address_ranges": ("192.0.2.0/24",)}))) == ["address_outside"]
    elsewhere = {
        "client": {"address_ranges": ("192.0.2.0/24",)},
        "credential": {"address_ranges": ("10.0.0.0/8",)},
    }
    assert refusing(decide(question(**elsewhere))) == ["address_outside"]
    assert refusing(decide(by_key(credential={"address_ranges": ("192.0.2.0/24",)}))) == ["address_outside"]


def test_a_key_inside_its_own_range_passes() -> None:
    """The rule speaks for a key that has a range, and not for one that has none."""
    inside = decide(by_key(credential={"address_ranges": ("10.0.0.0/8",)}))
    assert finding(inside, "client_address").outcome is Outcome.PASS
    silent = decide(by_key(address=None))
    assert finding(silent, "client_address").outcome is Outcome.NOT_APPLICABLE


def test_the_clients_range_binds_without_a_credential() -> None:
    """A missing credential does not lift the range: both are told."""
    q = question(credential=None, address="192.0.2.1")
    assert refusing(decide(q)) == ["credential_missing", "address_outside"]


@pytest.mark.parametrize("leg", [Leg.LIST, Leg.AUTHORIZE])
def test_the_users_browser_may_be_anywhere(leg: Leg) -> None:
    """The range is the client's: listing and authorizing never look at the address."""
    assert decide(question(leg, address="192.0.2.1", client={"address_ranges": ()}))


@pytest.mark.parametrize("reason", [None, "address_unknown", "address_no_range", "address_outside"])
def test_an_address_can_be_judged_before_a_secret_is_looked_at(reason: str | None) -> None:
    """Asked alone, of client and address only, the word is the same as in the decision."""
    q = question(Leg.REDEEM, **(REFUSALS[reason].changes if reason is not None else {}))
    word = judge_address(q.client, None, q.address)
    assert word.reason == (reason or "passed")
    assert word == finding(decide(q), "client_address")


# --- security_level ----------------------------------------------------------------------------------------


def test_the_required_function_is_judged_at_the_level_of_the_login() -> None:
    """A client capped below the required function's level is usable; a login below it is not."""
    assert decide(question(client={"max_level": SecurityLevel.EXTERNAL}))
    assert decide(question(credential={"level": SecurityLevel.EXTERNAL}))
    word = finding(decide(question(login={"level": SecurityLevel.EXTERNAL})), "security_level")
    assert word.evidence == {"level": "1", "needed": "2"}


def test_no_login_is_no_level() -> None:
    """Without a login the level is below every level there is."""
    word = finding(decide(question(login=None)), "security_level")
    assert (word.reason, word.evidence) == ("level_too_low", {"level": "0", "needed": "2"})


def test_an_unknown_required_function_has_no_level_to_miss() -> None:
    """That the function does not exist is told once, by the rule that asks for it."""
    decision = decide(question(client={"required_function": NOWHERE}))
    assert finding(decision, "security_level").outcome is Outcome.NOT_APPLICABLE
    assert finding(decision, "required_function").reason == "function_unknown"


# --- required_function and customer_binding ----------------------------------------------------------------


def test_the_required_function_may_come_from_a_role_above() -> None:
    """Holding an ancestor of the required function is holding it."""
    assert decide(question(client={"required_function": Fn.LIST_CASES}))


def test_an_unbound_client_asks_for_any_customer_of_its_domain() -> None:
    """Held for one customer of the client's domain is enough; held in another domain is not."""
    anywhere = {"customer": None}
    assert decide(question(Leg.LIST, client=anywhere, holds=((Fn.USE_PORTAL, Cu.GLOBEX),)))
    q = question(Leg.LIST, client=anywhere, holds=((Fn.USE_PORTAL, Cu.ELSEWHERE),))
    assert refusing(decide(q)) == ["function_not_held"]


def test_a_missing_function_is_told_by_name() -> None:
    """The person learns which function is missing; that it is about her stays in the evidence."""
    word = finding(decide(REFUSALS["function_not_held"].question(Leg.LIST)), "required_function")
    assert word.told == {"function": "usePortal"}
    assert word.evidence == {"function": "usePortal", "user": "alice"}


def test_an_unknown_function_names_its_client_in_the_evidence() -> None:
    """Whoever must mend it learns where; the person is told no identifier."""
    word = finding(decide(REFUSALS["function_unknown"].question(Leg.LIST)), "required_function")
    assert (word.evidence, word.told) == ({"client": "client-1"}, {})


def test_lacking_it_and_lacking_it_there_are_two_findings() -> None:
    """Who holds the function nowhere misses it twice; who holds it elsewhere misses it only there."""
    nowhere = decide(question(Leg.LIST, holds=((Fn.ADMIN, Cu.ACME),)))
    assert refusing(nowhere) == ["function_not_held", "not_held_for_customer"]
    elsewhere = decide(question(Leg.LIST, holds=((Fn.USE_PORTAL, Cu.GLOBEX),)))
    assert refusing(elsewhere) == ["not_held_for_customer"]


def test_held_above_the_bound_customer_is_held_there() -> None:
    """A permission holds for the customers below it, one below the bound customer does not reach up."""
    assert decide(question(Leg.LIST, holds=((Fn.USE_PORTAL, Cu.ROOT),)))
    below = decide(question(Leg.LIST, holds=((Fn.USE_PORTAL, Cu.ACME_NORTH),)))
    assert refusing(below) == ["not_held_for_customer"]


def test_a_client_of_a_disabled_customer_is_of_no_use() -> None:
    """What is held for a disabled customer, even from above, counts for nothing."""
    q = question(
        Leg.LIST, tree=acme_tree(Cu.ACME), holds=((Fn.USE_PORTAL, Cu.ROOT),), user={"customer": Cu.ROOT}
    )
    assert refusing(decide(q)) == ["not_held_for_customer"]


@pytest.mark.parametrize(
    ("holds", "home", "told"),
    [
        pytest.param((), Cu.GLOBEX, "the customer this application belongs to", id="sees nothing of it"),
        pytest.param(
            (), Cu.ROOT, "the customer this application belongs to", id="belongs above, holds nothing"
        ),
        pytest.param(
            ((Fn.LIST_CASES, Cu.ACME_NORTH),),
            Cu.GLOBEX,
            "the customer this application belongs to",
            id="holds something below",
        ),
        pytest.param(((Fn.LIST_CASES, Cu.ACME),), Cu.GLOBEX, "Acme", id="holds something there"),
        pytest.param(((Fn.LIST_CASES, Cu.ROOT),), Cu.GLOBEX, "Acme", id="holds something above"),
        pytest.param((), Cu.ACME, "Acme", id="belongs there"),
        pytest.param((), Cu.ACME_NORTH, "Acme", id="belongs below"),
    ],
)
def test_a_customer_is_told_only_to_who_may_see_it(
    holds: tuple[tuple[int, int], ...], home: int, told: str
) -> None:
    """The bound customer is named in the evidence always, to the person only when she may see it."""
    word = finding(decide(question(holds=holds, user={"customer": home})), "customer_binding")
    assert word.told == {"function": "usePortal", "customer": told}
    assert word.evidence == {"function": "usePortal", "customer": "Acme", "user": "alice"}


def test_a_customer_without_a_name_is_shown_by_its_number() -> None:
    """Evidence always says which customer it was."""
    word = finding(decide(question(client={"customer": NOWHERE})), "customer_binding")
    assert word.evidence["customer"] == "99"


# --- right_asked -------------------------------------------------------------------------------------------


def test_a_right_may_be_asked_for_any_customer() -> None:
    """Without a customer it is enough to hold the function somewhere within the session."""
    assert decide(question(asked={"customer": None}))
    assert refusing(decide(question(asked={"customer": None, "function": Fn.EDIT_CASES}))) == [
        "right_outside_client"
    ]


def test_a_right_may_be_asked_for_the_session_alone() -> None:
    """A call that needs no function is refused by no lack of one."""
    decision = decide(question(asked=None))
    assert finding(decision, "right_asked").outcome is Outcome.NOT_APPLICABLE
    assert decision


@pytest.mark.parametrize("customer", [None, Cu.ACME])
def test_an_unknown_right_is_never_held(customer: int | None) -> None:
    """A function that does not exist is refused by its name, for a customer or for any."""
    q = question(asked={"function": None, "name": "flyToTheMoon", "customer": customer})
    word = finding(decide(q), "right_asked")
    assert (word.reason, word.told) == ("right_unknown", {"function": "flyToTheMoon"})


def test_a_missing_right_tells_the_function_and_keeps_the_customer() -> None:
    """The function is told; user and customer stay in the evidence, a customer only if one was named."""
    word = finding(decide(question(asked={"customer": Cu.GLOBEX})), "right_asked")
    assert word.told == {"function": "viewCases"}
    assert word.evidence == {"function": "viewCases", "user": "alice", "customer": "Globex"}
    unknown = finding(decide(question(asked={"customer": NOWHERE})), "right_asked")
    assert unknown.evidence["customer"] == "99"
    anywhere = {"function": Fn.DELETE_CASES, "name": "deleteCases", "customer": None}
    assert finding(decide(question(asked=anywhere)), "right_asked").evidence == {
        "function": "deleteCases",
        "user": "alice",
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"asked": {"function": Fn.EDIT_CASES}}, "right_outside_client", id="outside the scope"),
        pytest.param(
            {"asked": {"customer": Cu.GLOBEX}, "holds": (*HOLDS, (Fn.ADMIN, Cu.GLOBEX))},
            "right_outside_client",
            id="outside the bound customer",
        ),
        pytest.param(
            {"constraints": (Constraints(), Constraints(customers=frozenset({Cu.GLOBEX})))},
            "right_constrained",
            id="constrained to another customer",
        ),
        pytest.param(
            {"constraints": (Constraints(read_only=True),), "asked": {"function": Fn.LIST_CASES}},
            "right_constrained",
            id="constrained to reading",
        ),
        pytest.param(
            {"asked": {"function": Fn.VIEW_SECRETS}, "client": {"max_level": SecurityLevel.ADMINISTRATIVE}},
            "right_above_level",
            id="above the login",
        ),
        pytest.param(
            {"asked": {"function": Fn.VIEW_SECRETS}, "login": ADMINISTRATIVE, "credential": ADMINISTRATIVE},
            "right_above_level",
            id="above the client's cap",
        ),
    ],
)
def test_the_first_narrowing_that_took_a_right_is_the_reason(changes: dict[str, Any], reason: str) -> None:
    """Whoever asks learns what to mend: the client, the constraints, or the login."""
    assert refusing(decide(question(**changes))) == [reason]


# --- effective rights --------------------------------------------------------------------------------------


def rights_of(**changes: Any) -> set[tuple[str, str]]:
    """The effective rights of a session, by name."""
    q = question(Leg.USERINFO, **changes)
    pairs = pairs_of(decide(q).rights, q.graph.names, q.tree.parents)
    return {(q.graph.names[f], q.tree.names[c]) for f, c in pairs}


def test_a_session_gets_the_intersection() -> None:
    """What alice holds, within the permission scope, for the bound customer and below, at her level."""
    assert rights_of() == {
        (function, customer)
        for function in ("caseReader", "viewCases", "listCases")
        for customer in ("Acme", "Acme North")
    }


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"constraints": (Constraints(functions=frozenset({Fn.VIEW_CASES, Fn.EDIT_CASES})),)},
            id="functions",
        ),
        pytest.param({"constraints": (Constraints(read_only=True),)}, id="read only"),
        pytest.param({"client": {"permission_scope": Fn.VIEW_CASES}}, id="scope"),
        pytest.param({"holds": ((Fn.USE_PORTAL, Cu.ROOT), (Fn.VIEW_CASES, Cu.ROOT))}, id="held"),
    ],
)
def test_each_narrowing_leaves_only_viewing(changes: dict[str, Any]) -> None:
    """The narrower of all bounds decides, whichever it is."""
    assert rights_of(**changes) == {("viewCases", "Acme"), ("viewCases", "Acme North")}


def test_constraints_narrow_one_after_another() -> None:
    """A session constrained twice keeps what both allow."""
    north, listing = (
        Constraints(customers=frozenset({Cu.ACME_NORTH})),
        Constraints(functions=frozenset({Fn.LIST_CASES})),
    )
    assert rights_of(constraints=(north, listing)) == {("listCases", "Acme North")}


def test_a_session_acts_at_the_weakest_level() -> None:
    """Login, credential and cap must all be strong enough for a function."""
    strong = {
        "login": ADMINISTRATIVE,
        "credential": ADMINISTRATIVE,
        "client": {"max_level": SecurityLevel.ADMINISTRATIVE},
    }
    assert ("viewSecrets", "Acme") in rights_of(**strong)
    assert ("viewSecrets", "Acme") in rights_of(**{**strong, "credential": {"level": None}})
    for part in ("login", "credential"):
        assert ("viewSecrets", "Acme") not in rights_of(**{**strong, part: {"level": SecurityLevel.STANDARD}})
    assert ("viewSecrets", "Acme") not in rights_of(
        **{**strong, "client": {"max_level": SecurityLevel.STANDARD}}
    )


# --- what falls away ---------------------------------------------------------------------------------------


def test_each_function_of_the_scope_that_falls_away_says_why() -> None:
    """Explain lists, in order, what the session does not get of the permission scope, and the reason."""
    functions = graph(
        {1: (2, 3, 4, 5), 6: ()},
        levels={5: SecurityLevel.ADMINISTRATIVE},
    )
    q = question(
        graph=functions,
        holds=((6, Cu.ACME), (2, Cu.ACME), (3, Cu.GLOBEX), (4, Cu.ACME), (5, Cu.ACME)),
        client={"required_function": 6, "permission_scope": 1},
        constraints=(Constraints(functions=frozenset({2, 3, 5})),),
    )
    assert [(each.function, each.reason) for each in find_missing_functions(q)] == [
        (1, "right_not_held"),
        (3, "right_outside_client"),
        (4, "right_constrained"),
        (5, "right_above_level"),
    ]


def test_nothing_falls_away_without_a_client() -> None:
    """A key has no permission scope that could be missed."""
    assert find_missing_functions(by_key()) == ()


def test_the_example_world_is_as_described() -> None:
    """The defaults the other tests rely on: one customer, one address, one live login."""
    q = question()
    assert (q.address, q.user.customer, q.tree) == ("10.1.2.3", Cu.ACME, TREE)
    assert q.login is not None
    assert q.login.expires_at == SOON > NOW


@pytest.mark.parametrize(
    ("bound", "used", "allowed"),
    [(None, "10.9.9.9", True), ("192.0.2.1", "192.0.2.1", True), ("192.0.2.1", None, False), ("", "", True)],
)
def test_a_session_bound_to_its_users_address(bound: str | None, used: str | None, allowed: bool) -> None:
    """Design §8, rule 50: another user's address refuses; the right one opens nothing that was closed."""
    bound_facts = {"bound_to": bound, "used_for": used}
    decision = decide(question(credential=bound_facts))
    assert decision.allowed is allowed
    if not allowed:
        assert refusing(decision) == ["user_address_changed"]
    outside = decide(question(credential=bound_facts, address="192.0.2.200"))
    assert refusing(outside) == ["address_outside"]


def test_acting_as_somebody_takes_the_function_and_both_rights() -> None:
    """Contract 3.2: while he may, with what both hold; each way of not being allowed any more ends it."""
    lets = Fn.USE_PORTAL
    assert decide(question(impersonator=impersonator(function=lets)))
    for ended in (
        impersonator(function=None),
        impersonator(function=lets, blocked=True),
        impersonator(function=lets, deleted=True),
        impersonator(function=lets, customer_disabled=True),
        impersonator(function=lets, holds=()),
        impersonator(function=NOWHERE),
    ):
        assert "impersonation_ended" in refusing(decide(question(impersonator=ended)))
    less = impersonator(function=lets, holds=((lets, Cu.ACME), (Fn.VIEW_CASES, Cu.ACME)))
    mine = decide(question(asked=None)).rights
    both = decide(question(asked=None, impersonator=less)).rights
    assert Fn.VIEW_CASES in both.held
    assert set(both.held) < set(mine.held)
    assert mine.covers(both)


def test_a_key_made_for_somebody_stands_while_its_maker_could_make_it() -> None:
    """Decision 23; whoever acts as another by his own key is measured by what he himself gives."""
    maker = impersonator().user
    assert decide(by_key(maker=maker))
    less = impersonator(holds=((Fn.USE_PORTAL, Cu.ACME),)).user
    assert refusing(decide(by_key(maker=less))) == ["key_outgrown"]
    more = impersonator(function=Fn.USE_PORTAL, holds=(*HOLDS, (Fn.DELETE_CASES, Cu.ACME)))
    assert refusing(decide(by_key(impersonator=more, maker=maker))) == ["key_outgrown"]


def test_without_a_client_nobody_consents() -> None:
    asked = decide(by_key(consent_needed=True))
    assert finding(asked, "consent").outcome is Outcome.NOT_APPLICABLE
