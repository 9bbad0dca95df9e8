"""The data types of the decision: what is asked, what is known, and what is answered.

All values are frozen. Nothing here reads a clock, a database or a request: the asker supplies the facts of
this moment, and the answer is valid for these facts only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from enum import IntEnum
from enum import StrEnum

from app.policy.rights import NO_RIGHTS
from app.policy.rights import CustomerTree
from app.policy.rights import FunctionGraph
from app.policy.rights import Rights


class SecurityLevel(IntEnum):
    """How strongly a person proved who they are (contract 1.10); ordered, so ``min`` is "the weaker"."""

    EXTERNAL = 1
    STANDARD = 2
    ADMINISTRATIVE = 3


class Leg(StrEnum):
    """The moment at which the decision is made."""

    LIST = "list"
    AUTHORIZE = "authorize"
    REDEEM = "redeem"
    REFRESH = "refresh"
    INTROSPECT = "introspect"
    USERINFO = "userinfo"
    API = "api"


class Outcome(StrEnum):
    """The result of one rule. The text is the wire value of explain."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "notApplicable"


@dataclass(frozen=True, slots=True)
class UserFacts:
    """The user for whom the client acts. ``customer_disabled``:
    the user's customer, or one above it, is disabled.
    """

    id: int
    name: str
    customer: int
    blocked: bool = False
    deleted: bool = False
    customer_disabled: bool = False
    rights: Rights = NO_RIGHTS


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """An OAuth client. ``None`` for a function or scope means *unknown today*, which allows nothing."""

    id: str
    domain: int
    required_function: int | None
    permission_scope: int | None
    customer: int | None = None
    deleted: bool = False
    address_ranges: tuple[str, ...] = ()
    max_level: SecurityLevel = SecurityLevel.EXTERNAL
    name: str = ""


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """The presented credential. Without ``expires_at`` it is a key whose expiry was disabled explicitly.

    ``bound_to`` is the only user address that may use this credential, ``used_for`` the one that uses it.
    ``unproven`` is why the key that it is bound to was not shown: a reason, or ``None`` if nothing is wrong.
    """

    kind: str
    expires_at: datetime | None = None
    spent: bool = False
    ended: bool = False
    level: SecurityLevel | None = None
    address_ranges: tuple[str, ...] | None = None
    bound_to: str | None = None
    used_for: str | None = None
    unproven: str | None = None


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """The login (or API key) that a session depends on.

    ``idle_at`` is given only if the login itself was presented: OAuth sessions stay alive by refreshing
    (design decision 8). ``superseded``: since then the password changed, the user was blocked or logged out
    everywhere.
    """

    level: SecurityLevel
    expires_at: datetime | None = None
    idle_at: datetime | None = None
    ended: bool = False
    superseded: bool = False
    must_change_password: bool = False


@dataclass(frozen=True, slots=True)
class Impersonator:
    """The user who acts as another, and the function that allows it (``None``: unknown today)."""

    user: UserFacts
    function: int | None


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """The consent a user gave a client: for which permission scope, and for which OAuth scopes."""

    permission_scope: int | None
    scopes: frozenset[str]
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Constraints:
    """The limits of a key or a constrained session; ``None`` means *not limited in this respect*."""

    functions: frozenset[int] | None = None
    customers: frozenset[int] | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class RightAsked:
    """The function an API call needs; ``customer`` of ``None`` is *for any customer*."""

    function: int | None
    name: str
    customer: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """May this user, at this client, from this address, do this, now?

    ``maker``: the user who made the API key for somebody else.
    """

    leg: Leg
    now: datetime
    user: UserFacts
    graph: FunctionGraph
    tree: CustomerTree
    client: ClientFacts | None = None
    credential: CredentialFacts | None = None
    login: LoginFacts | None = None
    grant: GrantFacts | None = None
    consent_needed: bool = False
    scopes: frozenset[str] = frozenset()
    address: str | None = None
    constraints: tuple[Constraints, ...] = ()
    impersonator: Impersonator | None = None
    maker: UserFacts | None = None
    asked: RightAsked | None = None

    def may_name(self, customer: int) -> bool:
        """Tell whether the user may be told of this customer (design decision 13).

        The user holds something for it, or belongs to it or below it.
        """
        return self.user.rights.allows_anything(customer) or self.tree.covers(customer, self.user.customer)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one rule. Every rule gives exactly one finding, in a fixed order.

    ``told`` may be shown to the refused person; ``evidence`` only in audit and explain.
    """

    rule: str
    outcome: Outcome
    reason: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: allowed or not, by which findings, and with which effective rights."""

    leg: Leg
    findings: tuple[Finding, ...]
    rights: Rights
    number: str = ""

    @property
    def denials(self) -> tuple[Finding, ...]:
        """The findings that refuse, in order."""
        return tuple(f for f in self.findings if f.outcome is Outcome.FAIL)

    @property
    def allowed(self) -> bool:
        return not self.denials

    def __bool__(self) -> bool:
        # A plain object is always true: ``if decide(question):`` must not be true for a refusal.
        return self.allowed


@dataclass(frozen=True, slots=True)
class MissingFunction:
    """A function of the permission scope that the session does not get, and the reason code."""

    function: int
    reason: str
