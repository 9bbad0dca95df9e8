"""The catalogue of reasons: every voice is there, says what it may, and says no more."""

from __future__ import annotations

import ast
import inspect
import re
from string import Formatter

import pytest
from hypothesis import given

from app.policy import reasons
from app.policy.access import RULES
from app.policy.access import decide
from app.policy.answers import choose_api_status
from app.policy.answers import choose_token_reason
from app.policy.answers import word_missing_function
from app.policy.answers import word_privately
from app.policy.answers import word_publicly
from app.policy.facts import Finding
from app.policy.facts import Leg
from app.policy.facts import Outcome
from app.policy.reasons import NOT_APPLICABLE
from app.policy.reasons import PASSED
from app.policy.reasons import REASONS
from app.policy.reasons import UNNAMED_CUSTOMER
from app.policy.reasons import Reason
from tests.policy.worlds import NOWHERE
from tests.policy.worlds import REFUSALS
from tests.policy.worlds import Cu
from tests.policy.worlds import Fn
from tests.policy.worlds import Refusal
from tests.policy.worlds import World
from tests.policy.worlds import customers_below
from tests.policy.worlds import finding
from tests.policy.worlds import question
from tests.policy.worlds import quick
from tests.policy.worlds import worlds

# RFC 6749 5.2: %x20-21 / %x23-5B / %x5D-7E
ERROR_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")

reason_by_code = pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
examples = pytest.mark.parametrize("example", REFUSALS.values(), ids=REFUSALS)


