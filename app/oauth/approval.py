"""Approval: records the consent and issues the code in one unit of work (design decision 14).

Inside the unit everything is judged again, because anything may have changed since the page was shown:
the login, the request (by ``authorize.validate_request``), and the decision. Nothing may be recorded that the
page did not show: if the application's scope grew, ``ConsentOutgrown`` asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Response

from app.oauth.authorize import AuthorizationRequest
from app.oauth.authorize import build_question
from app.oauth.authorize import validate_request
from app.oauth.server import oauth_server
from app.policy.facts import Decision
from app.policy.facts import GrantFacts
from app.policy.facts import Question
from app.services.access import callers
from app.services.access import consents
from app.services.access import gate
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.problems import Conflict
from app.services.problems import Problem
from app.services.problems import Refused
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


def approve_from_page(request: AuthorizationRequest, caller: Caller, transaction: str) -> Response:
    """Approve what the consent page of ``transaction`` showed; returns the redirect.

    Raises ``Refused`` if the decision is now a refusal, ``Denied`` if the login is no longer accepted, as
    ``validate_request`` if the request is no longer valid, ``StaleTransaction``, and ``ConsentOutgrown``.
    """

    def agreed(posed: Question) -> bool:
        permission_scope = waiting_requests.answer_request(transaction, caller.login_id)
        if permission_scope is None:
            raise StaleTransaction
        shown = GrantFacts(permission_scope, frozenset(request.scopes))
        return gate.is_covered_by_consent(replace(posed, grant=shown))

    return _approve(request, caller, agreed)


def approve_from_consent(request: AuthorizationRequest, caller: Caller) -> Response:
    """Approve by the stored consent. Raises ``ConsentOutgrown`` if it does not cover the request,
    else as ``approve_from_page``.
    """
    return _approve(request, caller, gate.is_covered_by_consent)


def approve_from_call(request: AuthorizationRequest, caller: Caller) -> Response:
    """Approve because an interactive login made this call (contract 2.6). Raises as the others."""
    return _approve(request, caller, lambda _posed: True)


def _approve(shown: AuthorizationRequest, caller: Caller, agreed: Callable[[Question], bool]) -> Response:
    def work() -> tuple[Decision, Question, Response | None]:
        now = callers.reload_caller(caller)
        if not now.is_interactive:
            raise StaleTransaction
        request = validate_request(shown.params)
        consent = consents.find_consent(now.user_id, request.client.id)
        posed = build_question(request, now, consent)
        decision = gate.ask(posed)
        if not decision:
            return decision, posed, None
        if not agreed(posed):
            raise ConsentOutgrown
        given = consents.record_consent(consent, now.user_id, request.client, request.scopes)
        response = _issue(request, now, given.id)
        trail.record("authorize", now.actor, decision=decision, client_id=request.client.id)
        return decision, posed, response

    try:
        decision, posed, response = run_in_transaction(work)
    except Conflict:
        # Another window gave the first consent at the same moment: now it is there.
        decision, posed, response = run_in_transaction(work)
    if response is None:
        raise Refused(trail.record_refusal("authorize", caller.actor, decision, posed))
    return response


def _issue(request: AuthorizationRequest, caller: Caller, grant_id: str) -> Response:
    protocol = request.grant
    protocol.request.approval = Approval(
        client_id=request.client.id,
        user_id=caller.user_id,
        login_session_id=caller.login_id,
        grant_id=grant_id,
        redirect_uri=request.redirect_uri,
        redirect_uri_given="redirect_uri" in request.params,
        scopes=request.scopes,
        nonce=request.params.get("nonce"),
        code_challenge=request.params.get("code_challenge"),
        security_level=caller.login.security_level,
        authenticated_at=caller.login.authenticated_at,
    )
    response: Response = oauth_server().create_authorization_response(
        protocol.request, grant_user=caller.question.user, grant=protocol
    )
    return response
