"""Turn problems into envelopes for the JSON API;
status, code and sentence are attributes of the problem class.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import Response
from flask import g
from flask import jsonify

from app.api.messages import Message
from app.api.messages import build_envelope
from app.policy.answers import word_publicly
from app.policy.facts import Decision
from app.policy.facts import SecurityLevel
from app.services.access import proofs
from app.services.access import stronger_login
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.problems import Denied
from app.services.problems import Invalid
from app.services.problems import NonceNeeded
from app.services.problems import Problem
from app.services.problems import Refused
from app.services.problems import Throttled


def render(problem: Problem) -> Response:
    """Build the envelope for an expected problem. A refusal is recorded in its own unit of work."""
    if isinstance(problem, Denied):
        return _render_denied(problem)
    if isinstance(problem, Invalid):
        return build_error_response(problem.status, *list_field_errors(problem))
    response = build_error_response(problem.status, describe_call_problem(problem.sentence, problem.code))
    if isinstance(problem, Throttled):
        response.headers["Retry-After"] = str(problem.seconds)
    if isinstance(problem, NonceNeeded):
        response.headers["WWW-Authenticate"] = proofs.build_challenge("use_dpop_nonce")
    elif problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="argus"'
    return response


def describe_call_problem(sentence: str, code: str) -> Message:
    """Build a message about the call as a whole."""
    return Message(type="ACTION_ERROR", message=sentence, message_template=code)


def list_field_errors(problem: Invalid) -> list[Message]:
    """Build one message for each wrong field."""
    return [Message("FIELD_ERROR", p.message, p.field, p.code) for p in problem.problems]


def build_error_response(status: int, *messages: Message, decision: str = "", data: Any = None) -> Response:
    """Build an error envelope; ``decision`` is the decision number,
    ``data`` the contract's additional data.
    """
    metadata = {"decision": decision} if decision else None
    response = jsonify(build_envelope(data, status=status, messages=messages, metadata=metadata))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _render_denied(problem: Denied) -> Response:
    decision = problem.decision
    caller: Caller | None = g.get("argus_caller")
    if caller is not None and not isinstance(problem, Refused):
        decision = trail.record_refusal("api", caller.actor, decision, caller.question)
    messages = [describe_call_problem(word_publicly(f), f.reason) for f in decision.denials]
    needed = stronger_login.find_level_needed(caller, decision) if caller is not None else None
    status = problem.status if needed is None else stronger_login.STATUS
    response = build_error_response(status, *messages, decision=decision.number)
    if caller is not None and caller.kind == "key" and problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="argus"'
    elif caller is not None and caller.kind != "key":
        response.headers["WWW-Authenticate"] = _build_challenge(caller, decision, problem.status, needed)
    return response


def _build_challenge(caller: Caller, decision: Decision, status: int, needed: SecurityLevel | None) -> str:
    """Build the challenge of a refused token (RFC 6750 3, RFC 9449 7.1, RFC 9470 3)."""
    error = "invalid_token" if status == 401 else "insufficient_scope"
    if caller.bound_key is not None and status == 401:
        error = proofs.choose_error(decision.denials[0].reason)
    parameters = stronger_login.describe_levels(needed) if needed is not None else f'error="{error}"'
    if caller.bound_key is not None:
        return proofs.complete_challenge(parameters)
    return f'Bearer realm="argus", {parameters}'


def register(blueprint: Blueprint) -> None:
    """Answer every expected problem of this blueprint with an envelope."""
    blueprint.register_error_handler(Problem, render)
