"""Password changes: by the owner in an own login, or by an authorization without a login (contract 3.5)."""

from __future__ import annotations

from collections.abc import Callable

from app.models.directory import User
from app.services.access import directory
from app.services.access import reloading
from app.services.access.callers import Caller
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.login import password_login
from app.services.login import reauthentication
from app.services.login import stepup_tokens
from app.services.login.passwords import passwords
from app.services.login.stepup_operations import Evidence
from app.services.login.stepup_tokens import NotProven
from app.services.problems import Denied
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.unit_of_work import run_in_transaction


def require_owner(caller: Caller) -> None:
    """Require a person's own live login; it may be one that can only change the password (rule 41).

    Raises ``Denied``, ``NotInteractive``.
    """
    require_standing(caller)
    reauthentication.require_interactive(caller)


def require_standing(caller: Caller) -> None:
    """Require that nothing refuses the caller except the duty to change the password. Raises ``Denied``."""
    if not caller.decision and not must_change(caller):
        raise Denied(caller.decision)


def must_change(caller: Caller) -> bool:
    """Tell whether the login is live but can only change the password."""
    return [finding.reason for finding in caller.decision.denials] == ["password_change_required"]


def change_by_owner(caller: Caller, new_password: str, proof: Evidence) -> None:
    """Change the password after the old password or an authorization for ``password.set``; every login ends.

    Raises ``Invalid`` naming ``oldPassword``, ``newPassword`` or ``authorization``; ``Denied``,
    ``Throttled``. Opens its own unit of work.
    """
    require_owner(caller)
    user = directory.get_user(caller.user_id)
    if proof.authorization is None:
        reauthentication.prove_by_own_password(caller, proof)
    else:
        # Checked before the new password, because errors about the new one could reveal the old one.
        stepup_tokens.require_spendable_now(proof, user.id, caller.login_id, caller.actor)
    hashed = _hash_password(user, new_password)

    def work() -> None:
        now = reloading.find_again(caller)
        require_owner(now)
        if proof.authorization is not None:
            stepup_tokens.consume_token(proof, now.user_id, now.login_id)
        password_login.store_password(directory.get_user(now.user_id), hashed, now.actor)

    _store_password(work, caller.actor, proof)


def change_by_reset(user: User, new_password: str, proof: Evidence, contact: Contact) -> None:
    """Change the password by an authorization without a login; it is used up. Raises ``Invalid``.

    Opens its own unit of work.
    """
    user_id = user.id
    actor = Actor(user.id, user.short_name, contact=contact)
    stepup_tokens.require_spendable_now(proof, user.id, None, actor)
    hashed = _hash_password(user, new_password)

    def work() -> None:
        now = directory.get_user(user_id)
        why = password_login.find_login_obstacle(now, None)
        if why is not None:
            raise NotProven(why)
        stepup_tokens.consume_token(proof, user_id, None)
        password_login.store_password(now, hashed, actor)

    _store_password(work, actor, proof)


def _store_password(work: Callable[[], None], actor: Actor, proof: Evidence) -> None:
    try:
        run_in_transaction(work)
    except NotProven as problem:
        stepup_tokens.record_refusal(actor, proof.operation, problem)
        raise


def _hash_password(user: User, password: str) -> str:
    """Compute the hash to store; slow, so not under a lock. Raises ``Invalid``."""
    hashed = password_login.hash_password(password, user)
    if passwords().verify(user.password_hash, password):
        problem = "This is the password you have. Choose another."
        raise Invalid(FieldProblem("newPassword", problem, "HISTORIC_PASSWORD"))
    return hashed
