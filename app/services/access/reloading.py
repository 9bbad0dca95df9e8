"""The caller again, inside a unit of work: as it was while no fact moved, else judged anew (decision 38)."""

from __future__ import annotations

from datetime import timedelta

from app import clock
from app.services.access import credential_rows
from app.services.access import presented
from app.services.access.callers import Caller
from app.services.access.credential_parts import UserRow
from app.services.problems import Denied
from app.services.problems import Unauthenticated
from app.services.unit_of_work import have_rights_moved

# How long a decision stands while nothing that it was made from changes, the passing of time aside.
STANDS = timedelta(seconds=1)


def reload_caller(caller: Caller) -> Caller:
    """Load the same credential with current facts, for the decision inside a unit of work.

    Raises ``Denied`` unless it is still accepted, ``Unauthenticated`` if it is gone.
    """
    now = find_again(caller)
    if not now.decision:
        raise Denied(now.decision)
    return now


def find_again(caller: Caller) -> Caller:
    """As ``reload_caller``, but judge nothing: for a login that may only change the password.

    Returns ``caller`` itself if every fact is still as it was a moment ago: then its decision stands.
    """
    row = _load_row_again(caller)
    if row is None:
        raise Unauthenticated
    is_fresh = clock.now() - caller.question.now < STANDS and not have_rights_moved()
    if is_fresh and row == caller.row:
        return caller
    find = presented.find_by_key if caller.kind == "key" else presented.from_token
    now = find(caller.token, caller.contact, caller.question.leg)
    if now is None:
        raise Unauthenticated
    return now


def _load_row_again(caller: Caller) -> UserRow | None:
    if caller.kind == "oauth":
        return credential_rows.load_session_row(caller.session.oauth.id)
    if caller.kind == "login":
        return credential_rows.load_login_row(caller.login_id)
    return credential_rows.load_key_row(caller.user_id, caller.key.key_number)
