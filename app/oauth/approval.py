"""Approval: records the consent and issues the code in one unit of work (design decision 14).

Inside the unit login, client and consent are read again, because anything may have changed since. A decision
of the same request stands if every row is as it was; else the request is validated and judged anew. Nothing
may be recorded that the page did not show: if the application's scope grew, ``ConsentOutgrown`` asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace

from app.oauth.authorization_answer import AuthorizationAnswer
from app.oauth.authorize import Asked
from app.oauth.authorize import AuthorizationRequest
from app.oauth.authorize import build_question
from app.oauth.authorize import validate_request
from app.oauth.server import oauth_server
from app.policy import fapi2
from app.policy.facts import Decision
from app.policy.facts import GrantFacts
from app.policy.facts import Question
from app.services.access import client_rows
from app.services.access import consents
from app.services.access import gate
from app.services.access import presented
from app.services.access import reloading
from app.services.access.callers import Caller
from app.services.access.credential_parts import ActiveConsent
from app.services.audit import trail
from app.services.problems import Conflict
from app.services.problems import Problem
from app.services.problems import Refused
from app.services.tokens import pushed_requests
from app.services.tokens import waiting_requests
from app.services.tokens.codes import Approval
from app.services.unit_of_work import run_in_transaction


class StaleTransaction(Problem):
    """The consent form was already answered, is too old, or belongs to another login."""

    code = "STALE"
    sentence = "This request was answered already."
    page_status = 400


class ConsentOutgrown(Exception):
    """The consent would cover more than the user agreed to. Nothing was recorded;
    the user must be asked again.
    """


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided for a request before the unit, and over which facts."""

    consent: ActiveConsent | None
    question: Question
    decision: Decision


def judge_request(request: Asked, caller: Caller) -> Judged:
    """Ask the gate whether this user may approve this request now, with the consent that is stored."""
    consent = consents.find_consent(caller.user_id, request.client.id)
    question = build_question(request, caller, consent)
    return Judged(consent, question, gate.ask(question))


def approve_from_page(request: AuthorizationRequest, caller: Caller, transaction: str) -> AuthorizationAnswer:
    """Approve what the consent page of ``transaction`` showed; returns the answer.

    Raises ``Refused`` if the decision is now a refusal, ``Denied`` if the login is no longer accepted, as
    ``validate_request`` if the request is no longer valid, ``StaleTransaction``, and ``ConsentOutgrown``.
    """

    def agreed(posed: Question) -> bool:
        permission_scope = waiting_requests.answer_request(transaction, caller.login_id)
        if permission_scope is None:
            raise StaleTransaction
        return was_shown(posed, permission_scope, request.scopes)

    return _approve(request, caller, agreed)


def was_shown(posed: Question, permission_scope: int, scopes: Iterable[str]) -> bool:
    """Tell whether a page that showed this permission scope and these scopes showed all that is asked now."""
    return gate.is_covered_by_consent(replace(posed, grant=GrantFacts(permission_scope, frozenset(scopes))))


def approve_from_consent(
    request: AuthorizationRequest, caller: Caller, judged: Judged
) -> AuthorizationAnswer:
    """Approve by the stored consent. Raises ``ConsentOutgrown`` if it does not cover the request,
    else as ``approve_from_page``.
    """
    return _approve(request, caller, gate.is_covered_by_consent, judged)


def approve_from_call(request: AuthorizationRequest, caller: Caller, judged: Judged) -> AuthorizationAnswer:
    """Approve because an interactive login made this call (contract 2.6). Raises as the others."""
    return _approve(request, caller, lambda _posed: True, judged)


def deny_from_page(request: AuthorizationRequest, caller: Caller, transaction: str) -> None:
    """Record that the user said no to what the consent page showed. Raises ``StaleTransaction``."""

    def work() -> None:
        answered = waiting_requests.answer_request(transaction, caller.login_id) is not None
        if not (answered and pushed_requests.use_up(request.params)):
            raise StaleTransaction
        trail.record("authorize", caller.actor, outcome="denied", client_id=request.client.id)

    run_in_transaction(work)


def _approve(
    shown: AuthorizationRequest,
    caller: Caller,
    agreed: Callable[[Question], bool],
    judged: Judged | None = None,
) -> AuthorizationAnswer:
    def work() -> tuple[Judged, AuthorizationAnswer | None]:
        presented.look_ahead(caller.token, shown.client.id)
        now = reloading.reload_caller(caller)
        if not now.is_interactive:
            raise StaleTransaction
        request = _validate_again(shown)
        found = _judge_again(request, now, judged if now is caller and request is shown else None)
        if not found.decision:
            return found, None
        if not agreed(found.question):
            raise ConsentOutgrown
        if not pushed_requests.use_up(request.params):
            raise StaleTransaction
        consent_id = consents.record_consent(found.consent, now.user_id, request.client, request.scopes)
        answer = _issue(request, now, consent_id)
        trail.record("authorize", now.actor, decision=found.decision, client_id=request.client.id)
        return found, answer

    try:
        found, answer = run_in_transaction(work)
    except Conflict:
        # Another window gave the first consent at the same moment: now it is there.
        found, answer = run_in_transaction(work)
    if answer is None:
        raise Refused(trail.record_refusal("authorize", caller.actor, found.decision, found.question))
    return answer


def _validate_again(shown: AuthorizationRequest) -> AuthorizationRequest:
    """Return the request itself if its client is still as it was, for nothing else in it can change."""
    is_same = client_rows.find_requesting_client(shown.client.id) == shown.client
    return shown if is_same else validate_request(shown.params)


def _judge_again(request: AuthorizationRequest, caller: Caller, judged: Judged | None) -> Judged:
    """Return what was ``judged`` over the same request and caller if the consent is still the same too:
    then every fact is. Else judge anew.
    """
    if judged is not None:
        consent = consents.find_consent(caller.user_id, request.client.id)
        if consent == judged.consent:
            return judged
    return judge_request(request, caller)


def _issue(request: AuthorizationRequest, caller: Caller, grant_id: str) -> AuthorizationAnswer:
    protocol = request.grant
    protocol.request.way = request.way
    protocol.request.approval = Approval(
        client_id=request.client.id,
        user_id=caller.user_id,
        login_session_id=caller.login_id,
        grant_id=grant_id,
        redirect_uri=request.way.redirect_uri,
        redirect_uri_given="redirect_uri" in request.params,
        scopes=request.scopes,
        nonce=request.params.get("nonce"),
        code_challenge=request.params.get("code_challenge"),
        dpop_jkt=request.params.get("dpop_jkt"),
        context=caller.login.context,
        most_seconds=fapi2.MOST_CODE_SECONDS if request.client.fapi2_security_profile else None,
    )
    answer: AuthorizationAnswer = oauth_server().create_authorization_response(
        protocol.request, grant_user=caller.question.user, grant=protocol
    )
    return answer
