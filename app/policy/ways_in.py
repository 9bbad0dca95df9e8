"""Handing on, and ways in (design decision 23): the table, and the one check of each.

A session hands on, or takes, only what it could itself use now; a person's own one also what a login by
password could use (``PERSONAL_LEVEL``). A *way in* lets somebody in, or widens what
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

# Up to this level any personal session hands on what is held, and registers applications: the guide's API key
# will do, and a function is of this level unless somebody says otherwise (contract 4.4).
PERSONAL_LEVEL = SecurityLevel.STANDARD


class Lack(StrEnum):
    """What a session lacks."""

    PERSONAL = "a session of the person's own, without limits"
    RIGHTS = "the rights"
    LEVEL = "the security level"


def compute_rights_to_hand_on(q: Question, *, personal: bool) -> Rights:
    """Compute what the session may give or take. ``personal``: a person's own, which nothing narrows."""
    if not personal:
        return compute_effective_rights(q)
    level = max(compute_session_level(q), PERSONAL_LEVEL)
    return limit_to_level(compute_held_rights(q), q.graph, level)


def find_lack(q: Question, rights: Rights, *, personal: bool) -> Lack | None:
    """Return what the session lacks to give or take these rights; ``None`` if nothing is lacking."""
    if compute_rights_to_hand_on(q, personal=personal).covers(rights):
        return None
    return Lack.LEVEL if compute_held_rights(q).covers(rights) else Lack.RIGHTS


def find_lack_for(way: WayIn, q: Question, leads_to: Rights, *, personal: bool) -> Lack | None:
    """Return what the session lacks to open this way in to a user with these rights."""
    if not personal:
        return Lack.PERSONAL
    return find_lack(q, limit_to_level(leads_to, q.graph, way.level), personal=True)


def find_lack_for_client(q: Question, scope: Rights, cap: SecurityLevel, *, personal: bool) -> Lack | None:
    """Return what the session lacks to decide about an application with this scope and highest level."""
    if not personal:
        return Lack.PERSONAL
    if not compute_held_rights(q).covers(scope):
        return Lack.RIGHTS
    return Lack.LEVEL if cap > max(compute_session_level(q), PERSONAL_LEVEL) else None


def may_still_open(way: WayIn, maker: UserFacts, leads_to: Rights, graph: FunctionGraph) -> bool:
    """Tell whether the maker of a key or a link stands, and holds all that it leads to today."""
    stands = not (maker.blocked or maker.deleted or maker.customer_disabled)
    return stands and maker.rights.covers(limit_to_level(leads_to, graph, way.level))


def limit_to_level(rights: Rights, graph: FunctionGraph, level: int) -> Rights:
    """Keep the functions that a session of this level can use."""
    return rights.to_functions(frozenset(f for f in rights.held if graph.levels.get(f, 0) <= level))
