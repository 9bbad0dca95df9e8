"""The table of what ends what, cell by cell, over HTTP (design decisions 8 and 23)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask

from app.models.directory import User
from app.models.sessions import LoginSession
from app.services.endings.table import TABLE
from app.services.endings.table import UNDONE_BY
from app.services.endings.table import Event
from app.services.endings.table import Fate
from app.services.endings.table import Thing
from app.services.endings.table import find_fate
from app.services.endings.table import find_lasting_fate
from tests.api.test_stepup import authorizes
from tests.api.test_stepup import bearer
from tests.drivers.api_caller import ApiCaller
from tests.drivers.mailbox import Mailbox
from tests.drivers.person import Person
from tests.drivers.person import forms
from tests.drivers.relying_party import TOKEN
from tests.drivers.relying_party import RelyingParty
from tests.recovery.kit import NEW
from tests.recovery.kit import asks
from tests.world import PASSWORD
from tests.world import World

API = "/authentication/v1"
USERS, CUSTOMERS = "/useradmin/v2/user", "/customeradmin/v2/customer"
ALICE_MAY = ("impersonate", "viewUsers", "administrativeAuthenticationSetup-APIKEY", "resetUserPassword")


class Life:
    """Everything that alice can have open, each thing once; what happens to it; whether it lives."""

    def __init__(self, app: Flask, world: World, admin: ApiCaller) -> None:
        self.app, self.admin = app, admin
        world.function("readOther")
        self.alice_id = next(user.id for user in world.rows(User) if user.short_name == "alice")
        for function in ALICE_MAY:
            world.grant("alice", function, "bolt")
        for other in ("bob", "dave"):
            world.user(other, "bolt")
        self.crew = world.group("crew", ["alice"], "bolt")
        world.grant("crew", "readOther", "bolt")
        self.rp = RelyingParty(app, world.client())
        self.mailbox = Mailbox(app)
        self.browser = Person(app, "alice")

        self.browser.logs_in()
        (login,) = world.rows(LoginSession)
        self.login_id = login.id.hex()
        cookie = self.browser.browser.get_cookie("argus_session")
        assert cookie is not None
        self.login = {"Authorization": f"Bearer {cookie.value}"}
        self.other_login = bearer(app)
        key = world.api_key("alice")
        self.key, self.key_name = {"Argus-API-Key": key}, key.rpartition("/")[0]
        self.made_login = self._made("/constrain", {}, self.login)
        self.key_login = self._made("/constrain", {}, self.key)
        self.impersonation = self._made("/impersonate", {"user": "bob"}, self.login)
        self.bought = self._bought(self.login)
        self.key_session = self._bought(self.key)
        self.first_code = self.rp.sends(self.browser)["code"]
        self.tokens = dict(self.rp.redeems(self.first_code).json or {})
        self.code = self.rp.sends(self.browser)["code"]
        # More scopes than were approved: the page asks again.
        self.asked = self.rp.url(scope="openid profile email")
        self.request = self.browser.visits(self.asked)
        self.step_up = authorizes(app, self.login)
        asks(app, "alice")
        self.link = self.mailbox.token()
        made = self._call("POST", f"{API}/user/bob/apikey", {"description": "for bob"}, self.login)
        self.made_key = {"Argus-API-Key": made.json["data"]["apiKeyString"]}
        reset = self._call("PUT", f"{API}/user/dave/password/reset", None, self.login)
        self.made_link = reset.json["data"]["authorization"]

    # --- what happens -------------------------------------------------------------------------------------

    def happens(self, event: Event) -> None:
        HAPPENS[event](self)

    def by_admin(self, method: str, path: str, body: Any = None) -> None:
        answer = self.admin.call(method, path, body)
        assert answer.status_code in (200, 201), answer.data

    def by_alice(self, method: str, path: str, body: Any = None) -> None:
        answer = self._call(method, path, body, self.other_login)
        assert answer.status_code == 200, answer.data

    def changes_password(self) -> None:
        """In another login; by the administrator's authorization where there is one."""
        if self.reset is None:
            self.by_alice("PUT", f"{API}/password", {"oldPassword": PASSWORD, "newPassword": NEW})
        else:
            body = {"newPassword": NEW, "authorization": self.reset}
            assert self.app.test_client().put(f"{API}/password", json=body).status_code == 200

    reset: str | None = None

    def resets_password(self) -> None:
        answer = self.admin.put(f"{API}/user/alice/password/reset")
        self.reset = answer.json["data"]["authorization"]

    def logs_out_everywhere(self) -> None:
        page = self.browser.visits("/account/sessions/end-all")
        assert self.browser.submits(page, "/account/sessions/end-all").status_code == 303

    def bob_logs_in_here(self) -> None:
        """In the very browser of alice's login."""
        page = self.browser.visits("/login?again=1")
        html = page.get_data(as_text=True)
        assert 'name="password"' in html, page.headers
        assert self.browser.submits(page, "/login", username="bob", password=PASSWORD).status_code == 303

    def withdraws(self) -> None:
        html = self.browser.visits("/").get_data(as_text=True)
        action, fields = next(form for form in forms(html) if "withdraw" in form[0])
        assert self.browser.browser.post(action, data=fields).status_code == 303

    def replays_code(self) -> None:
        assert self.rp.redeems(self.first_code).status_code == 400

    def replays_refresh(self) -> None:
        """A token two generations old."""
        old = self.tokens["refresh_token"]
        for _ in range(2):
            self.tokens = dict(self.rp.refreshes(self.tokens["refresh_token"]).json or {})
        assert self.rp.refreshes(old).status_code == 400

    def ends_session_by_name(self) -> None:
        """The one that was approved; what the login bought has fewer scopes."""
        tree = self.admin.get(f"{API}/user/alice/sessions").json["data"]
        under = [one for login in tree for one in login["applications"] if "profile" in one["scopes"]]
        self.by_admin("DELETE", f"{API}/session/{under[0]['sessionIdentifier']}")

    # --- whether it lives ---------------------------------------------------------------------------------

    def lives(self) -> dict[Thing, bool]:
        """Each thing used as its holder would. In this order: the last ones change what others see."""
        return {thing: probe(self) for thing, probe in LIVES.items()}

    def redeems(self) -> bool:
        return self.rp.redeems(self.code).status_code == 200

    def approves(self) -> bool:
        answer = self.browser.submits(self.request, self.asked, decision="approve")
        return answer.status_code in (302, 303) and "code=" in answer.headers["Location"]

    def spends_step_up(self) -> bool:
        body = {"description": "by step-up", "authorization": self.step_up}
        return self._call("POST", f"{API}/apikey", body, self.login).status_code == 201

    def opens_link(self) -> bool:
        return Person(self.app).visits(f"/recover/{self.link}").status_code == 200

    def dave_chooses(self) -> bool:
        body = {"newPassword": NEW, "authorization": self.made_link}
        return self.app.test_client().put(f"{API}/password", json=body).status_code == 200

    def shows_consent(self) -> bool:
        """On the page of alice, who logs in anew."""
        page = self._anew()
        return page is not None and "/withdraw" in page.visits("/").get_data(as_text=True)

    def may(self, function: str, customer: str) -> bool:
        """With whatever gets alice in now."""
        ways = [self.key]
        if (page := self._anew()) is not None:
            ways.append(self._cookie(page))
        path = f"{API}/session/permission/{function}/{customer}"
        return any(self._call("GET", path, None, way).status_code == 200 for way in ways)

    def uses(self, held: Mapping[str, str]) -> bool:
        return self._uses(dict(held))

    def uses_token(self, token: str) -> bool:
        return self._uses(self._bearer(token))

    def _anew(self) -> Person | None:
        # The password counts as a method again; nothing else is changed by this.
        with suppress(AssertionError):
            self.by_admin("PUT", f"{API}/user/alice/enable/password")
        for password in (PASSWORD, NEW):
            person = Person(self.app, "alice", password)
            person.logs_in()
            if person.browser.get_cookie("argus_session") is not None:
                return person
        return None

    def _uses(self, headers: dict[str, str]) -> bool:
        return self._call("GET", f"{API}/session", None, headers).status_code == 200

    def _call(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        return self.app.test_client().open(path, method=method, json=body, headers=headers)

    def _made(self, path: str, body: Any, headers: dict[str, str]) -> dict[str, str]:
        answer = self._call("POST", API + path, body, headers)
        assert answer.status_code == 200, answer.data
        return self._bearer(answer.json["data"]["requestCredentialsData"])

    def _bought(self, headers: dict[str, str]) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "client_id": self.rp.client_id, "scope": "openid"}
        answer = self.app.test_client().post(TOKEN, data=form, headers=headers)
        assert answer.status_code == 200, answer.data
        return self._bearer(answer.json["access_token"])

    def _cookie(self, person: Person) -> dict[str, str]:
        cookie = person.browser.get_cookie("argus_session")
        assert cookie is not None
        return self._bearer(cookie.value)

    @staticmethod
    def _bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}


