"""The browser's login in two steps: the password, and a second factor if needed (decision 015)."""

from __future__ import annotations

from dataclasses import dataclass

from app.models.directory import User
from app.services.access import directory
from app.services.contact import Contact
from app.services.login import login_methods
from app.services.login import password_login
from app.services.login import totp
from app.services.login.login_sessions import PASSWORD
from app.services.login.login_sessions import TOTP
from app.services.login.login_sessions import Proof
from app.services.login.password_login import LoginFailed
from app.services.unit_of_work import run_in_transaction


@dataclass(frozen=True, slots=True)
class VerifiedUser:
    """The user who proved identity, and the session epoch at that time: ending everything later voids it."""

    user_id: int
    epoch: int


def verify_password(
    domain_id: int, name: str, password: str, contact: Contact, *, strongly: bool = False
) -> tuple[VerifiedUser, bool]:
    """Verify the password; returns the user and whether that is enough.
    Raises ``LoginFailed``, ``Throttled``.

    ``strongly``: a second factor is asked for wherever there is one.
    """
    user = password_login.verify_password(domain_id, name, password, contact, proof=_choose_proof)
    who, enough = VerifiedUser(user.id, user.session_epoch or 0), login_methods.is_password_enough(user)
    enough = enough and not (strongly and list_ways(user))
    if not enough:
        run_in_transaction(lambda: password_login.renew_hash(directory.get_user(who.user_id), password))
    return who, enough


def list_ways(user: User) -> tuple[Proof, ...]:
    """List the second factors by which the login can go on."""
    return login_methods.list_second_factors(user)


def get_verified_user(who: VerifiedUser) -> User:
    """Return the user while the first step is valid. Raises ``LoginFailed``."""
    user = directory.get_user(who.user_id)
    if user.deleted_at is not None or who.epoch != (user.session_epoch or 0):
        raise LoginFailed
    return user


def verify_code(who: VerifiedUser, code: str, contact: Contact) -> None:
    """Require the current one-time code. Raises as ``totp.spend_code`` does, and ``LoginFailed``."""
    user = get_verified_user(who)
    why = password_login.find_login_obstacle(user, TOTP)
    if why is not None:
        password_login.note_refusal(user, why, contact, TOTP)
        raise LoginFailed
    totp.spend_code(user, code, contact)


def _choose_proof(user: User) -> Proof:
    """Return the proof of this user's browser login: by the second step, if there is one."""
    return PASSWORD if login_methods.is_password_enough(user) else list_ways(user)[0]
