"""What a credential reads of its own user (decision 027).

A person's own login or unlimited key reads all of it. Whatever else acts for the user may be in the hands of
somebody else: it reads what its OAuth scopes say, and further only what its functions open.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.policy.claims import SCOPES
from app.policy.scopes import keep_permitted
from app.services.access.callers import Caller
from app.services.access.facts import RequiredRight
from app.services.guards import Guard
from app.services.problems import NotInteractive

# What no scope tells of a user.
REST = "rest"
EVERYTHING = frozenset({REST, *(scope.name for scope in SCOPES)})
# Who acts, for a session or key that was given less than its user has, and for an impersonator.
IDENTITY = frozenset({"profile", "customer"})


class Own(StrEnum):
    """The kind of own data that a call answers."""

    IDENTITY = "who it is: every credential, with as many fields as ``list_readable`` says"
    PROFILE = "groups and preferences"
    PERMISSIONS = "permissions, which session constraints do not reduce (contract 4.2)"
    EVENTS = "when and from where the user logged in"
    CREDENTIALS = "keys, passkeys, ways to log in and sessions"


# The function that opens the same data of any user; none opens credentials to anybody but the person.
OPENED_BY: Mapping[Own, Guard] = {
    Own.PROFILE: Guard.VIEW_USERS,
    Own.PERMISSIONS: Guard.VIEW_PERMISSIONS,
    Own.EVENTS: Guard.VIEW_USER_AUTHENTICATION_EVENTS,
}


def require_own(caller: Caller, own: Own) -> None:
    """Require that the caller may read this kind of its own user's data. Raises ``Denied``,
    ``NotInteractive``.
    """
    if own is Own.IDENTITY or caller.is_personal:
        return
    if own is Own.PERMISSIONS and caller.kind != "oauth" and not caller.is_impersonated:
        return
    guard = OPENED_BY.get(own)
    if guard is None or caller.is_impersonated:
        raise NotInteractive
    caller.require(guard, caller.question.user.customer)


def list_readable(caller: Caller) -> frozenset[str]:
    """List the scopes whose claims the caller may read of its own user, and ``REST``."""
    if caller.is_personal:
        return EVERYTHING
    at = caller.question.user.customer
    if not caller.is_impersonated and caller.allows(RequiredRight(Guard.VIEW_USERS, at)):
        return EVERYTHING
    if caller.kind != "oauth":
        return IDENTITY
    row = caller.session
    return frozenset(keep_permitted(row.oauth.access_scopes, row.client.permitted_scopes))
