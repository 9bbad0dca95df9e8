"""The approvals of a user, and what each application may do by them today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.models.clients import OAuthClient
from app.models.grants import Grant
from app.policy.consent_growth import NOTHING
from app.policy.facts import Finding
from app.policy.facts import Outcome
from app.services.access import consents
from app.services.access import facts
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.access.consents import ConsentActivity
from app.services.consent import consent_page
from app.services.consent.consent_page import CustomerRights


@dataclass(frozen=True, slots=True)
class Approval:
    """An active consent. ``refusals``: why the application can do nothing with it today, if so."""

    grant: Grant
    client: OAuthClient
    run_by: str | None
    rights: Sequence[CustomerRights]
    refusals: Sequence[Finding]
    activity: ConsentActivity | None


def list_approvals(caller: Caller) -> list[Approval]:
    """List the consents of the logged-in user, by application name; three queries in total."""
    asked = []
    for grant, client in consents.list_consents(caller.user_id):
        question = caller.at_client(client, facts.to_grant_facts(grant), frozenset(grant.scopes))
        asked.append((grant, client, question, gate.ask(question)))
    if not asked:
        return []
    functions = consent_page.load_functions(*(decision.rights for *_, decision in asked))
    activity = consents.load_activity(caller.user_id, caller.user_epoch)
    found = []
    for grant, client, question, decision in asked:
        consent = gate.check_consent(question)
        refusals = [*decision.denials, *([consent] if consent.outcome is Outcome.FAIL else [])]
        rights = consent_page.group_by_customer(decision.rights, functions, question, NOTHING)
        found.append(
            Approval(
                grant=grant,
                client=client,
                run_by=consent_page.name_operator(client, question),
                rights=() if refusals else rights,
                refusals=refusals,
                activity=activity.get(grant.id),
            )
        )
    return found
