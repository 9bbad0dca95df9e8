"""What should happen, in a few lines: users, rights, clients, logins, consents, tokens; no database.

It knows the rules from the design only, and nothing of ``app``. Time is in seconds. Every function is
``external`` and every client accepts password logins, so that levels never matter here.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

CODE_SECONDS, ACCESS_SECONDS, LEEWAY = 60, 300, 5
REFRESH_SECONDS, GRACE_SECONDS = 1_800, 10
LOGIN_SECONDS, IDLE_SECONDS, SEEN_SECONDS = 43_200, 3_600, 60


@dataclass(eq=False)
class User:
    name: str
    home: str
    password: str = ""
    blocked: bool = False
    epoch: int = 0


@dataclass(eq=False)
class Client:
    id: str
    name: str
    customer: str | None
    required: str
    scope: str
    permitted: set[str]
    reachable: bool = True
    deleted: bool = False


@dataclass(eq=False)
class Login:
    user: User
    token: str
    epoch: int
    until: float
    seen: float
    ended: bool = False


@dataclass(eq=False)
class Grant:
    user: User
    client: Client
    scope: str
    scopes: set[str]
    withdrawn: bool = False


@dataclass(eq=False)
class Code:
    text: str
    login: Login
    grant: Grant
    scopes: set[str]
    until: float
    session: Session | None = None


@dataclass(eq=False)
class Token:
    text: str
    kind: str
    session: Session
    generation: int


@dataclass(eq=False)
class Session:
    login: Login
    grant: Grant
    scopes: set[str]
    generation: int = 0
    rotated: float = 0
    access_until: float = 0
    refresh_until: float = 0
    ended: bool = False


@dataclass
class Model:
    """Everything there is, and what follows from it now."""

    parents: dict[str, str | None]
    now: float = 0
    edges: set[tuple[str, str]] = field(default_factory=set)
    permissions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    grants: list[Grant] = field(default_factory=list)

    # --- rights ------------------------------------------------------------------------------------------

    def below(self, function: str) -> set[str]:
        """The function and all that it bundles."""
        found, waiting = set[str](), [function]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += [child for parent, child in self.edges if parent == one]
        return found

    def above(self, customer: str) -> list[str]:
        """The customer and all above it."""
        line, one = [], str(customer) or None
        while one is not None:
            line.append(one)
            one = self.parents[one]
        return line

    def stands(self, customer: str) -> bool:
        return self.disabled.isdisjoint(self.above(customer))

    def holds(self, user: User, function: str, customer: str) -> bool:
        line = self.above(customer)
        return self.stands(customer) and any(
            who == user.name and function in self.below(what) and where in line
            for who, what, where in self.permissions
        )

    # --- what lives --------------------------------------------------------------------------------------

    def may_be_here(self, user: User) -> bool:
        return not user.blocked and self.stands(user.home)

    def is_login_open(self, login: Login) -> bool:
        return not login.ended and login.epoch == login.user.epoch and self.now < login.until

    def is_login_usable(self, login: Login) -> bool:
        """Presented itself: the idle limit counts."""
        here = self.may_be_here(login.user) and self.is_login_open(login)
        return here and self.now < login.seen + IDLE_SECONDS

    def may_enter(self, user: User, client: Client) -> bool:
        """Whether the user may use the client at all."""
        at = [client.customer] if client.customer is not None else list(self.parents)
        entitled = any(self.holds(user, client.required, customer) for customer in at)
        return self.may_be_here(user) and not client.deleted and entitled

    def covers(self, grant: Grant, scopes: set[str]) -> bool:
        within = grant.client.scope in self.below(grant.scope)
        return not grant.withdrawn and within and scopes <= grant.scopes

    def answers(self, client: Client) -> bool:
        """Whether the client gets any answer at the token endpoint."""
        return not client.deleted and client.reachable

    def may_go_on(self, login: Login, grant: Grant, scopes: set[str]) -> bool:
        """All that a code or a session hangs on, except itself."""
        return (
            self.answers(grant.client)
            and self.may_enter(login.user, grant.client)
            and self.is_login_open(login)
            and self.covers(grant, scopes)
        )

    def is_redeemable(self, code: Code) -> bool:
        fresh = code.session is None and self.now < code.until
        return fresh and self.may_go_on(code.login, code.grant, code.scopes)

    def is_session_open(self, session: Session) -> bool:
        return not session.ended and self.may_go_on(session.login, session.grant, session.scopes)

    def is_access_live(self, token: Token) -> bool:
        session = token.session
        fresh = token.generation == session.generation and self.now < session.access_until + LEEWAY
        return fresh and self.is_session_open(session)

    def is_refresh_live(self, token: Token) -> bool:
        session = token.session
        fresh = token.generation == session.generation and self.now < session.refresh_until
        return fresh and self.is_session_open(session)

    def is_repeated(self, token: Token) -> bool:
        """The predecessor, within the time in which its answer is given again."""
        session = token.session
        previous = token.generation + 1 == session.generation
        return previous and self.now - session.rotated < GRACE_SECONDS

    def may_refresh(self, token: Token) -> bool:
        session = token.session
        known = token.generation == session.generation or self.is_repeated(token)
        return known and self.now < session.refresh_until and self.is_session_open(session)

    def may_do(self, token: Token, function: str, customer: str) -> bool:
        """Whether an access token that lives may use this function for this customer."""
        client = token.session.grant.client
        within = client.customer is None or client.customer in self.above(customer)
        user = token.session.login.user
        return within and function in self.below(client.scope) and self.holds(user, function, customer)

    # --- what happens ------------------------------------------------------------------------------------

    def approve(self, login: Login, client: Client, scopes: set[str]) -> Grant:
        for grant in self.grants:
            if grant.user is login.user and grant.client is client and not grant.withdrawn:
                grant.scope = client.scope
                grant.scopes |= scopes
                return grant
        self.grants.append(Grant(login.user, client, client.scope, set(scopes)))
        return self.grants[-1]

    def open_session(self, code: Code) -> Session:
        permitted = code.grant.client.permitted
        code.session = Session(code.login, code.grant, code.scopes & permitted)
        self._renew(code.session)
        return code.session

    def rotate(self, session: Session) -> None:
        session.generation += 1
        self._renew(session)

    def _renew(self, session: Session) -> None:
        end = session.login.until
        session.rotated = self.now
        session.access_until = min(self.now + ACCESS_SECONDS, end)
        session.refresh_until = min(self.now + REFRESH_SECONDS, end)
