"""The words of the decision: what is asked, what is known, and what is answered.

Frozen values only. Nothing here reads a clock, a database or a request: whoever asks brings the facts of
this moment, and the answer holds for exactly those.
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
    """The moment at which the question is asked."""

    LIST = "list"
    AUTHORIZE = "authorize"
    REDEEM = "redeem"
    REFRESH = "refresh"
    INTROSPECT = "introspect"
    USERINFO = "userinfo"
    API = "api"


class Outcome(StrEnum):
    """One rule's verdict. The text is the wire value of explain."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NOT_APPLICABLE = "notApplicable"


@dataclass(frozen=True, slots=True)
class UserFacts:
    """The person acted for. ``customer_disabled``: the user's own customer, or one above it, is disabled."""

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
    """What the caller presented. Without ``expires_at`` it is a key whose expiry was disabled by name.

    ``bound_to`` is the user's address this credential may be used for alone, ``used_for`` the one it is.
    """

    kind: str
    expires_at: datetime | None = None
    spent: bool = False
    ended: bool = False
    level: SecurityLevel | None = None
    address_ranges: tuple[str, ...] | None = None
    bound_to: str | None = None
    used_for: str | None = None


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """The login (or the API key) that everything below hangs on.

    ``idle_at`` is given only when the login itself is what was presented: OAuth sessions keep themselves
    alive by refreshing (design decision 8). ``superseded``: the password changed, the user was blocked or
    logged out everywhere since.
    """

    level: SecurityLevel
    expires_at: datetime | None = None
    idle_at: datetime | None = None
    ended: bool = False
    superseded: bool = False
    must_change_password: bool = False


@dataclass(frozen=True, slots=True)
class Impersonator:
    """Who acts as the user in question, and the function that lets him (``None``: unknown today)."""

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
    """What a key or a constrained session may do at most; ``None`` is *not constrained in this respect*."""

    functions: frozenset[int] | None = None
    customers: frozenset[int] | None = None
    read_only: bool = False


UNCONSTRAINED = Constraints()


@dataclass(frozen=True, slots=True)
class RightAsked:
    """The function an API call needs; ``customer`` of ``None`` is *for any customer*."""

    function: int | None
    name: str
    customer: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """May this user, at this client, from this address, do this, now?"""

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
    asked: RightAsked | None = None

    def may_name(self, customer: int, rights: Rights | None = None) -> bool:
        """Whether the user may be told of this customer (design decision 13).

        Something is held for it, or he belongs to it or below it. ``rights``: those of a session that may do
        less than its user.
        """
        held = self.user.rights if rights is None else rights
        return held.sees(customer) or self.tree.covers(customer, self.user.customer)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's word; every rule speaks exactly once, in a fixed order.

    ``told`` may be shown to the person refused; ``evidence`` stays with audit and explain.
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
        # A plain object is always true: ``if decide(question):`` must not open the gate.
        return self.allowed


@dataclass(frozen=True, slots=True)
class Missing:
    """A function of the permission scope that the session does not get, and the reason code why."""

    function: int
    reason: str
