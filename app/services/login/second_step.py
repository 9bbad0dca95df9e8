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
from app.services.login.login_sessions import SIGNATURE
from app.services.login.login_sessions import TOTP
from app.services.login.login_sessions import Proof
from app.services.login.password_login import LoginFailed
from app.services.unit_of_work import write


@dataclass(frozen=True, slots=True)
class Verified:
    """The user who proved identity, and the session epoch at that time: ending everything later voids it."""

    user_id: int
    epoch: int


def by_password(domain_id: int, name: str, password: str, contact: Contact) -> tuple[Verified, bool]:
    """Verify the password; returns the user and whether that is enough.
    Raises ``LoginFailed``, ``Throttled``.
    """
    user = password_login.verify_password(domain_id, name, password, contact, proof=_login_of)
    who, enough = Verified(user.id, user.session_epoch or 0), not ways(user)
    if not enough:
        write(lambda: password_login.renew_hash(directory.user_by_id(who.user_id), password))
    return who, enough


def ways(user: User) -> tuple[Proof, ...]:
    """List the second factors of this user: set up, and not disabled by an administrator."""
    usable = {one.name for one in login_methods.methods_of(user) if one.initialized and one.enabled}
    return tuple(proof for proof in (TOTP, SIGNATURE) if proof.method in usable)


def owner(who: Verified) -> User:
    """Return the user while the first step is valid. Raises ``LoginFailed``."""
    user = directory.user_by_id(who.user_id)
    if user.deleted_at is not None or who.epoch != (user.session_epoch or 0):
        raise LoginFailed
    return user


def by_code(who: Verified, code: str, contact: Contact) -> None:
    """Require the current one-time code. Raises as ``totp.spend`` does, and ``LoginFailed``."""
    user = owner(who)
    why = password_login.why_not(user, TOTP)
    if why is not None:
        password_login.note_refusal(user, why, contact, TOTP)
        raise LoginFailed
    totp.spend(user, code, contact, for_login=True)


def _login_of(user: User) -> Proof:
    """Return the proof of this user's browser login: by the second step, if there is one."""
    return next(iter(ways(user)), PASSWORD)
