"""Step-up tokens: a proof of presence for one operation (contract 3.4, security rule 42).

The text is made and read in ``stepup_text``; its digest is what is stored. It counts once, for one user, one
operation, the object that its context names and the login it was issued in. Only a password reset is bound
to no login: it lets somebody in who has no other way. An administrator issues it, or it goes by mail.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models.directory import User
from app.models.sessions import LoginSession
from app.models.stepup import StepUp
from app.policy.ways_in import PASSWORD
from app.services.access import gate
from app.services.access import reloading
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.login.stepup_operations import SET_PASSWORD
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_operations import Operation
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.tokens import stepup_text
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import is_same_digest
from app.services.tokens.token_text import make_id
from app.services.unit_of_work import run_in_transaction

T = TypeVar("T")
LIFETIME = timedelta(minutes=5)
RESET_LIFETIME = timedelta(hours=24)
KEPT = timedelta(days=1)
MOST_PRUNED = 1000
# The context of what is sent by mail.
MAILED = {"sent": "mail"}


class NotProven(Invalid):
    """The authorization is unknown, for something else, used or expired; the audit row has the reason."""

    def __init__(self, reason: str) -> None:
        sentence = "This authorization is not valid here, or no longer valid. Get a new one."
        super().__init__(FieldProblem("authorization", sentence, "NOT_VALID"))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; its text is returned once."""

    text: str
    operation: Operation
    expires_at: datetime


def issue_token(
    user: User,
    operation: Operation,
    context: Mapping[str, str],
    actor: Actor,
    *,
    login_id: bytes | None,
) -> IssuedToken:
    """Issue a token for one operation, bound to a login; without one, a password reset by an administrator.
    Inside a unit of work, after the proof.
    """
    lifetime = LIFETIME if login_id is not None else RESET_LIFETIME
    return _issue(user, operation, context, actor, login_id, lifetime)


def issue_mailed(user: User, operation: Operation, actor: Actor, lifetime: timedelta) -> IssuedToken:
    """Issue a token that is mailed to the user, bound to no login. Inside a unit of work.

    It replaces only an older one of its kind: a stranger can request it.
    """
    now = clock.now()
    db.session.execute(
        update(StepUp)
        .where(StepUp.user_id == user.id, StepUp.used_at.is_(None), _match_mailed(operation))
        .values(used_at=now)
    )
    return _issue(user, operation, MAILED, actor, None, lifetime)


def count_mailed_since(user: User, operation: Operation, moment: datetime) -> int:
    """Count the tokens for this operation that were mailed to the user since then."""
    statement = select(func.count()).where(
        StepUp.user_id == user.id, StepUp.created_at > moment, _match_mailed(operation)
    )
    return db.session.execute(statement).scalar_one()


def match_old() -> ColumnElement[bool]:
    """Match tokens that expired a day ago."""
    return StepUp.expires_at < clock.now() - KEPT


def prune_tokens() -> None:
    """Delete tokens that expired a day ago; at most ``MOST_PRUNED``, because a person waits.

    Inside a unit of work.
    """
    old = select(StepUp.id).where(match_old()).limit(MOST_PRUNED)
    statement = delete(StepUp).where(StepUp.id.in_(old))
    db.session.execute(statement, execution_options={"synchronize_session": False})


def consume_token(proof: Evidence, user_id: int, login_id: bytes | None) -> None:
    """Use up a token by one conditional statement; inside a unit of work. Raises ``NotProven``."""
    row = require_spendable(proof, user_id, login_id)
    now = clock.now()
    spent = db.session.execute(
        update(StepUp)
        .where(StepUp.id == row.id, StepUp.used_at.is_(None), StepUp.expires_at > now)
        .values(used_at=now)
    )
    if not spent.rowcount:  # type: ignore[attr-defined]
        raise NotProven("step_up_spent")


def require_spendable(proof: Evidence, user_id: int, login_id: bytes | None) -> StepUp:
    """Return the row of a token that this user could use now in this login. Raises ``NotProven``."""
    row = require_valid(proof.authorization or "", proof.operation)
    if row.user_id != user_id or row.login_session_id != login_id:
        raise NotProven("step_up_foreign")
    if not _is_about(row, proof):
        raise NotProven("step_up_other_context")
    return row


def require_spendable_now(proof: Evidence, user_id: int, login_id: bytes | None, actor: Actor) -> None:
    """Require a token that could be used now; else record the refusal. Raises ``NotProven``.

    For what looks at more than the token before it spends it.
    """
    try:
        require_spendable(proof, user_id, login_id)
    except NotProven as problem:
        record_refusal(actor, proof.operation, problem)
        raise