HAPPENS: Mapping[Event, Callable[[Life], object]] = {
    Event.BLOCKED: lambda life: life.by_admin("PUT", f"{API}/user/alice/block"),
    Event.UNBLOCKED: lambda life: life.by_admin("PUT", f"{API}/user/alice/unblock"),
    Event.DELETED: lambda life: life.by_admin("DELETE", f"{USERS}/alice"),
    Event.REENABLED: lambda life: life.by_admin("PUT", f"{USERS}/{life.alice_id}/reenable"),
    Event.MOVED: lambda life: life.by_admin("PUT", f"{USERS}/alice/move", {"customer": "group"}),
    Event.ADDRESS_CHANGED: lambda life: life.by_admin("PUT", f"{USERS}/alice", {"email": "a@example.org"}),
    Event.PASSWORD_CHANGED: Life.changes_password,
    Event.PASSWORD_RESET: Life.resets_password,
    Event.METHOD_DISABLED: lambda life: life.by_admin("PUT", f"{API}/user/alice/disable/password"),
    Event.METHOD_ENABLED: lambda life: life.by_admin("PUT", f"{API}/user/alice/enable/password"),
    Event.LOGGED_OUT: lambda life: life.browser.logs_out(),
    Event.ENDED_BY_NAME: lambda life: life.by_admin("DELETE", f"{API}/session/{life.login_id}"),
    Event.ANOTHER_USER: Life.bob_logs_in_here,
    Event.LOGGED_OUT_EVERYWHERE: Life.logs_out_everywhere,
    Event.ENDED_BY_ADMINISTRATOR: lambda life: life.by_admin("DELETE", f"{API}/user/alice/sessions"),
    Event.CUSTOMER_DISABLED: lambda life: life.by_admin("PUT", f"{CUSTOMERS}/acme/disable"),
    Event.CUSTOMER_REENABLED: lambda life: life.by_admin("PUT", f"{CUSTOMERS}/acme/reenable"),
    Event.CUSTOMER_MOVED: lambda life: life.by_admin("PUT", f"{CUSTOMERS}/acme/move", {"parent": "root"}),
    Event.KEY_REVOKED: lambda life: life.by_alice("DELETE", f"{API}/apikey/{life.key_name}"),
    Event.CONSENT_WITHDRAWN: Life.withdraws,
    Event.CLIENT_DELETED: lambda life: life.by_admin("DELETE", f"{API}/oauth/client/{life.rp.client_id}"),
    Event.SESSION_ENDED: Life.ends_session_by_name,
    Event.APPLICATION_LEFT: lambda life: life._call(
        "DELETE", f"{API}/session", None, life._bearer(life.tokens["access_token"])
    ),
    Event.TOKEN_REVOKED: lambda life: life.rp.posts(f"{TOKEN}/revoke", token=life.tokens["refresh_token"]),
    Event.CODE_REPLAYED: Life.replays_code,
    Event.REFRESH_REPLAYED: Life.replays_refresh,
}
LIVES: Mapping[Thing, Callable[[Life], bool]] = {
    Thing.LOGIN: lambda life: life.uses(life.login),
    Thing.OTHER_LOGIN: lambda life: life.uses(life.other_login),
    Thing.MADE_LOGIN: lambda life: life.uses(life.made_login),
    Thing.IMPERSONATION: lambda life: life.uses(life.impersonation),
    Thing.SESSION: lambda life: life.uses_token(life.tokens["access_token"]),
    Thing.BOUGHT_SESSION: lambda life: life.uses(life.bought),
    Thing.KEY: lambda life: life.uses(life.key),
    Thing.KEY_LOGIN: lambda life: life.uses(life.key_login),
    Thing.KEY_SESSION: lambda life: life.uses(life.key_session),
    Thing.MADE_KEY: lambda life: life.uses(life.made_key),
    Thing.LINK: Life.opens_link,
    Thing.CODE: Life.redeems,
    Thing.CONSENT: Life.shows_consent,
    Thing.PERMISSION: lambda life: life.may("readThings", "acme"),
    Thing.MEMBERSHIP: lambda life: life.may("readOther", "bolt"),
    Thing.REQUEST: Life.approves,
    Thing.STEP_UP: Life.spends_step_up,
    Thing.MADE_LINK: Life.dave_chooses,
}
# The others only ever follow what they undo: the test below.
ALONE = [
    event
    for event in Event
    if event not in (Event.UNBLOCKED, Event.REENABLED, Event.CUSTOMER_REENABLED, Event.METHOD_ENABLED)
]