def placeholders(sentence: str) -> set[str]:
    """The names a sentence wants filled in."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def word(example: Refusal) -> Finding:
    """The finding that refuses in this example, on the API, where every rule speaks."""
    return finding(decide(example.question(Leg.API)), example.rule)


# --- every voice -------------------------------------------------------------------------------------------


def test_no_code_is_written_twice() -> None:
    """A second entry of the same code would silently replace the first."""
    written = [
        node.args[0].value
        for node in ast.walk(ast.parse(inspect.getsource(reasons)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason"
        if isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(written) == sorted(REASONS)


@reason_by_code
def test_every_reason_has_every_voice(reason: Reason) -> None:
    """Page, token endpoint, API, audit and explain each have something to say, in whole sentences."""
    assert REASONS[reason.code] is reason
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.code)
    for sentence in (reason.public, reason.private, reason.oauth_text):
        assert re.fullmatch(r"[A-Z{].*\.", sentence)
        assert "  " not in sentence
    assert reason.oauth_error in {"invalid_grant", "invalid_client"}
    assert reason.status in {401, 403}


@reason_by_code
def test_the_oauth_text_is_what_rfc_6749_allows(reason: Reason) -> None:
    """RFC 6749 5.2: ASCII without quote and backslash; and it is fixed, so it has nothing to fill in."""
    assert ERROR_DESCRIPTION.fullmatch(reason.oauth_text)
    assert placeholders(reason.oauth_text) == set()


def test_before_a_client_is_authenticated_all_refusals_sound_alike() -> None:
    """A client that is gone and one that calls from a wrong address cannot be told apart (RFC 6749 5.2)."""
    refused = {
        code: reason.oauth_text for code, reason in REASONS.items() if reason.oauth_error == "invalid_client"
    }
    assert refused.keys() == {
        "client_deleted",
        "address_unknown",
        "address_no_range",
        "address_outside",
        "user_address_changed",
    }
    assert set(refused.values()) == {"Client authentication failed."}


def test_no_private_sentence_serves_two_reasons() -> None:
    """Audit and explain tell every two reasons apart."""
    assert len({reason.private for reason in REASONS.values()}) == len(REASONS)


def test_every_rule_has_a_word_for_passing() -> None:
    """Explain has a sentence for each rule that does not refuse."""
    assert list(PASSED) == [rule.__name__ for rule in RULES]
    for sentence in (*PASSED.values(), NOT_APPLICABLE):
        assert re.fullmatch(r"[A-Z].*\.", sentence)
        assert placeholders(sentence) == set()


# --- sentences ---------------------------------------------------------------------------------------------


@reason_by_code
def test_what_is_public_never_names_the_user(reason: Reason) -> None:
    """The person refused is *you*; nobody else is named."""
    assert "user" not in placeholders(reason.public)
    assert placeholders(reason.public) <= {"function", "customer"}


@examples
def test_a_public_sentence_uses_only_what_is_told(example: Refusal) -> None:
    """A sentence for the person refused wants nothing that the finding keeps as evidence."""
    said = word(example)
    assert placeholders(REASONS[said.reason].public) <= said.told.keys()
    assert word_publicly(said) == REASONS[said.reason].public.format(**said.told)


@examples
def test_a_private_sentence_is_told_in_full(example: Refusal) -> None:
    """Audit and explain find every piece of evidence their sentence speaks of, none of it empty."""
    said = word(example)
    wanted = placeholders(REASONS[said.reason].private)
    assert wanted <= said.evidence.keys()
    assert all(said.evidence[name] for name in wanted)
    assert word_privately(said) == REASONS[said.reason].private.format(**said.evidence)


@pytest.mark.parametrize(
    ("reason", "public", "private"),
    [
        (
            "not_held_for_customer",
            "This application requires the function usePortal for Acme, and you do not hold it there.",
            "alice does not hold usePortal for Acme.",
        ),
        (
            "function_not_held",
            "You do not hold the function usePortal, which this application requires.",
            "alice does not hold usePortal for any customer of the application's domain.",
        ),
        (
            "address_outside",
            "This client may not call from this address.",
            "The address 192.0.2.1 is outside the range 10.0.0.0/8.",
        ),
        (
            "credential_expired",
            "This session, token or key has expired.",
            "The access token expired at 2026-11-24T12:00:00+00:00.",
        ),
        (
            "right_not_held_for_customer",
            "This needs the function viewCases for a customer for which you do not hold it.",
            "alice holds viewCases, but not for this customer.",
        ),
    ],
)
def test_the_person_is_told_less_than_audit(reason: str, public: str, private: str) -> None:
    """The same finding, in the voice of the page and in the voice of the audit row."""
    said = word(REFUSALS[reason])
    assert (word_publicly(said), word_privately(said)) == (public, private)


def test_explain_has_words_for_what_does_not_refuse() -> None:
    """A rule that passes says so in its own words; one that does not apply says just that."""
    decision = decide(question(Leg.LIST))
    said = {each.outcome: word_privately(each) for each in decision.findings if each.rule != "client_enabled"}
    assert said[Outcome.NOT_APPLICABLE] == NOT_APPLICABLE
    assert said[Outcome.PASS] in PASSED.values()
    assert word_privately(finding(decision, "client_enabled")) == PASSED["client_enabled"]


def test_a_sentence_can_neither_fail_nor_leak() -> None:
    """What is not given reads as *it*; what is given is put in as it stands, braces and all."""
    bare = Finding("customer_binding", Outcome.FAIL, "not_held_for_customer")
    assert (
        word_publicly(bare)
        == "This application requires the function it for it, and you do not hold it there."
    )
    assert word_privately(bare) == "it does not hold it for it."
    odd = Finding(
        "right_asked", Outcome.FAIL, "right_unknown", {"function": "secret"}, {"function": "{user} %s {0}"}
    )
    assert word_publicly(odd) == "The function {user} %s {0} does not exist."


# --- a customer that may not be seen -----------------------------------------------------------------------


def test_an_unseen_customer_is_not_named() -> None:
    """Whoever holds nothing for a customer is not told its name by being refused for it."""
    q = question(Leg.AUTHORIZE, client={"customer": Cu.GLOBEX})
    sentence = word_publicly(finding(decide(q), "customer_binding"))
    assert sentence == (
        "This application requires the function usePortal for the customer this application belongs to, "
        "and you do not hold it there."
    )


def test_an_unknown_customer_is_not_numbered() -> None:
    """The number of a customer that is gone stays in the evidence."""
    said = finding(decide(question(client={"customer": NOWHERE})), "customer_binding")
    assert str(NOWHERE) in word_privately(said)
    assert str(NOWHERE) not in word_publicly(said)


def test_asking_for_an_unseen_customer_does_not_name_it() -> None:
    """An API call refused for a customer never repeats which one it was."""
    said = finding(decide(question(asked={"customer": Cu.GLOBEX, "function": Fn.VIEW_CASES})), "right_asked")
    assert "Globex" not in word_publicly(said)


@quick
@given(worlds())
def test_no_refusal_names_a_customer_that_may_not_be_seen(world: World) -> None:
    """In any world a customer named in public is one the user holds something for, or belongs to or below."""
    q = question(**world)
    below = customers_below(q.tree)
    granted = {customer for function, customer in world["holds"] if function in q.graph.names}
    seen = {one for top, one in below if top in granted} | {
        top for top, one in below if one == q.user.customer
    }
    said = " ".join(word_publicly(each) for each in decide(q).denials)
    named = {one for one, name in q.tree.names.items() if name in said}
    assert named <= seen
    assert q.user.name not in said


# --- statuses and errors -----------------------------------------------------------------------------------


@examples
def test_a_missing_right_is_403_and_everything_else_401(example: Refusal) -> None:
    """The API says *you may not* only when the credential is good and just the right asked is missing."""
    assert choose_api_status(decide(example.question(Leg.API))) == (
        403 if example.rule == "right_asked" else 401
    )


def test_a_useless_credential_outweighs_a_missing_right() -> None:
    """With both faults the answer is 401: a new login comes first, wherever the right stands in the order."""
    decision = decide(question(user={"blocked": True}, asked={"customer": Cu.GLOBEX}))
    assert [each.rule for each in decision.denials] == ["user_active", "right_asked"]
    assert choose_api_status(decision) == 401


def test_an_allowance_has_status_200() -> None:
    """No denial is no error."""
    assert choose_api_status(decide(question())) == 200


@examples
def test_the_token_endpoint_speaks_the_reason(example: Refusal) -> None:
    """One fault is told as itself: ``invalid_client`` for the client's own, else ``invalid_grant``."""
    reason = choose_token_reason(decide(example.question(Leg.API)))
    assert reason is REASONS[example.reason]
    of_the_client = example.rule in {"client_enabled", "client_address"}
    assert reason.oauth_error == ("invalid_client" if of_the_client else "invalid_grant")