def require_valid(
    text: str,
    operation: Operation,
    *,
    allow_expired: bool = False,
    allow_replay: bool = False,
) -> StepUp:
    """Return the row of a token that is valid for this operation, without using it up.
    Raises ``NotProven``.
    """
    token_id = stepup_text.read(text)
    row = db.session.get(StepUp, token_id, populate_existing=True) if token_id is not None else None
    if row is None or not is_same_digest(row.digest, compute_digest(text)):
        raise NotProven("step_up_unknown")
    if row.operation != operation.name:
        raise NotProven("step_up_other_operation")
    if row.used_at is not None and not allow_replay:
        raise NotProven("step_up_spent")
    if row.expires_at <= clock.now() and not allow_expired:
        raise NotProven("step_up_expired")
    if not ways_in.may_still_open(row.made_by_id, PASSWORD, row.user_id):
        raise NotProven("step_up_outgrown")
    return row


def find_reset_user(text: str, operation: Operation = SET_PASSWORD) -> User | None:
    """Find the user of this password reset, or other link, used or not; ``None`` if it is none."""
    token_id = stepup_text.read(text)
    row = db.session.get(StepUp, token_id) if token_id is not None else None
    if (
        row is None
        or row.operation != operation.name
        or row.login_session_id is not None
        or not is_same_digest(row.digest, compute_digest(text))
    ):
        return None
    return db.session.get_one(User, row.user_id)


def validate_token(
    text: str,
    operation: Operation,
    context: Mapping[str, str],
    *,
    allow_expired: bool,
    allow_replay: bool,
) -> tuple[StepUp, User]:
    """Return content and user of a token, without using it up. Raises ``NotProven``.

    A token whose login has ended is invalid, unless expired ones are requested too.
    """
    row = require_valid(text, operation, allow_expired=allow_expired, allow_replay=allow_replay)
    if any(row.context.get(name) != value for name, value in context.items()):
        raise NotProven("step_up_other_context")
    user = db.session.get_one(User, row.user_id)
    login = db.session.get(LoginSession, row.login_session_id) if row.login_session_id else None
    ended = login is not None and (
        login.ended_at is not None
        or login.expires_at <= clock.now()
        or login.session_epoch != (user.session_epoch or 0)
    )
    if user.deleted_at is not None or (ended and not allow_expired):
        raise NotProven("step_up_login_ended")
    return row, user


def run_spending(proof: Evidence, caller: Caller, work: Callable[[Caller], T]) -> T:
    """Run ``work`` in the unit that uses up the token: both happen, or neither. Raises ``NotProven``."""

    def unit() -> T:
        now = reloading.reload_caller(caller)
        consume_token(proof, caller.user_id, caller.login_id if caller.kind == "login" else None)
        return work(now)

    try:
        return run_in_transaction(unit)
    except NotProven as problem:
        record_refusal(caller.actor, proof.operation, problem)
        raise


def record_refusal(actor: Actor, operation: Operation, problem: NotProven) -> None:
    """Record a refusal in its own unit of work."""
    run_in_transaction(
        lambda: trail.record(
            "step-up",
            actor,
            outcome="refused",
            reasons=[problem.reason],
            detail={"operation": operation.name},
            number=gate.make_decision_number(),
            # Who is logged in has rows of one's own.
            counted=actor.session is None,
        )
    )


def _is_about(row: StepUp, proof: Evidence) -> bool:
    """Tell whether each variable of the context is true of this call (contract 3.4)."""
    context = {name: value for name, value in row.context.items() if name not in MAILED}
    return context.items() <= dict(proof.about).items()


def _match_mailed(operation: Operation) -> ColumnElement[bool]:
    return and_(
        StepUp.operation == operation.name,
        StepUp.login_session_id.is_(None),
        StepUp.context["sent"].as_string() == MAILED["sent"],
    )


def _issue(
    user: User,
    operation: Operation,
    context: Mapping[str, str],
    actor: Actor,
    login_id: bytes | None,
    lifetime: timedelta,
) -> IssuedToken:
    now = clock.now()
    prune_tokens()
    token_id = make_id()
    text = stepup_text.mint(token_id)
    row = StepUp(
        id=token_id,
        digest=compute_digest(text),
        user_id=user.id,
        login_session_id=login_id,
        operation=operation.name,
        context=dict(context),
        made_by_id=actor.id if login_id is None else None,
        created_at=now,
        expires_at=now + lifetime,
    )
    db.session.add(row)
    db.session.flush()
    detail = {"operation": operation.name}
    mailed = context == MAILED  # strangers can have such sent
    trail.record("step-up", actor, user=(user.id, user.short_name), detail=detail, counted=mailed)
    return IssuedToken(text, operation, row.expires_at)
