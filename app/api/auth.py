"""``@endpoint`` turns a request into a view call with a ``Caller``, and the view's answer into the envelope.

The gate identifies and judges the caller before anything else is read. A view that writes runs inside one
unit of work; the caller is read again inside it, so that the decision uses the facts that the view changes.
Each view declares its inputs and answers once: the declaration reads the request and produces
``/openapi.json``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from flask import Response
from flask import g
from flask import jsonify
from flask import request
from pydantic import BaseModel

from app import cookies
from app import edge
from app.api import csrf
from app.api.body import read_body
from app.api.body import read_query
from app.api.messages import build_envelope
from app.edge import AmbiguousCredential
from app.edge import PresentedCredential
from app.policy.ways_in import WayIn
from app.schemas.common import NoQuery
from app.schemas.wire import QueryModel
from app.services.access import apikeys
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.access.search import Found
from app.services.administration.own_data import Own
from app.services.administration.own_data import require_own
from app.services.administration.policy_changes import run_policy_change
from app.services.login import login_sessions
from app.services.login import reauthentication
from app.services.login.stepup_operations import AUTHORIZATION
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_operations import Operation
from app.services.problems import Denied
from app.services.problems import Missing
from app.services.problems import Problem
from app.services.problems import Unauthenticated
from app.services.unit_of_work import run_in_transaction


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view answers. ``count`` is the total number of rows;
    ``cookie`` is a login token to set, or empty;
    ``device`` what the device cookie becomes after a login.
    """

    data: BaseModel | list[Any] | None = None
    status: int = 200
    limit: int = 0
    offset: int = 0
    count: int = 0
    cookie: str | None = None
    device: str | None = None
    metadata: dict[str, Any] | None = None


def build_page(found: Found[Any], shown: list[Any]) -> Answer:
    """Build one page of a list: the rows, and the numbers that the client's paginator reads."""
    return Answer(shown, limit=found.page.limit, offset=found.page.offset, count=found.count)


@dataclass(frozen=True, slots=True)
class Contract:
    """What one view takes and answers. ``answers`` is a shape, or a list with one item shape.

    ``also`` names the shapes of other status codes that answer something else.
    """

    answers: Any
    body: type[BaseModel] | None = None
    query: type[QueryModel] = NoQuery
    statuses: tuple[int, ...] = (200,)
    optional_body: bool = False
    login: bool = True
    step_up: Operation | None = None
    own: Own | None = None
    way_in: WayIn | None = None
    also: Mapping[int, type[BaseModel]] = field(default_factory=dict)

    def read(self) -> dict[str, Any]:
        """Return the declared inputs of this request, validated. Raises ``Invalid``."""
        given: dict[str, Any] = {}
        query = read_query(self.query)
        if self.query is not NoQuery:
            given["query"] = query
        if self.body is not None:
            given["body"] = read_body(self.body, allow_empty=self.optional_body)
        return given


MOST_PATH_CHARACTERS = 200
# The answer of a view with a step-up operation: work that runs in the unit that uses up the proof.
Work = Callable[[Caller], Answer]
View = Callable[..., Answer]


def endpoint(
    *,
    answers: Any,
    writes: bool = False,
    changes_policy: bool = False,
    body: type[BaseModel] | None = None,
    query: type[QueryModel] = NoQuery,
    statuses: tuple[int, ...] = (200,),
    optional_body: bool = False,
    step_up: Operation | None = None,
    about: Callable[..., Mapping[str, str]] | None = None,
    own: Own | None = None,
    way_in: WayIn | None = None,
) -> Callable[[Callable[..., Answer | Work]], Callable[..., Response]]:
    """A view that gets its ``caller`` first, then path, ``query`` and ``body`` as declared, by keyword.

    ``changes_policy``: the view writes functions, customers, groups or permissions, or blocks somebody.
    With ``step_up`` the body carries proof of presence for that operation. The view judges the rest and
    answers with its work, which is done only after the proof, in the unit of work that spends it. ``about``
    names the object of the operation, from the caller and the path.

    ``own`` is the kind of the caller's own data in the answer: it says which credentials may read it. With
    ``way_in`` only a personal session comes through; the use case judges what the way leads to.
    """
    if (about is not None) != (step_up is not None and bool(step_up.names)):
        raise TypeError("An operation on an object declares about=, and no other does.")
    contract = Contract(
        answers, body, query, statuses, optional_body, step_up=step_up, own=own, way_in=way_in
    )

    def decorate(view: Callable[..., Answer | Work]) -> Callable[..., Response]:
        @functools.wraps(view)
        def call(**path: Any) -> Response:
            credential = _read_credential()
            caller = _require_caller(credential)
            edge.accept_long_body(request)
            _note_use(caller)
            if own is not None:
                require_own(caller, own)
            if way_in is not None and not way_in.sometimes:
                ways_in.require_personal(caller, way_in)
            given = contract.read() | read_path_values(path)
            if step_up is not None:
                target = about(caller, **path) if about is not None else {}
                proof, work = read_evidence(step_up, given["body"], target), _get_work(view(caller, **given))
                return respond(reauthentication.run_with_proof(caller, proof, work))
            if not (writes or changes_policy):
                return respond(_answer(view(caller, **given)))
            run = run_policy_change if changes_policy else run_in_transaction
            return respond(run(lambda: _answer(view(_require_caller(credential), **given))))

        call.contract = contract  # type: ignore[attr-defined]
        return call

    return decorate


