"""Proof of presence: the user of an open session authenticates again (contract 3.4, rule 42).

This module knows which session may do it, by which method, and runs the proven work in one unit.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from app import clock
from app.policy.facts import SecurityLevel
from app.services.access import directory
from app.services.access import reloading
from app.services.access.callers import Caller
from app.services.login import login_methods
from app.services.login import passkey_ceremonies
from app.services.login import password_login
from app.services.login import stepup_tokens
from app.services.login import totp
from app.services.login.login_sessions import Proof
from app.services.login.passkey_assertions import Assertion
from app.services.login.passkey_ceremonies import NotSigned
from app.services.login.password_login import LoginFailed
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_operations import Operation
from app.services.login.totp import CodeReused
from app.services.login.totp import WrongCode
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import NotInteractive
from app.services.problems import NotPersonal
from app.services.problems import Problem
from app.services.problems import StrongerLoginNeeded
from app.services.unit_of_work import run_in_transaction

T = TypeVar("T")
FRESH = timedelta(minutes=10)
REUSED = "This code was used already. Wait for the next one."


class OtherMethodNeeded(Problem):
    """The proof must use the method that started the session."""

    status = 403
    code = "OTHER_METHOD"
    sentence = "Prove it the way you logged in to this session."
    page_status = 412


def require_interactive(caller: Caller) -> None:
    """Require a person's own login (security rules 36, 54). Raises ``NotInteractive``."""
    if not caller.is_interactive:
        raise NotInteractive


def require_personal(caller: Caller) -> None:
    """Require a person's own login or unconstrained API key (rule 54). Raises ``NotPersonal``."""
    if not caller.is_personal:
        raise NotPersonal


def require_strong_login(caller: Caller) -> None:
    """Require a person's own login; if a second factor exists, one that used a second factor.

    Otherwise a thief of the password could replace the owner's second factor. Raises ``NotInteractive``,
    ``StrongerLoginNeeded``.
    """
    require_interactive(caller)
    if not is_strong_enough(caller):
        raise StrongerLoginNeeded


def is_strong_enough(caller: Caller) -> bool:
    """Tell whether this login may change second factors: there is none yet, or the login used one."""
    strong = caller.login.security_level >= SecurityLevel.ADMINISTRATIVE
    return strong or not login_methods.has_second_factor(caller.user_id)


def is_fresh(caller: Caller) -> bool:
    """Tell whether a person's own login was begun or re-opened in the last ten minutes."""
    return caller.is_interactive and clock.now() - caller.login.authenticated_at <= FRESH


def require_method(caller: Caller, proof: Proof) -> None:
    """Require a person's own login that was begun by this method. Raises ``Problem``."""
    require_interactive(caller)
    if caller.login.method != proof.method:
        raise OtherMethodNeeded


def prove_by_password(caller: Caller, password: str, field: str = "password") -> None:
    """Require the caller's own password. Not under a lock. Raises ``Invalid``, ``Throttled``."""
    try:
        password_login.verify_password(
            caller.domain_id, caller.user_name, password, caller.contact, session=caller.session_label
        )
    except LoginFailed:
        raise Invalid(FieldProblem(field, "This is not your password.", "WRONG")) from None


def prove_by_code(caller: Caller, code: str, field: str = "tokenCode") -> None:
    """Require the caller's current one-time code. Raises ``Invalid``, ``Throttled``."""
    try:
        totp.spend_code(
            directory.get_user(caller.user_id), code, caller.contact, session=caller.session_label
        )
    except WrongCode:
        raise Invalid(
            FieldProblem(field, "Wrong code. Enter the six digits that the app shows now.", "WRONG")
        ) from None
    except CodeReused:
        raise Invalid(FieldProblem(field, REUSED, "REUSED")) from None


def prove_by_passkey(caller: Caller, assertion: Assertion, field: str = "signature") -> None:
    """Require the caller's own passkey. Raises ``Invalid``."""
    try:
        passkey_ceremonies.prove_presence(caller, assertion)
    except NotSigned:
        raise Invalid(FieldProblem(field, "This does not prove your passkey.", "WRONG")) from None


def prove_by_own_password(caller: Caller, proof: Evidence) -> None:
    """Require the password that was sent instead of an authorization. Raises as
    ``prove_by_password``."""
    field = proof.operation.fields[0]
    if proof.password is None:
        raise Invalid(FieldProblem(field, "Send your password once more.", "MISSING"))
    prove_by_password(caller, proof.password, field)


def issue_authorization(
    caller: Caller, operation: Operation, context: Mapping[str, str], prove: Callable[[], None]
) -> stepup_tokens.IssuedToken:
    """Issue the authorization for one operation, on the object that ``context`` names, after ``prove``.

    Opens its own unit of work.
    """
    prove()

    def work() -> stepup_tokens.IssuedToken:
        now = reloading.reload_caller(caller)
        user = directory.get_user(now.user_id)
        return stepup_tokens.issue_token(user, operation, context, now.actor, login_id=now.login_id)

    return run_in_transaction(work)


def run_with_proof(caller: Caller, proof: Evidence, work: Callable[[Caller], T]) -> T:
    """Run ``work`` in one unit after a proof of presence:
    the password, or an authorization, which is used up.

    Raises ``Invalid`` naming what is missing or wrong.
    """
    if proof.authorization is not None:
        return stepup_tokens.run_spending(proof, caller, work)
    prove_by_own_password(caller, proof)
    return run_in_transaction(lambda: work(reloading.reload_caller(caller)))
