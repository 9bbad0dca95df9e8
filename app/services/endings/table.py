"""The one table of what ends what (design decisions 8 and 23), and the writes that carry it out.

Nothing is cascaded: every use joins what it hangs on, so one write ends all that hangs there. An ``Effect``
is such a write with what it ends for good, or a mark that the use case sets itself (blocked, deleted,
disabled) with what the decision refuses because of it. ``TABLE`` gives each event its effects; what none of
them names lives on. ``docs/decisions/005-keys-outlive-a-password.md`` shows the whole matrix.

What ends for a reason outside of an application is told to it, by the effect's ``tells``: applications that
hear of log-outs get them from the outbox (``docs/decisions/046-logout-everywhere.md``).

Not here: what runs out by itself, and rights that are taken away (the decision sees that at the next use).
The first step of a login in two steps holds the session epoch and ends as logins do.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from enum import StrEnum
from typing import Any

from app.services.audit.trail import Actor
from app.services.endings import writes
from app.services.outbox import occurrences
from app.services.outbox.occurrences import About
from app.services.outbox.occurrences import Target


class Event(StrEnum):
    """An event; the text is the reason that audit rows and ended rows store."""

    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    DELETED = "deleted"
    REENABLED = "re-enabled"
    MOVED = "moved"
    ADDRESS_CHANGED = "address changed"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - the name of an event
    PASSWORD_RESET = "password reset"  # noqa: S105 - the name of an event
    METHOD_DISABLED = "method disabled"
    METHOD_ENABLED = "method enabled"
    LOGGED_OUT = "logged out"
    ENDED_BY_NAME = "ended by name"
    ANOTHER_USER = "another user logged in"
    LOGGED_OUT_EVERYWHERE = "logged out everywhere"
    ENDED_BY_ADMINISTRATOR = "ended by an administrator"
    CUSTOMER_DISABLED = "customer disabled"
    CUSTOMER_REENABLED = "customer re-enabled"
    CUSTOMER_MOVED = "customer moved"
    KEY_REVOKED = "key revoked"
    CONSENT_WITHDRAWN = "consent withdrawn"
    CLIENT_DELETED = "client deleted"
    SESSION_ENDED = "application session ended by name"
    APPLICATION_LEFT = "ended by the application"
    TOKEN_REVOKED = "revoked by the client"  # noqa: S105 - the name of an event
    CODE_REPLAYED = "code replayed"
    REFRESH_REPLAYED = "refresh token replayed"


class Thing(StrEnum):
    """A thing that can end. An event about one login,
    key or application session names the first of its kind.
    """

    LOGIN = "login"
    OTHER_LOGIN = "another login"
    MADE_LOGIN = "constrained session of the login"
    IMPERSONATION = "session as somebody else"
    SESSION = "OAuth session of the login"
    BOUGHT_SESSION = "OAuth session the login bought"
    CODE = "code not redeemed"
    REQUEST = "waiting authorize request"
    STEP_UP = "step-up token"
    LINK = "link to a new password"
    KEY = "API key"
    KEY_LOGIN = "constrained session of the key"
    KEY_SESSION = "OAuth session the key bought"
    CONSENT = "consent"
    PERMISSION = "permission"
    MEMBERSHIP = "membership"
    MADE_KEY = "API key made for another"
    MADE_LINK = "reset made for another"


class Fate(StrEnum):
    """What happens to a thing: permanently ended; refused until the event is undone; or unaffected."""

    ENDS = "ends"
    RESTS = "rests"
    LIVES = "lives"


@dataclass(frozen=True, slots=True)
class Effect:
    """A write, with what it ends; or, without ``make``, the effect of a mark that the use case sets.

    ``tells``: what applications are told of, if the write ended something.
    """

    ends: frozenset[Thing] = frozenset()
    rests: frozenset[Thing] = frozenset()
    make: Callable[[Any, str, Actor], bool] | None = None
    tells: About | None = None


def end(event: Event, target: object, actor: Actor) -> bool:
    """Make every write of the event's row, in order; true if one of them ended something.

    ``target`` is what the event is about: a subject, a customer, a key, a consent, a client, or the id of a
    login or an OAuth session. Inside a unit of work.
    """
    ended = False
    for effect in TABLE[event]:
        # Before the write, which raises the epoch.
        told = None if effect.tells is None else NAMED[effect.tells](target)
        done = effect.make is None or effect.make(target, str(event), actor)
        ended |= done and effect.make is not None
        if done and effect.tells is not None and told is not None:
            occurrences.note(effect.tells, told, str(event))
    return ended


def find_lasting_fate(event: Event, thing: Thing) -> Fate:
    """Return what finally happens to the thing if the event is undone again, as far as possible."""
    undo = UNDONE_BY.get(event)
    if undo is not None and find_fate(undo, thing) is Fate.ENDS:
        return Fate.ENDS
    return find_fate(event, thing)


def find_fate(event: Event, thing: Thing) -> Fate:
    """Return what happens to the thing."""
    if any(thing in effect.ends for effect in TABLE[event]):
        return Fate.ENDS
    return Fate.RESTS if any(thing in effect.rests for effect in TABLE[event]) else Fate.LIVES


# How a target is named in the outbox.
NAMED: Mapping[About, Callable[[Any], Target]] = {
    About.LOGIN: lambda login_id: Target(login_id.hex()),
    About.SESSION: lambda session_id: Target(session_id.hex()),
    About.CONSENT: lambda grant: Target(grant.id),
    About.USER: lambda user: Target(str(user.id), user.session_epoch or 0),
    About.CUSTOMER: lambda customer: Target(str(customer.id)),
}
_T = Thing
_UNDER_LOGIN = frozenset(
    {_T.MADE_LOGIN, _T.IMPERSONATION, _T.SESSION, _T.BOUGHT_SESSION, _T.CODE, _T.REQUEST, _T.STEP_UP}
)
_FOR_OTHERS = frozenset({_T.MADE_KEY, _T.MADE_LINK})
_OF_USER = frozenset(Thing) - _FOR_OTHERS

ONE_LOGIN = Effect(_UNDER_LOGIN | {_T.LOGIN}, make=writes.end_login, tells=About.LOGIN)
# The same write, once for each login by that method.
LOGINS_BY_METHOD = replace(ONE_LOGIN, ends=ONE_LOGIN.ends | {_T.OTHER_LOGIN})
ALL_OPEN = Effect(
    _UNDER_LOGIN | {_T.LOGIN, _T.OTHER_LOGIN, _T.KEY_LOGIN, _T.KEY_SESSION},
    make=writes.raise_epoch,
    tells=About.USER,
)
AUTHORIZATIONS = Effect(frozenset({_T.STEP_UP, _T.LINK}), make=writes.spend_tokens)
# By the application itself, which knows; or by somebody else.
OWN_SESSION = Effect(frozenset({_T.SESSION}), make=writes.end_session)
ONE_SESSION = replace(OWN_SESSION, tells=About.SESSION)
ONE_KEY = Effect(frozenset({_T.KEY, _T.KEY_LOGIN, _T.KEY_SESSION}), make=writes.revoke_key)
ONE_CONSENT = Effect(
    frozenset({_T.CONSENT, _T.SESSION, _T.CODE}), make=writes.withdraw_consent, tells=About.CONSENT
)
HOLDINGS = Effect(
    frozenset({_T.KEY, _T.CONSENT, _T.PERMISSION, _T.MEMBERSHIP}) | ONE_KEY.ends | ONE_CONSENT.ends,
    make=writes.end_holdings,
)
WAYS_IN_FOR_OTHERS = Effect(_FOR_OTHERS, make=writes.end_ways_in_for_others)
# Marks. Refused things are not changed, so they work again when the mark is removed.
OUT = Effect(rests=_OF_USER)
CUSTOMER_OUT = replace(OUT, tells=About.CUSTOMER)
# Whoever made a key or a reset for somebody holds nothing there meanwhile: it is judged at every use.
MAKER_OUT = Effect(rests=_FOR_OTHERS)
MUST_CHANGE_PASSWORD = Effect(
    rests=_OF_USER
    - {_T.KEY, _T.KEY_SESSION, _T.PERMISSION, _T.MEMBERSHIP, _T.IMPERSONATION, _T.STEP_UP, _T.LINK},
    tells=About.USER,
)
CLIENT_GONE = Effect(
    frozenset({_T.SESSION, _T.BOUGHT_SESSION, _T.KEY_SESSION, _T.CODE, _T.REQUEST, _T.CONSENT})
)

TABLE: Mapping[Event, tuple[Effect, ...]] = {
    Event.BLOCKED: (OUT, AUTHORIZATIONS, ALL_OPEN, WAYS_IN_FOR_OTHERS),
    Event.UNBLOCKED: (),
    Event.DELETED: (OUT, AUTHORIZATIONS, ALL_OPEN, WAYS_IN_FOR_OTHERS),
    Event.REENABLED: (AUTHORIZATIONS, HOLDINGS),
    Event.MOVED: (),
    Event.ADDRESS_CHANGED: (AUTHORIZATIONS,),
    Event.PASSWORD_CHANGED: (AUTHORIZATIONS, ALL_OPEN),
    Event.PASSWORD_RESET: (MUST_CHANGE_PASSWORD, AUTHORIZATIONS),
    Event.METHOD_DISABLED: (LOGINS_BY_METHOD,),
    Event.METHOD_ENABLED: (),
    Event.LOGGED_OUT: (ONE_LOGIN,),
    Event.ENDED_BY_NAME: (ONE_LOGIN,),
    Event.ANOTHER_USER: (ONE_LOGIN,),
    Event.LOGGED_OUT_EVERYWHERE: (ALL_OPEN,),
    Event.ENDED_BY_ADMINISTRATOR: (ALL_OPEN,),
    Event.CUSTOMER_DISABLED: (CUSTOMER_OUT, MAKER_OUT),
    Event.CUSTOMER_REENABLED: (),
    Event.CUSTOMER_MOVED: (),
    Event.KEY_REVOKED: (ONE_KEY,),
    Event.CONSENT_WITHDRAWN: (ONE_CONSENT,),
    Event.CLIENT_DELETED: (CLIENT_GONE,),
    Event.SESSION_ENDED: (ONE_SESSION,),
    Event.APPLICATION_LEFT: (OWN_SESSION,),
    Event.TOKEN_REVOKED: (OWN_SESSION,),
    Event.CODE_REPLAYED: (ONE_SESSION,),
    Event.REFRESH_REPLAYED: (ONE_SESSION,),
}
# After these events, things that were only refused work again.
UNDONE_BY: Mapping[Event, Event] = {
    Event.BLOCKED: Event.UNBLOCKED,
    Event.DELETED: Event.REENABLED,
    Event.PASSWORD_RESET: Event.PASSWORD_CHANGED,
    Event.METHOD_DISABLED: Event.METHOD_ENABLED,
    Event.CUSTOMER_DISABLED: Event.CUSTOMER_REENABLED,
}
