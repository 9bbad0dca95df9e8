"""Handing on, and ways in (design decision 23): the table, and the one check of each.

A session hands on, or takes, only what it could itself use now. A *way in* lets somebody in, or widens what
an application gets; it needs a session that no limit narrows and that could itself use all that the way
leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.policy.effective import compute_effective_rights
from app.policy.effective import compute_held_rights
from app.policy.effective import compute_session_level
from app.policy.facts import Question
from app.policy.facts import SecurityLevel
from app.policy.facts import UserFacts
from app.policy.rights import FunctionGraph
from app.policy.rights import Rights


@dataclass(frozen=True, slots=True)
class WayIn:
    """One kind of way in. ``level``: the highest at which whoever comes this way can act; a first login can
    enrol a second factor.

    ``sometimes``: its calls also do other things; the use case tells which request is a way in.
    """

    name: str
    words: str
    level: SecurityLevel = SecurityLevel.ADMINISTRATIVE
    sometimes: bool = False


ACCOUNT = WayIn("account", "an address or a login in the browser for a user", sometimes=True)
RETURN = WayIn("return", "who was shut out comes back")
PASSWORD = WayIn("password", "a new password, or a link to one")
FACTOR = WayIn("factor", "a second factor, or one less")
METHOD = WayIn("method", "a login method that is switched on or off")
KEY = WayIn("key", "an API key, which acts at the lowest level", SecurityLevel.EXTERNAL)
CLIENT = WayIn("client", "what an application gets, and on what terms")
ALL = (ACCOUNT, RETURN, PASSWORD, FACTOR, METHOD, KEY, CLIENT)

# An application capped at this level is registered by any personal session: the guide's API key will do.
CLIENT_CAP_FOR_ALL = SecurityLevel.STANDARD


class Lack(StrEnum):
    """What a session lacks."""

    PERSONAL = "a session of the person's own, without limits"
    RIGHTS = "the rights"
    LEVEL = "the security level"


def find_lack(q: Question, rights: Rights) -> Lack | None:
    """Return what the session lacks to give or take these rights; ``None`` if it could use them all now."""
    if compute_effective_rights(q).covers(rights):
        return None
    return Lack.LEVEL if compute_held_rights(q).covers(rights) else Lack.RIGHTS


def find_lack_for(way: WayIn, q: Question, leads_to: Rights, *, personal: bool) -> Lack | None:
    """Return what the session lacks to open this way in to a user with these rights.

    ``personal``: it is a person's own login or key, and nothing narrows it.
    """
    return find_lack(q, limit_to_level(leads_to, q.graph, way.level)) if personal else Lack.PERSONAL


def find_lack_for_client(q: Question, scope: Rights, cap: SecurityLevel, *, personal: bool) -> Lack | None:
    """Return what the session lacks to decide about an application with this scope and highest level."""
    if not personal:
        return Lack.PERSONAL
    if not compute_held_rights(q).covers(scope):
        return Lack.RIGHTS
    return Lack.LEVEL if cap > max(compute_session_level(q), CLIENT_CAP_FOR_ALL) else None


def may_still_open(way: WayIn, maker: UserFacts, leads_to: Rights, graph: FunctionGraph) -> bool:
    """Tell whether the maker of a key or a link stands, and holds all that it leads to today."""
    stands = not (maker.blocked or maker.deleted or maker.customer_disabled)
    return stands and maker.rights.covers(limit_to_level(leads_to, graph, way.level))


def limit_to_level(rights: Rights, graph: FunctionGraph, level: SecurityLevel) -> Rights:
    """Keep the functions that a session of this level can use."""
    return rights.to_functions(frozenset(f for f in rights.held if graph.levels.get(f, 0) <= level))
