"""The only access to the policy: ask for a decision, number it, and control who may be told what.

Every leg uses ``ask``; use ``require`` where the work cannot continue without an allowance.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace

from app.policy.access import decide
from app.policy.access import find_missing_functions
from app.policy.access import judge_address
from app.policy.access import judge_consent
from app.policy.access import list_allowed
from app.policy.facts import ClientFacts
from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Leg
from app.policy.facts import MissingFunction
from app.policy.facts import Outcome
from app.policy.facts import Question
from app.services.access import facts
from app.services.access.facts import RequiredRight
from app.services.problems import Denied

# Crockford's base 32: no I, L, O, U, so that people can read a number out over the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_CHARACTERS = 10
READ_AS = str.maketrans("OIL", "011")


def make_decision_number() -> str:
    """Make a decision number: ``D-`` and ten random characters (design §8)."""
    drawn = secrets.token_bytes(NUMBER_CHARACTERS)
    return "D-" + "".join(ALPHABET[byte & 31] for byte in drawn)


def normalise_decision_number(text: str) -> str:
    """Normalise a decision number that a person wrote or read out; empty if it is none."""
    drawn = text.strip().upper().removeprefix("D-").translate(READ_AS)
    return f"D-{drawn}" if drawn else ""


def ask(question: Question) -> Decision:
    """Return the numbered decision. The caller records it, in the transaction of what follows."""
    return decide(question, make_decision_number())


def list_open_clients(question: Question, clients: Iterable[ClientFacts]) -> list[ClientFacts]:
    """List the clients that the same question allows, for a list of many."""
    return list_allowed(question, clients)


def require(question: Question) -> Decision:
    """As ``ask``, but raise ``Denied`` on a refusal."""
    decision = ask(question)
    if not decision:
        raise Denied(decision)
    return decision


def ask_right(question: Question, asked: RequiredRight) -> Decision:
    """Decide whether this caller may use this function (for this customer) now. Leg API."""
    return ask(replace(question, leg=Leg.API, asked=facts.resolve_right_asked(question, asked)))


def list_missing_functions(question: Question) -> tuple[MissingFunction, ...]:
    """List the functions of the permission scope that the session does not get today, and why."""
    return find_missing_functions(question)


def check_client_address(client: ClientFacts, address: str | None) -> Finding:
    """Apply the address rule alone, before a client's secret is checked (security rule 29)."""
    return judge_address(client, None, address)


def check_consent(question: Question) -> Finding:
    """Apply the consent rule alone: whether a stored consent covers this request, on any leg."""
    return judge_consent(question)


def is_covered_by_consent(question: Question) -> bool:
    """Tell whether a stored consent covers this request, so that the user need not be asked again."""
    return check_consent(question).outcome is Outcome.PASS
