"""``client_credentials`` by the client alone (RFC 6749 4.4, decision 057): for its service user."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from flask import Flask

from app.cli.client import client as commands
from app.models.apikeys import APIKey
from app.models.audit import AuditEvent
from app.models.sessions import OAuthSession
from app.services.guards import Guard
from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Clock
from tests.fixtures import Template
from tests.world import SECRET
from tests.world import World

CLIENTS = "/authentication/v1/oauth/client"
ROBOT = "robot"


@pytest.fixture
def served(app: Flask, world: World, admin: ApiCaller) -> RelyingParty:
    """A confidential application that acts by itself for a user who holds what Alice holds."""
    world.user(ROBOT, "acme", holds=[("APP-ROLE", "acme")])
    rp = RelyingParty(app, world.client())
    answer = admin.put(f"{CLIENTS}/{rp.client_id}/serviceuser", {"user": ROBOT})
    assert (answer.status_code, answer.json["data"]["shortName"]) == (200, ROBOT)
    return rp


def begins(rp: RelyingParty, **form: str):  # type: ignore[no-untyped-def]
    return rp.posts(grant_type="client_credentials", **form)


def test_by_its_secret_alone(served: RelyingParty) -> None:
    """RFC 6749 4.4.3: no refresh token; the session is the user's, within the client's scope."""
    answer = begins(served, scope="openid profile")
    assert answer.status_code == 200, answer.data
    told = answer.json
    assert set(told) == {"access_token", "token_type", "expires_in", "scope"}
    assert served.introspects(told["access_token"])["username"] == ROBOT
    assert served.calls("/oauth/userinfo", told["access_token"]).json["preferred_username"] == ROBOT


def test_by_basic(served: RelyingParty) -> None:
    """RFC 6749 2.3.1, as most libraries send it."""
    pair = base64.b64encode(f"{served.client_id}:{SECRET}".encode()).decode()
    answer = served.app.test_client().post(
        TOKEN, data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {pair}"}
    )
    assert answer.status_code == 200, answer.data


def test_the_users_own_form_stays(served: RelyingParty, world: World) -> None:
    """Contract 2.7: with a user's key beside it the session is that user's."""
    answer = served.app.test_client().post(
        TOKEN,
        data={"grant_type": "client_credentials", "client_id": served.client_id, "client_secret": SECRET},
        headers={"Argus-API-Key": world.api_key("alice")},
    )
    assert answer.status_code == 200, answer.data
    assert answer.json["id_token"] is None
    assert served.introspects(answer.json["access_token"])["username"] == "alice"


REFUSED: dict[str, tuple[dict[str, str], int, str]] = {
    "a wrong secret": ({"client_secret": "x" * 32}, 401, "invalid_client"),
    "no secret": ({"client_secret": ""}, 400, "invalid_request"),
    "an unknown client": ({"client_id": "nobody"}, 401, "invalid_client"),
    "a scope that it may not have": ({"scope": "groups"}, 400, "invalid_scope"),
}


@pytest.mark.parametrize(("form", "status", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    served: RelyingParty, world: World, form: dict[str, str], status: int, error: str
) -> None:
    answer = begins(served, **form)
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert world.rows(OAuthSession) == []


def test_without_a_service_user(app: Flask, world: World) -> None:
    """RFC 6749 5.2: it is who it says, and may not do this."""
    answer = begins(RelyingParty(app, world.client()))
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")


def test_from_another_address(served: RelyingParty, world: World) -> None:
    world.change_client(served.client_id, client_ip_range=["10.0.0.0/8"])
    answer = begins(served)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def by_admin(method: str, path: str) -> Callable[[World, ApiCaller, RelyingParty], object]:
    return lambda world, admin, rp: admin.call(method, path.format(client=rp.client_id))


# What ends the sessions that there are, and lets no other begin.
ENDS: dict[str, Callable[[World, ApiCaller, RelyingParty], object]] = {
    "the user is blocked": lambda world, admin, rp: world.block(ROBOT),
    "the user is deleted": lambda world, admin, rp: world.delete(ROBOT),
    "the customer is disabled": lambda world, admin, rp: world.disable_customer("acme"),
    "the required function is taken away": lambda world, admin, rp: world.revoke(ROBOT, "APP-ROLE"),
    "whoever set it is blocked": lambda world, admin, rp: world.block("admin"),
    "it is taken away": by_admin("DELETE", CLIENTS + "/{client}/serviceuser"),
    "the client is deleted": by_admin("DELETE", CLIENTS + "/{client}"),
    "its key is revoked": lambda world, admin, rp: admin.delete(
        f"/authentication/v1/user/{ROBOT}/apikey/{world.rows(APIKey)[-1].key_number}"
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_ends_it(
    served: RelyingParty,
    world: World,
    admin: ApiCaller,
    end: Callable[[World, ApiCaller, RelyingParty], object],
) -> None:
    """Decision 23: at the next use, of the token as of the client."""
    token = begins(served).json["access_token"]
    assert served.calls("/authentication/v1/session", token).status_code == 200
    end(world, admin, served)
    assert served.calls("/authentication/v1/session", token).status_code == 401
    assert begins(served).json["error"] in ("invalid_grant", "unauthorized_client", "invalid_client")


def test_another_takes_its_place(served: RelyingParty, world: World, admin: ApiCaller) -> None:
    """The sessions of the one before end, and its key is revoked."""
    token = begins(served).json["access_token"]
    world.user("other", "acme", holds=[("APP-ROLE", "acme")])
    assert admin.put(f"{CLIENTS}/{served.client_id}/serviceuser", {"user": "other"}).status_code == 200
    assert served.calls("/authentication/v1/session", token).status_code == 401
    assert served.introspects(begins(served).json["access_token"])["username"] == "other"
    keys = [row for row in world.rows(APIKey) if row.description.startswith("Service user")]
    assert [row.revoked_at is None for row in keys] == [False, True]
    rows = [row for row in world.rows(AuditEvent) if row.action == "client-service-user"]
    assert [row.client_id for row in rows] == [served.client_id] * 2


def test_it_stays_with_its_client(served: RelyingParty, world: World, admin: ApiCaller) -> None:
    """A client that becomes public would let everybody in: first the service user goes."""
    path = f"{CLIENTS}/{served.client_id}"
    refused = admin.put(path, {"authenticationMethod": "none"})
    assert refused.status_code == 412
    assert [one["field"] for one in refused.json["messages"]] == ["authenticationMethod"]
    public = world.client("public", authentication_method="none")
    assert admin.put(f"{CLIENTS}/{public}/serviceuser", {"user": ROBOT}).status_code == 412
    assert admin.delete(f"{path}/serviceuser").status_code == 200
    assert admin.get(f"{path}/serviceuser").status_code == 404
    assert admin.put(path, {"authenticationMethod": "none"}).status_code == 200


@pytest.mark.parametrize("user", ["nobody", "admin", "4711", "readers"])
def test_who_cannot_be_one(world: World, app: Flask, admin: ApiCaller, user: str) -> None:
    """An unknown user, a group, and oneself: that takes proof of presence."""
    world.group("readers", ["alice"])
    answer = admin.put(f"{CLIENTS}/{world.client()}/serviceuser", {"user": user})
    assert answer.status_code in (404, 412)
    assert world.rows(APIKey)[-1].description != "Service user of App"


def test_nobody_gives_more_than_is_held(app: Flask, world: World) -> None:
    """Decision 23: both ways in are judged. Who may change clients and make keys holds less than the user."""
    for name in ("updateOAuthClient", "viewOAuthClients", Guard.ADMINISTRATIVE_API_KEY, "viewUsers"):
        world.grant("alice", name, "root")
    world.user("mighty", "root", holds=[("ALL-FUNCTIONS", "root")])
    world.user("peer", "acme", holds=[("useApp", "acme")])
    client = world.client()
    alice = ApiCaller(app, world.api_key("alice"))
    assert alice.put(f"{CLIENTS}/{client}/serviceuser", {"user": "peer"}).status_code == 412
    world.grant("alice", "APP-ROLE", "root")
    assert alice.put(f"{CLIENTS}/{client}/serviceuser", {"user": "mighty"}).status_code == 403
    assert alice.put(f"{CLIENTS}/{client}/serviceuser", {"user": "peer"}).status_code == 200


def test_the_key_is_no_way_in_for_anybody(served: RelyingParty, world: World, clock: Clock) -> None:
    """Its text is nowhere, and it outlives what keys usually live."""
    key = world.rows(APIKey)[-1]
    assert (key.description, key.expires_at) == ("Service user of App", None)
    clock.advance(200 * 86_400)
    assert begins(served).status_code == 200
    assert len(key.secret_digest) == 32


def test_the_command(app: Flask, world: World) -> None:
    world.user(ROBOT, "acme", holds=[("APP-ROLE", "acme")])
    rp = RelyingParty(app, world.client())
    run = app.test_cli_runner().invoke
    assert "no service user" in run(commands, ["service-user", "app"]).output
    assert ROBOT in run(commands, ["service-user", "app", ROBOT]).output
    assert begins(rp).status_code == 200
    assert "no service user" in run(commands, ["service-user", "app", "--none"]).output
    assert begins(rp).json["error"] == "unauthorized_client"


def test_the_page(app: Flask, template: Template, world: World, served: RelyingParty) -> None:
    """Set, replaced and taken away in the console."""
    boss = Person(app, "admin", template.secrets.password)
    boss.logs_in()
    at = f"/console/clients/{served.client_id}/service-user"
    assert ROBOT in boss.visits(f"/console/clients/{served.client_id}").get_data(as_text=True)
    wrong = boss.submits(boss.visits(at), at, user="nobody")
    assert "There is no such user." in wrong.get_data(as_text=True)
    world.user("other", "acme", holds=[("APP-ROLE", "acme")])
    assert boss.submits(boss.visits(at), at, user="other").status_code == 303
    assert served.introspects(begins(served).json["access_token"])["username"] == "other"
    assert boss.submits(boss.visits(at), at, form=-1, how="clear").status_code == 303
    assert begins(served).json["error"] == "unauthorized_client"