def public(
    *,
    answers: Any,
    body: type[BaseModel] | None = None,
    query: type[QueryModel] = NoQuery,
    statuses: tuple[int, ...] = (200,),
    also: Mapping[int, type[BaseModel]] | None = None,
    step_up: Operation | None = None,
    way_in: WayIn | None = None,
) -> Callable[[View], Callable[..., Response]]:
    """Register a view that needs no login.
    With ``step_up`` it gets the ``proof``, and identifies its user itself; ``way_in`` is only told.
    """
    contract = Contract(
        answers, body, query, statuses, login=False, step_up=step_up, way_in=way_in, also=also or {}
    )

    def decorate(view: View) -> Callable[..., Response]:
        @functools.wraps(view)
        def call(**path: Any) -> Response:
            given = contract.read() | path
            if step_up is not None:
                given["proof"] = read_evidence(step_up, given["body"], {})
            return respond(view(**given))

        call.contract = contract  # type: ignore[attr-defined]
        return call

    return decorate


def respond(answer: Answer) -> Response:
    """Wrap an answer in the envelope (contract 1.2)."""
    body = build_envelope(
        _to_wire_data(answer.data),
        status=answer.status,
        limit=answer.limit,
        offset=answer.offset,
        count=answer.count,
        metadata=answer.metadata,
    )
    response = jsonify(body)
    response.status_code = answer.status
    response.headers["Cache-Control"] = "no-store"
    if answer.cookie == "":
        cookies.clear_cookie(response, cookies.LOGIN)
    elif answer.cookie is not None:
        cookies.store(response, cookies.LOGIN, answer.cookie)
    if answer.device is not None:
        cookies.store(response, cookies.DEVICE, answer.device)
    return response


def _to_wire_data(data: BaseModel | list[Any] | None) -> Any:
    """Convert to the wire form: every field is present, and null where there is no value."""
    if isinstance(data, list):
        return [_to_wire_data(item) for item in data]
    return data.model_dump(mode="json", by_alias=True) if data is not None else None


def read_evidence(operation: Operation, body: BaseModel, about: Mapping[str, str]) -> Evidence:
    """Read the proof of presence from the body, by the fields that the operation names."""
    sent = {field.alias: getattr(body, name) for name, field in type(body).model_fields.items()}
    password = sent[operation.instead] if operation.instead is not None else None
    return Evidence(operation, password, sent[AUTHORIZATION], about)


def _get_work(result: Answer | Work) -> Work:
    if isinstance(result, Answer):
        raise TypeError("A view with step_up= answers with its work: nothing is done before the proof.")
    return result


def _answer(result: Answer | Work) -> Answer:
    if not isinstance(result, Answer):
        raise TypeError("A view whose work is to be done after proof of presence declares step_up=.")
    return result


def read_path_values(path: dict[str, Any]) -> dict[str, Any]:
    """Read the values in the path. A value longer than any name cannot exist. Raises ``Missing``."""
    if any(len(str(value)) > MOST_PATH_CHARACTERS for value in path.values()):
        raise Missing
    return path


def _read_credential() -> PresentedCredential:
    try:
        credential = edge.find_credential(request)
    except AmbiguousCredential:
        raise Unauthenticated from None
    if credential is None:
        raise Unauthenticated
    return credential


def _require_caller(credential: PresentedCredential) -> Caller:
    """Return the caller if the decision allows the credential. Raises ``Denied``."""
    caller = edge.identify_caller(request, credential)
    if caller is None:
        raise Unauthenticated
    g.argus_caller = caller
    if credential.kind == "cookie":
        csrf.check_csrf(request, caller)
    if not caller.decision:
        raise Denied(caller.decision)
    return caller


def _note_use(caller: Caller) -> None:
    """Record the last use if possible: a busy database must not make the call fail."""
    try:
        if caller.kind == "login":
            login_sessions.note_seen(caller.login_id, caller.login.last_seen_at)
        elif caller.kind == "key":
            apikeys.note_use(caller.key.id, caller.key.last_used_at, caller.contact)
    except Problem:
        return