def test_a_wrong_address_is_told_before_anything_else() -> None:
    """From a wrong address nothing is learned of user, code or consent."""
    decision = decide(question(Leg.REDEEM, user={"blocked": True}, grant=None, address="192.0.2.1", holds=()))
    assert decision.denials[0].reason == "user_blocked"
    assert choose_token_reason(decision).code == "address_outside"


def test_from_the_right_address_the_first_fault_is_told() -> None:
    """Of several faults the token endpoint names the first in the order of the rules."""
    decision = decide(question(Leg.REDEEM, user={"blocked": True}, grant=None))
    assert choose_token_reason(decision).code == "user_blocked"


def test_why_a_function_falls_away_is_said_of_that_function() -> None:
    """Translated first, then filled in: a translation may put the name elsewhere."""
    plain = word_missing_function("right_above_level", "exportThings")
    assert plain == REASONS["right_above_level"].public.format(function="exportThings")
    said = word_missing_function("right_above_level", "exportThings", lambda _sentence: "Ikke {function}.")
    assert said == "Ikke exportThings."


def test_a_name_is_not_translated() -> None:
    """The words for a customer that may not be named are; a customer's own name is not."""

    def translate(text: str) -> str:
        return {UNNAMED_CUSTOMER: "kunden", "Globex": "no name"}.get(text, text)

    for customer, told in (("Globex", "for Globex,"), (UNNAMED_CUSTOMER, "for kunden,")):
        said = Finding("customer_binding", Outcome.FAIL, "not_held_for_customer", told={"customer": customer})
        assert told in word_publicly(said, translate)
