"""``@endpoint``: from a request to a view with a ``Caller``, and from its answer to the envelope.

Who calls is found and judged by the gate before the view runs. A view that writes runs inside one unit of
work, with its caller read anew inside it, so that it decides over the facts it changes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response
from flask import g
from flask import jsonify
from flask import request

from app import edge
from app.api import csrf
from app.api.messages import envelope
from app.edge import Ambiguous
from app.edge import Presented
from app.services import apikeys
from app.services import logins
from app.services.callers import Caller
from app.services.problems import Denied
from app.services.problems import Problem
from app.services.unit import write


class Unauthenticated(Problem):
    """No credential, or none of ours: 401."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view answers: ``data`` already in wire form. ``count`` is the total behind a page."""

    data: Any = None
    status: int = 200
    limit: int = 0
    offset: int = 0
    count: int = 0
    cookie: str | None = None


View = Callable[..., Answer]


def endpoint(*, writes: bool = False) -> Callable[[View], Callable[..., Response]]:
    """A view that gets its ``caller`` as first argument and answers an ``Answer``."""

    def decorate(view: View) -> Callable[..., Response]:
        @functools.wraps(view)
        def call(**path: Any) -> Response:
            credential = _credential()
            caller = _standing(credential)
            _note_use(caller)
            if not writes:
                return respond(view(caller, **path))
            return respond(write(lambda: view(_standing(credential), **path)))

        return call

    return decorate


def public(view: View) -> Callable[..., Response]:
    """A view that needs no login."""

    @functools.wraps(view)
    def call(**path: Any) -> Response:
        return respond(view(**path))

    return call


def respond(answer: Answer) -> Response:
    """The envelope around an answer (contract 1.2)."""
    response = jsonify(
        envelope(
            answer.data, status=answer.status, limit=answer.limit, offset=answer.offset, count=answer.count
        )
    )
    response.status_code = answer.status
    response.headers["Cache-Control"] = "no-store"
    if answer.cookie is not None:
        edge.set_session_cookie(response, answer.cookie)
    return response


def _credential() -> Presented:
    try:
        credential = edge.presented(request)
    except Ambiguous:
        raise Unauthenticated from None
    if credential is None:
        raise Unauthenticated
    return credential


def _standing(credential: Presented) -> Caller:
    """The caller, when the decision says that the credential is of use. Raises ``Denied``."""
    caller = edge.identify(request, credential)
    if caller is None:
        raise Unauthenticated
    g.argus_caller = caller
    if credential.kind == "cookie":
        csrf.check(request, caller)
    if not caller.decision:
        raise Denied(caller.decision)
    return caller


def _note_use(caller: Caller) -> None:
    """Last use, best effort: a database too busy for it must not fail the call."""
    try:
        if caller.kind == "login":
            logins.seen(caller.row.login_id, caller.row.login_last_seen_at)
        elif caller.kind == "key":
            apikeys.used(caller.row.key_id, caller.row.key_last_used_at, caller.contact)
    except Problem:
        return


def interactive(caller: Caller) -> None:
    """Go on only for a person's own login (security rules 36, 54). Raises ``NotInteractive``."""
    if not caller.interactive:
        raise NotInteractive


def personal(caller: Caller) -> None:
    """Go on only for a person's own login or unconstrained API key (rule 54). Raises ``NotInteractive``."""
    if not caller.personal:
        raise NotInteractive


class NotInteractive(Problem):
    """This needs a person's own login: 403."""
