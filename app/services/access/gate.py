"""The only door to the policy: ask, number, and say who may be told what.

Every leg comes through ``ask``; ``insist`` is for those who cannot go on without a yes.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from app.policy.access import address_finding
from app.policy.access import consent_finding
from app.policy.access import decide
from app.policy.access import fallen_away
from app.policy.facts import ClientFacts
from app.policy.facts import Decision
from app.policy.facts import Finding
from app.policy.facts import Leg
from app.policy.facts import Missing
from app.policy.facts import Outcome
from app.policy.facts import Question
from app.services.access import facts
from app.services.access.facts import Asked
from app.services.problems import Denied

# Crockford's base 32: no I, L, O, U, so that a number can be read out over the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_CHARACTERS = 10
READ_AS = str.maketrans("OIL", "011")


def new_number() -> str:
    """A decision number: ``D-`` and ten random characters (design §8)."""
    drawn = secrets.token_bytes(NUMBER_CHARACTERS)
    return "D-" + "".join(ALPHABET[byte & 31] for byte in drawn)


def number_read(text: str) -> str:
    """A decision number as it is written, however it was read out; empty for none."""
    drawn = text.strip().upper().removeprefix("D-").translate(READ_AS)
    return f"D-{drawn}" if drawn else ""


def ask(question: Question) -> Decision:
    """The numbered decision. Who asks writes it down, in the transaction that follows from it."""
    return replace(decide(question), number=new_number())


def insist(question: Question) -> Decision:
    """As ``ask``; raises ``Denied`` when the answer is no."""
    decision = ask(question)
    if not decision:
        raise Denied(decision)
    return decision


def ask_right(question: Question, asked: Asked) -> Decision:
    """May this caller use this function (for this customer), now? Leg API."""
    return ask(replace(question, leg=Leg.API, asked=facts.right_asked(question, asked)))


def missing(question: Question) -> tuple[Missing, ...]:
    """Which functions of the permission scope fall away today, and why."""
    return fallen_away(question)


def client_may_call_from(client: ClientFacts, address: str | None) -> Finding:
    """The address rule alone, for the moment before a client's secret is looked at (security rule 29)."""
    return address_finding(client, None, address)


def consent(question: Question) -> Finding:
    """The consent rule alone: what a remembered consent is worth for this request, on whatever leg."""
    return consent_finding(question)


def consent_covers(question: Question) -> bool:
    """Whether a remembered consent answers this request, so that the user need not be asked again."""
    return consent(question).outcome is Outcome.PASS
