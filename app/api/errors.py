"""Problems into envelopes: one place where the JSON API decides on a status and a sentence."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import g
from flask import jsonify

from app.api.auth import Unauthenticated
from app.api.messages import Message
from app.api.messages import envelope
from app.oauth.approving import StaleTransaction
from app.policy.reasons import api_status
from app.policy.reasons import public_sentence
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.login.reauthentication import NotInteractive
from app.services.problems import BadCsrf
from app.services.problems import Conflict
from app.services.problems import Denied
from app.services.problems import Invalid
from app.services.problems import Missing
from app.services.problems import NotHeld
from app.services.problems import Problem
from app.services.problems import Refused
from app.services.problems import Throttled
from app.services.problems import Unavailable


def render(problem: Problem) -> Response:
    """The envelope for an expected problem. A refusal is written down in a unit of its own."""
    if isinstance(problem, Denied):
        return _denied(problem)
    if isinstance(problem, Invalid):
        messages = [
            Message(type="FIELD_ERROR", message=p.message, field=p.field, message_template=p.code)
            for p in problem.problems
        ]
        return failure(412, *messages)
    if isinstance(problem, Throttled):
        response = failure(429, action("Too many failures. Try again later.", "THROTTLED"))
        response.headers["Retry-After"] = str(problem.seconds)
        return response
    status, sentence, code = _FIXED.get(type(problem), (412, "This cannot be done.", "REFUSED"))
    response = failure(status, action(sentence, code))
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="argus"'
    return response


_FIXED: dict[type[Problem], tuple[int, str, str]] = {
    Unauthenticated: (401, "Log in, or send a valid API key or token.", "UNAUTHENTICATED"),
    BadCsrf: (403, "The Argus-Csrf-Token header is missing or not valid for this call.", "CSRF"),
    NotInteractive: (403, "This needs your own login, not a key or an application.", "NOT_INTERACTIVE"),
    NotHeld: (403, "This user holds more than you do: you cannot change the account.", "NOT_HELD"),
    Missing: (404, "There is no such object, or you may not see it.", "NOT_FOUND"),
    Conflict: (412, "Somebody else changed this at the same time. Read it again and repeat.", "CONFLICT"),
    Unavailable: (503, "The database cannot be reached. Nothing was changed; try again.", "UNAVAILABLE"),
}


def action(sentence: str, code: str) -> Message:
    """A message about the call as a whole."""
    return Message(type="ACTION_ERROR", message=sentence, message_template=code)


def failure(status: int, *messages: Message, decision: str = "") -> Response:
    """An error envelope; ``decision`` is the decision number."""
    metadata = {"decision": decision} if decision else None
    response = jsonify(envelope(None, status=status, messages=messages, metadata=metadata))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _denied(problem: Denied) -> Response:
    decision = problem.decision
    caller: Caller | None = g.get("argus_caller")
    if caller is not None and not isinstance(problem, Refused):
        trail.refused("api", caller.actor, decision, caller.question)
    # A refusal to approve is a 403 whatever its reason; elsewhere the reasons say (design §8).
    status = 403 if isinstance(problem, Refused) else api_status(decision)
    messages = [action(public_sentence(f), f.reason) for f in decision.denials]
    response = failure(status, *messages, decision=decision.number)
    if caller is not None and caller.kind != "key":
        error = "invalid_token" if status == 401 else "insufficient_scope"
        response.headers["WWW-Authenticate"] = f'Bearer realm="argus", error="{error}"'
    return response


def register(blueprint: Blueprint) -> None:
    """Answer every expected problem of this blueprint in the envelope."""
    blueprint.register_error_handler(Problem, render)
    blueprint.register_error_handler(
        StaleTransaction, lambda _: failure(412, action("This request was answered already.", "STALE"))
    )