@pytest.fixture
def life(app: Flask, world: World, admin: ApiCaller) -> Life:
    return Life(app, world, admin)


def test_each_event_and_each_thing_has_its_place() -> None:
    """A new one is not forgotten: neither in the table nor here."""
    assert set(TABLE) == set(HAPPENS) == set(Event)
    assert set(LIVES) == set(Thing)


def test_before_anything_happens_all_of_it_lives(life: Life) -> None:
    assert life.lives() == dict.fromkeys(LIVES, True)


@pytest.mark.parametrize("event", ALONE)
def test_what_ends(life: Life, event: Event) -> None:
    """What the event ends or refuses is dead at its next use; everything else lives."""
    life.happens(event)
    assert life.lives() == {thing: find_fate(event, thing) is Fate.LIVES for thing in LIVES}


@pytest.mark.parametrize("event", UNDONE_BY)
def test_what_comes_back(life: Life, event: Event) -> None:
    """Undone: what was only refused counts again, what ended stays dead."""
    life.happens(event)
    life.happens(UNDONE_BY[event])
    assert life.lives() == {thing: find_lasting_fate(event, thing) is not Fate.ENDS for thing in LIVES}


def test_what_only_rests_can_come_back() -> None:
    for event in Event:
        if any(find_fate(event, thing) is Fate.RESTS for thing in Thing):
            assert event in UNDONE_BY
