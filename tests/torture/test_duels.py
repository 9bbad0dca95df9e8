"""Two things at once, by two worker processes, on both databases: each pair many times.

Whoever comes first, afterwards nothing lives that should not, and nobody sees a 5xx. What ``tests/races/``
tries with many at once is tried here by two, and for more pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.races.test_races import at_once
from tests.servers import own_postgres
from tests.servers import running
from tests.torture.scale import figure
from tests.torture.use_cases import API
from tests.torture.use_cases import Reply
from tests.torture.use_cases import Stage
from tests.torture.use_cases import bearer
from tests.torture.use_cases import build_stage

pytestmark = [pytest.mark.server, pytest.mark.race]
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
# Whoever may enter, what else the application's role bundles, and that role.
FUNCTION, OTHER, ROLE = "useDuel", "readDuel", "DUEL-ROLE"
SCOPES = ["openid", "profile"]
REDIRECT = "https://app.example.com/callback"
CUSTOMER, FUNCTIONS, PERMISSION, USER = (
    "/customeradmin/v2/customer",
    "/useradmin/v2/function",
    "/useradmin/v2/permission",
    "/useradmin/v2/user",
)


class Arena:
    """A server of two workers with one application and one person of its own, whom each duel may ruin."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.serial = 0
        # The administrator's; of the last one that is left, once administrators have fought.
        self.last, self.credential = "admin", {"Argus-API-Key": stage.key}
        for name in (FUNCTION, OTHER, ROLE):
            new = {"name": name, "parent": "ALL-FUNCTIONS", "minimumSecurityLevel": "external"}
            self.does("POST", FUNCTIONS, new | {"role": name == ROLE})
        self.does("POST", f"{FUNCTIONS}/{ROLE}/children", {"children": [FUNCTION, OTHER]})
        stage.redirect = REDIRECT
        stage.user, stage.password = "duellist", self.enrols("duellist")
        self.grants()
        self.registers()

    def enrols(self, name: str) -> str:
        """A new user; the password."""
        self.does("POST", USER, {"shortName": name, "name": name, "customer": "root"})
        reset = self.does("PUT", f"{API}/user/{name}/password/reset")
        password = self.names("the first of so many")
        body = {"newPassword": password, "authorization": reset["authorization"]}
        self.does("PUT", f"{API}/password", body)
        return password

    def enrols_administrator(self) -> tuple[str, dict[str, str]]:
        """A new administrator: the name, and a login."""
        name = self.names("chief")
        password = self.enrols(name)
        self.does("POST", PERMISSION, {"subject": name, "function": "ALL-FUNCTIONS", "customer": "root"})
        body = {"userName": name, "password": password}
        told = self.does("POST", f"{API}/password/authentication", body)
        return name, bearer(told["credentials"]["requestCredentialsData"])

    def names(self, word: str) -> str:
        self.serial += 1
        return f"{word}-{self.serial}"

    def does(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        reply = self.calls(method, path, body)
        assert reply.status in (200, 201, 220), reply.text
        return reply.data["data"] or {}

    def calls(self, method: str, path: str, body: Any = None) -> Reply:
        """As administrator."""
        options = {} if body is None else {"json": body}
        return self.stage.send(method, path, headers=self.credential, **options)

    def grants(self) -> None:
        new = {"subject": "duellist", "function": ROLE, "customer": "root"}
        self.permission = self.does("POST", PERMISSION, new)["id"]

    def registers(self) -> None:
        new = {
            "shortName": self.names("duel"), "name": "Duel", "description": "An application",
            "mainURI": "https://app.example.com/", "redirectURIs": [REDIRECT],
            "authenticationMethod": "password", "clientSecret": self.stage.secret,
            "requiredFunction": FUNCTION, "permissionScope": ROLE, "permittedScopes": SCOPES,
            "clientIPRange": ["127.0.0.1/32"], "maxSecurityLevel": "standard",
        }  # fmt: skip
        self.stage.client_id = self.does("POST", f"{API}/oauth/client", new)["id"]

    # --- the other side ----------------------------------------------------------------------------------

    def blocks(self) -> Reply:
        return self.calls("PUT", f"{API}/user/duellist/block", {"comment": "duel"})

    def withdraws(self) -> Reply:
        """The permission, not the consent."""
        return self.calls("DELETE", f"{PERMISSION}/{self.permission}")

    def updates_client(self, **changes: Any) -> Reply:
        return self.calls("PUT", f"{API}/oauth/client/{self.stage.client_id}", changes)

    def may(self, access_token: str, function: str) -> int:
        """What a call with this token that needs the function is answered."""
        path = f"{API}/session/permission/{function}/root"
        return self.stage.send("GET", path, headers=bearer(access_token)).status

    def deletes_client(self) -> Reply:
        return self.calls("DELETE", f"{API}/oauth/client/{self.stage.client_id}")

    def repairs(self) -> None:
        """Everybody can play again."""
        self.calls("PUT", f"{API}/user/duellist/unblock", {})
        if self.calls("GET", f"{API}/oauth/client/{self.stage.client_id}").status == 404:
            self.registers()
        else:
            assert self.updates_client(permissionScope=ROLE, permittedScopes=SCOPES).status in (200, 220)
        held = self.calls("GET", f"{PERMISSION}?subject=duellist&includeFunctionAscendants=false")
        if str(self.permission) not in {str(one["id"]) for one in held.data["data"]}:
            self.grants()

    def is_dead(self, tokens: dict[str, Any]) -> bool:
        return not self.stage.lives(tokens["access_token"]) and self.stage.refreshes(
            tokens["refresh_token"]
        ).status in (400, 401)


def _won(answers: list[Reply], *statuses: int) -> list[dict[str, Any]]:
    """The token answers among these; every other answer is a refusal of these statuses."""
    assert {a.status for a in answers} <= {200, *statuses}, [a.text for a in answers]
    return [a.data for a in answers if "access_token" in a.data]


def redeem_redeem(arena: Arena) -> None:
    """One of two gets tokens, and the other's replay ends them."""
    stage = arena.stage
    code = stage.gets_code(stage.logs_in())
    won = _won(at_once([lambda: stage.redeems(code)] * 2), 400)
    assert len(won) == 1
    assert arena.is_dead(won[0])


def refresh_refresh(arena: Arena) -> None:
    """Both get the same successor, which lives; the old access token does not."""
    stage = arena.stage
    tokens = stage.obtains(stage.logs_in())
    won = _won(at_once([lambda: stage.refreshes(tokens["refresh_token"])] * 2))
    assert won[0]["access_token"] == won[1]["access_token"]
    assert won[0]["refresh_token"] == won[1]["refresh_token"]
    assert stage.lives(won[0]["access_token"])
    assert not stage.lives(tokens["access_token"])


def refresh_log_out(arena: Arena) -> None:
    stage = arena.stage
    login = stage.logs_in()
    tokens = stage.obtains(login)
    answers = at_once(
        [
            lambda: stage.refreshes(tokens["refresh_token"]),
            lambda: stage.send("DELETE", f"{API}/session", headers=bearer(login)),
        ]
    )
    assert answers[1].status == 200, answers[1].text
    assert all(arena.is_dead(one) for one in [tokens, *_won(answers, 400)])


def approve_block(arena: Arena) -> None:
    """No code of a blocked person can be redeemed, and none after the block is undone."""
    stage = arena.stage
    login = stage.logs_in()
    answers = at_once([lambda: stage.approves(login), arena.blocks])
    assert answers[1].status == 200, answers[1].text
    assert answers[0].status in (201, 401, 403), answers[0].text
    codes = [a.data["data"]["authorizationCode"] for a in answers if a.status == 201]
    assert {stage.redeems(code).status for code in codes} <= {400}
    arena.repairs()
    assert {stage.redeems(code).status for code in codes} <= {400}
    assert not stage.lives(login)


def redeem_block(arena: Arena) -> None:
    """What was redeemed just before the block is dead after it, and stays so when it is undone."""
    stage = arena.stage
    code = stage.gets_code(stage.logs_in())
    answers = at_once([lambda: stage.redeems(code), arena.blocks])
    assert answers[1].status == 200, answers[1].text
    won = _won(answers, 400)
    assert all(arena.is_dead(one) for one in won)
    arena.repairs()
    assert all(arena.is_dead(one) for one in won)
    assert stage.redeems(code).status == 400


def approve_narrow(arena: Arena) -> None:
    """A code that is approved while the application loses a function and a scope gives neither."""
    stage = arena.stage
    login = stage.logs_in()
    both = {"permissionScope": FUNCTION, "permittedScopes": ["openid"]}
    answers = at_once([lambda: stage.approves(login, SCOPES), lambda: arena.updates_client(**both)])
    assert answers[1].status == 200, answers[1].text
    # Asked for after it, the scope is not one of the application's.
    assert answers[0].status in (201, 400, 412), answers[0].text
    if answers[0].status == 201:
        tokens = stage.redeems(answers[0].data["data"]["authorizationCode"])
        assert tokens.status == 200, tokens.text
        assert tokens.data["scope"] == "openid"
        access = tokens.data["access_token"]
        assert [arena.may(access, one) for one in (FUNCTION, OTHER)] == [200, 403]


def update_update(arena: Arena) -> None:
    """Two administrators change two fields of one application: neither change is lost."""
    one, other = arena.names("Application"), f"https://app.example.com/{arena.names('page')}"
    changes = [{"name": one}, {"redirectURIs": [REDIRECT, other]}]
    answers = at_once([partial(arena.updates_client, **change) for change in changes])
    assert 200 in {a.status for a in answers}, [a.text for a in answers]
    for answer, change in zip(answers, changes, strict=True):
        if answer.status != 200:
            assert answer.data["messages"][0]["messageTemplate"] == "CONFLICT", answer.text
            assert arena.updates_client(**change).status == 200
    now = arena.does("GET", f"{API}/oauth/client/{arena.stage.client_id}")
    assert (now["name"], now["redirectURIs"]) == (one, [REDIRECT, other])


def move_move(arena: Arena) -> None:
    """Each of two customers below the other: one is done, the other would be a circle."""
    names = [arena.names("customer") for _ in range(2)]
    for name in names:
        arena.does("POST", CUSTOMER, {"name": name, "shortName": name, "parent": "root"})

    def moves(below: str, above: str) -> Reply:
        return arena.calls("PUT", f"{CUSTOMER}/{below}/move", {"parent": above})

    answers = at_once([lambda: moves(*names), lambda: moves(*reversed(names))])
    assert sorted(a.status for a in answers) == [200, 412], [a.text for a in answers]


def last_administrators(arena: Arena) -> None:
    """Two who are the only administrators delete each other: one is left, and can go on."""
    pair = [arena.enrols_administrator() for _ in range(2)]
    former, arena.credential = arena.last, pair[0][1]
    arena.does("DELETE", f"{USER}/{former}")

    def deletes(by: int, whom: int) -> Reply:
        return arena.stage.send("DELETE", f"{USER}/{pair[whom][0]}", headers=pair[by][1])

    answers = at_once([lambda: deletes(0, 1), lambda: deletes(1, 0)])
    done, refused = sorted(a.status for a in answers)
    assert done == 200, [a.text for a in answers]
    assert refused in (401, 403, 404, 412), [a.text for a in answers]
    arena.last, arena.credential = pair[[a.status for a in answers].index(200)]


def redeem_client_delete(arena: Arena) -> None:
    stage = arena.stage
    code = stage.gets_code(stage.logs_in())
    answers = at_once([lambda: stage.redeems(code), arena.deletes_client])
    assert answers[1].status == 200, answers[1].text
    assert all(arena.is_dead(one) for one in _won(answers, 400, 401))


def refresh_grant_withdraw(arena: Arena) -> None:
    """The permission to enter is taken: what was refreshed opens nothing, until it is given back."""
    stage = arena.stage
    tokens = stage.obtains(stage.logs_in())
    answers = at_once([lambda: stage.refreshes(tokens["refresh_token"]), arena.withdraws])
    assert answers[1].status == 200, answers[1].text
    latest = [tokens, *_won(answers, 400)][-1]
    assert all(not stage.lives(one["access_token"]) for one in (tokens, latest))
    assert stage.refreshes(latest["refresh_token"]).status == 400
    arena.repairs()
    # A right that comes back is a right: nothing was ended.
    assert stage.refreshes(latest["refresh_token"]).status == 200


def password_change_log_in(arena: Arena) -> None:
    """A login by the old password that is opened at the same moment does not outlive the change."""
    stage = arena.stage
    login, old = stage.logs_in(), stage.password
    again = {"userName": stage.user, "password": old}
    body = {"oldPassword": old, "newPassword": f"next comes {arena.names('one')}"}
    answers = at_once(
        [
            lambda: stage.send("POST", f"{API}/password/authentication", json=again),
            lambda: stage.send("PUT", f"{API}/password", json=body, headers=bearer(login)),
        ]
    )
    assert answers[1].status == 200, answers[1].text
    stage.password = body["newPassword"]
    assert not stage.lives(login)
    if answers[0].status == 200:
        assert not stage.lives(answers[0].data["data"]["credentials"]["requestCredentialsData"])
    else:
        assert answers[0].status < 500, answers[0].text
    assert stage.lives(stage.logs_in())


def approve_approve(arena: Arena) -> None:
    """Two windows, and no consent yet: both get a code that works."""
    stage = arena.stage
    arena.registers()
    login = stage.logs_in()
    answers = at_once([lambda: stage.approves(login)] * 2)
    assert [a.status for a in answers] == [201, 201], [a.text for a in answers]
    assert [stage.redeems(a.data["data"]["authorizationCode"]).status for a in answers] == [200, 200]


DUELS: list[Callable[[Arena], None]] = [
    redeem_redeem,
    refresh_refresh,
    refresh_log_out,
    redeem_block,
    approve_narrow,
    update_update,
    move_move,
    approve_block,
    redeem_client_delete,
    refresh_grant_withdraw,
    password_change_log_in,
    approve_approve,
    # The last: it takes the arena's administrator out.
    last_administrators,
]


@pytest.fixture(scope="module", params=DATABASES)
def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("arena")
    settings: dict[str, object] = {
        "throttle_login_failures": 10_000,
        "throttle_client_failures": 10_000,
        "sessions_per_client": 10_000,
    }
    with ExitStack() as stack:
        if request.param == "postgres":
            beside = request.getfixturevalue("postgres_database")
            settings["database_url"] = stack.enter_context(own_postgres(beside, folder.name))
        yield Arena(build_stage(stack.enter_context(running(folder, workers=2, **settings))))


@pytest.mark.parametrize("duel", DUELS, ids=lambda duel: duel.__name__)
def test_a_duel_ends_well(arena: Arena, duel: Callable[[Arena], None]) -> None:
    for _ in range(figure("duels")):
        duel(arena)
        arena.repairs()
