"""The audit log and the open sessions in the console: what is found, shown to whom, and noticed."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.extensions import db
from app.models.audit import AuditEvent
from app.policy.facts import Outcome
from app.services.audit import sealing
from app.services.audit import trail
from app.services.audit.trail import Actor
from app.services.contact import Contact
from app.services.unit_of_work import run_in_transaction
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Template
from tests.world import World

AUDIT, SESSIONS = "/console/audit/", "/console/sessions/"
NUMBERS = {"alice": "D-00000000A1", "bea": "D-00000000B1"}
EVENTS = "viewUserAuthenticationEvents"


@pytest.fixture
def root(app: Flask, template: Template) -> Person:
    """The first administrator, logged in."""
    person = Person(app, "admin", template.secrets.password)
    person.logs_in()
    return person


def seen(person: Person, path: str, status: int = 200) -> str:
    """The text of a page, without its tags and what its fields suggest; one space between words."""
    answer: TestResponse = person.visits(path)
    assert answer.status_code == status, answer.get_data(as_text=True)
    body = re.sub(r"(?s)^.*?<main|<datalist.*?</datalist>", "", answer.get_data(as_text=True))
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


def table(text: str) -> str:
    """What follows the form of the list."""
    return text.rpartition(" Address ")[2]


def note(app: Flask, action: str, name: str, user_id: int | None = None, **options: Any) -> None:
    contact = Contact(options.pop("address", None), None, "request", "")
    with app.app_context():
        run_in_transaction(lambda: trail.record(action, Actor(user_id, name, contact=contact), **options))


def seal(app: Flask) -> None:
    with app.app_context():
        sealing.seal_some()


def refused_decision(app: Flask, person: Person, rp: RelyingParty) -> str:
    """The number of a refusal of this person at authorize, as it is on the page."""
    page = person.visits(rp.url())
    if page.status_code == 303:
        page = person.logs_in(page.headers["Location"])
        page = person.visits(page.headers["Location"])
    found = re.search(r"D-[0-9A-Z]{10}", page.get_data(as_text=True))
    assert found is not None, page.get_data(as_text=True)
    return found[0]


def test_the_log_is_searched(app: Flask, world: World, root: Person) -> None:
    """By each filter alone and by several; what nobody can read is said at its field."""
    client = world.client("portal")
    note(app, "login", "alice", outcome="refused", number="D-0000000001", address="192.0.2.7")
    note(app, "permission-grant", "operator", user=(77, "erik"))
    note(app, "client-update", "operator", client_id=client, outcome="alert")
    for query, number in {
        "who=alice": 1,
        "who=erik": 1,
        "who=operator&action=permission-grant": 1,
        "who=nobody": 0,
        "client=portal": 1,
        f"client={client}": 1,
        "client=other": 0,
        "outcome=refused": 1,
        "outcome=alert": 1,
        "outcome=alert&who=alice": 0,
        "action=client-update": 1,
        "decision=D-0000000001": 1,
        "decision=oooooooool": 1,
        "address=192.0.2.7": 1,
        "address=::ffff:192.0.2.7": 1,
        "address=192.0.2.8": 0,
        "outcome=refused&from=2020-01-01T00:00": 1,
        "outcome=refused&from=now-1h&to=now": 1,
        "outcome=refused&to=2020-01-01T00:00": 0,
    }.items():
        page = root.visits(AUDIT + "?" + query).get_data(as_text=True)
        assert page.count('<th scope="row">') == number, query
    for wrong in ("address=nonsense", "from=yesterday", "to=2026-99-99T00:00", "from=now-999999w"):
        page = root.visits(AUDIT + "?" + wrong).get_data(as_text=True)
        assert 'role="alert" id="summary"' in page, wrong
        assert "aria-invalid" in page


def test_the_log_is_paged(app: Flask, world: World, root: Person) -> None:
    """Newest first; older pages follow and keep the search."""
    for number in range(30):
        note(app, "step-up", f"user{number:02}")
    first = root.visits(AUDIT + "?action=step-up").get_data(as_text=True)
    assert first.count('<th scope="row">') == 25
    assert first.index("user29") < first.index("user05")
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = root.visits(unescape(older[1])).get_data(as_text=True)
    assert second.count('<th scope="row">') == 5
    assert "user04" in second
    assert 'rel="prev"' in second
    assert 'rel="next"' not in second


def test_a_refusal_is_shown_whole(app: Flask, world: World, rp: RelyingParty, root: Person) -> None:
    """Who, from where, which application, every check in order, the one that failed with its evidence."""
    world.user("bea", "bolt")
    number = refused_decision(app, Person(app, "bea"), rp)
    assert number in seen(root, AUDIT + "?who=bea")
    page = seen(root, AUDIT + number.lower())
    for expected in (
        "Approval of an application",
        number,
        "bea",
        "127.0.0.1",
        "The user opens the application",
        "App",
    ):
        assert expected in page
    html = root.visits(AUDIT + number).get_data(as_text=True)
    assert html.count("refuses</span>") >= 1
    assert html.count("<tr>") - 1 == len(Outcome) + 7  # ten rules
    assert "The required function" in page
    assert "useApp" in page
    assert 'href="/console/users/' in html
    seen(root, AUDIT + "D-ZZZZZZZZZZ", 404)
    seen(root, AUDIT + "entry/999999", 404)
    seen(root, AUDIT + "entry/99999999999999999999", 404)


def test_a_change_is_shown_before_and_after(app: Flask, world: World, root: Person) -> None:
    """Fields side by side; of something new what it was made with; nothing is lost of the rest."""
    changed = {"name": {"before": "Old", "after": "<b>New</b>"}, "hidden": {"before": False, "after": True}}
    note(app, "client-update", "operator", detail=changed)
    note(
        app, "client-add", "operator", detail={"after": {"short_name": "portal", "redirect_uris": ["a", "b"]}}
    )
    note(app, "user-move", "operator", detail={"customer": "acme", "list": [1, {"x": None}]})
    ids = [event.id for event in world.rows(AuditEvent)[-3:]]
    page = root.visits(f"{AUDIT}entry/{ids[0]}").get_data(as_text=True)
    assert "<b>New" not in page
    told = seen(root, f"{AUDIT}entry/{ids[0]}")
    assert "Name Old <b>New</b>" in told
    assert "Hidden in lists no yes" in told
    assert re.search(r"Redirect URIs . a, b", seen(root, f"{AUDIT}entry/{ids[1]}"))
    assert 'Customer acme list 1, {"x": null}' in seen(root, f"{AUDIT}entry/{ids[2]}")


def test_the_list_says_what_it_was_about(app: Flask, world: World, root: Person) -> None:
    """One line of the details, for those who may read them; of a permission who may see permissions."""
    ids = {event.short_name: event.id for event in people(app)}
    alice = (ids["alice"], "alice")
    detail = {"id": 1, "subject": "alice", "function": "useApp", "customer": "acme"}
    note(app, "permission-grant", "operator", user=alice, detail=detail)
    note(app, "permission-revoke", "operator", user=alice, detail={"id": 1})
    note(app, "apikey-revoke", "operator", user=alice, detail={"key": "7/1"})
    note(app, "logout", "operator", user=alice, detail={"login": "ab", "reason": "ended by name"})
    note(app, "member-add", "operator", detail={"group": "readers", "members": ["alice", "bea"]})
    note(app, "user-update", "operator", user=alice, detail={"shortName": "alice", "changed": ["email"]})
    changed = {"name": {"before": "Old", "after": "New"}, "hidden": {"before": False, "after": True}}
    note(app, "client-update", "operator", client_id=world.client("portal"), detail=changed)
    page = table(seen(root, AUDIT))
    for line in (
        "Permission granted useApp for acme to alice",
        "Permission revoked alice",
        "API key revoked 7/1",
        "Session ended ended by name",
        "Members added to a group alice, bea into readers",
        "User changed alice: E-mail",
        "Application changed Hidden in lists, Name",
    ):
        assert line in page, line
    world.user("pia", "acme", holds=[(EVENTS, "acme")])
    pia = Person(app, "pia")
    pia.logs_in()
    shown = table(seen(pia, AUDIT))
    assert "7/1" in shown
    assert "Permission granted" in shown
    assert "useApp" not in shown
    event = next(e.id for e in world.rows(AuditEvent) if e.action == "permission-grant")
    assert "useApp" not in seen(pia, f"{AUDIT}entry/{event}")
    assert "useApp" in seen(root, f"{AUDIT}entry/{event}")


def test_details_are_said_in_the_language_of_the_page(app: Flask, world: World, root: Person) -> None:
    """Names of fields and fixed reasons; what has no words stays as it was written."""
    note(app, "logout", "operator", detail={"reason": "ended by an administrator", "another": "thing"})
    event = world.rows(AuditEvent)[-1].id
    told = seen(root, f"{AUDIT}entry/{event}")
    assert "another thing Reason ended by an administrator" in told
    world.change_user("admin", language="norwegian")
    told = seen(root, f"{AUDIT}entry/{event}")
    assert "another thing Årsak avsluttet av en administrator" in told


def test_what_was_done_to_the_log_is_seen(app: Flask, world: World, root: Person) -> None:
    """In plain words how much was looked at and how it stands; red when an entry was changed."""
    assert "No entry is sealed yet" in seen(root, AUDIT)
    seal(app)
    events = world.rows(AuditEvent)
    assert f"All {len(events)} entries up to" in seen(root, AUDIT)
    note(app, "step-up", "alice")
    assert "One newer entry is about to be sealed." in seen(root, AUDIT)
    seal(app)
    assert "Sealed and unchanged, at place 2" in seen(root, f"{AUDIT}entry/{events[1].id}")
    with app.app_context():
        change = update(AuditEvent).where(AuditEvent.id == events[1].id)
        run_in_transaction(lambda: db.session.execute(change.values(user_name="mallory")))
    page = seen(root, AUDIT)
    assert "The audit log is not what was written" in page
    assert "Place 2 of the chain." in page
    assert page.count("changed since it was sealed") == 1
    assert "Do not rely on what it says" in seen(root, f"{AUDIT}entry/{events[1].id}")
    assert "Do not rely" not in seen(root, f"{AUDIT}entry/{events[2].id}")


def test_of_a_long_log_the_newest_are_looked_at(
    app: Flask, world: World, root: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so, and how to check them all."""
    monkeypatch.setattr("app.services.audit.verification.NEWEST", 3)
    for number in range(4):
        note(app, "step-up", f"user{number}")
    seal(app)
    page = seen(root, AUDIT)
    assert re.search(
        r"The newest 3 of \d+ entries, up to .* were checked just now: sealed and unchanged", page
    )
    assert "argus-idp audit verify" in page


def test_each_sees_what_concerns_his_customers(app: Flask, world: World, root: Person) -> None:
    """The reach of the guard over the user concerned; what concerns nobody is for the root customer."""
    world.user("bea", "bolt")
    world.user("pia", "acme", holds=[(EVENTS, "acme")])
    world.user("gus", "group", holds=[(EVENTS, "group")])
    ids = {event.short_name: event.id for event in people(app)}
    for name in ("alice", "bea"):
        note(app, "step-up", name, ids[name], number=NUMBERS[name])
    note(app, "client-authentication", "operator", client_id=world.client())
    note(app, "demo-add", "operator")
    pia, gus = Person(app, "pia"), Person(app, "gus")
    pia.logs_in()
    gus.logs_in()
    assert "bea" not in seen(pia, AUDIT)
    assert "alice" in seen(pia, AUDIT)
    assert "Demo data added" not in table(seen(pia, AUDIT))
    assert "Application says who it is" not in table(seen(pia, AUDIT))
    assert {"alice", "bea", "pia"} <= set(table(seen(gus, AUDIT)).split())
    assert "admin" not in table(seen(gus, AUDIT)).split()
    assert "Demo data added" in table(seen(root, AUDIT))
    seen(pia, AUDIT + NUMBERS["alice"])
    seen(pia, AUDIT + NUMBERS["bea"], 404)
    seen(root, AUDIT + NUMBERS["bea"])
    hidden = next(e.id for e in world.rows(AuditEvent) if e.action == "demo-add")
    seen(pia, f"{AUDIT}entry/{hidden}", 404)
    world.user("zoe", "acme", holds=[("viewUsers", "acme")])
    zoe = Person(app, "zoe")
    zoe.logs_in()
    seen(zoe, AUDIT, 403)
    seen(zoe, AUDIT + NUMBERS["alice"], 403)
    assert "Audit log" not in zoe.visits("/console/users/").get_data(as_text=True)


def people(app: Flask) -> list[Any]:
    from app.models.directory import User

    with app.app_context():
        return list(db.session.execute(select(User)).scalars())


def test_evidence_is_for_those_who_may_explain(
    app: Flask, world: World, rp: RelyingParty, root: Person
) -> None:
    """As the API's explain: the client's details and the user's permissions, else only what failed."""
    world.user("ann", "acme")
    world.user("pia", "acme", holds=[(EVENTS, "acme")])
    number = refused_decision(app, Person(app, "ann"), rp)
    pia = Person(app, "pia")
    pia.logs_in()
    page = seen(pia, AUDIT + number)
    assert "Reasons and details are for those who administer the application" in page
    assert "refuses" in page
    assert "useApp" not in page
    assert "useApp" in seen(root, AUDIT + number)


def test_the_log_costs_the_same(app: Flask, world: World, root: Person, queries: Any) -> None:
    """However many entries, users and applications a page shows."""
    counted = []
    for more in (1, 24):
        for number in range(more):
            name = f"who{more}x{number}"
            note(app, "step-up", name, world.user(name, "acme"), client_id=world.client(name))
        root.visits(AUDIT)
        queries.reset()
        root.visits(AUDIT + "?action=step-up")
        counted.append(len(queries.statements))
    assert counted[0] == counted[1], queries.statements
    assert counted[0] <= 16


# --- open sessions ---------------------------------------------------------------------------------------


def ends(person: Person, label: str, path: str = SESSIONS) -> TestResponse:
    """Press the button of this name."""
    html = person.visits(path).get_data(as_text=True)
    form = next(one for one in html.split("<form ")[1:] if label in one.split("</form>")[0])
    action, token = (
        re.search(r'action="([^"]+)"', form),
        re.search(r'name="csrf_token" value="([^"]+)"', form),
    )
    assert action is not None
    assert token is not None
    return person.browser.post(unescape(action[1]), data={"csrf_token": token[1]})


def test_sessions_are_seen_and_ended(
    app: Flask, world: World, rp: RelyingParty, alice: Person, root: Person
) -> None:
    """A login with its application; either is ended from the list, and is gone from it."""
    tokens = rp.obtains(alice)
    page = seen(root, SESSIONS)
    assert "Alice" in page
    assert "App" in page
    assert "this browser" in page
    answer = ends(root, "End the session of App for alice", SESSIONS + "?user=alice")
    assert answer.headers["Location"] == SESSIONS + "?user=alice"
    assert "App last used" not in seen(root, SESSIONS)
    assert rp.refreshes(tokens["refresh_token"]).status_code == 400
    ends(root, "End the login of alice")
    assert "Alice" not in seen(root, SESSIONS)
    assert alice.visits("/").status_code == 303


def test_sessions_are_searched(
    app: Flask, world: World, rp: RelyingParty, alice: Person, root: Person
) -> None:
    """By user and by application; a name that is nobody's is said at its field."""
    rp.obtains(alice)
    world.user("bea", "bolt")
    Person(app, "bea").logs_in()
    for query, names in {
        "": {"alice", "bea", "admin"},
        "?user=bea": {"bea"},
        "?client=app": {"alice"},
        "?client=app&user=bea": set(),
    }.items():
        html = root.visits(SESSIONS + query).get_data(as_text=True)
        assert set(re.findall(r"End the login of (\w+),", html)) == names, query
    for wrong in ("?user=nobody", "?client=nothing"):
        assert "There is no such" in seen(root, SESSIONS + wrong)


def test_an_ended_login_is_not_open(
    app: Flask, world: World, alice: Person, root: Person, clock: Any
) -> None:
    """Logged out, logged out everywhere, or past its end."""
    alice.logs_in()
    assert "Alice" in seen(root, SESSIONS)
    alice.logs_out()
    assert "Alice" not in seen(root, SESSIONS)
    alice.logs_in()
    world.change_user("alice", session_epoch=5)
    assert "Alice" not in seen(root, SESSIONS)
    alice.logs_in()
    assert "Alice" in seen(root, SESSIONS)
    clock.advance(13 * 3600)
    root.logs_in()
    assert "Alice" not in seen(root, SESSIONS)


def test_sessions_of_ones_own_customers_only(app: Flask, world: World, alice: Person, root: Person) -> None:
    """Who may end sessions for acme sees and ends those of its users; others are absent."""
    world.user("bea", "bolt")
    held = [("deleteSession", "acme"), ("viewUsers", "acme")]
    world.user("pia", "acme", holds=held)
    world.user("per", "acme", holds=[("deleteSession", "acme")])
    pia, per, bea = Person(app, "pia"), Person(app, "per"), Person(app, "bea")
    for person in (alice, bea, pia, per):
        person.logs_in()
    html = pia.visits(SESSIONS).get_data(as_text=True)
    assert set(re.findall(r"End the login of (\w+),", html)) == {"alice", "pia", "per"}
    assert ends(pia, "End the login of alice").status_code == 403
    assert alice.visits("/").status_code == 200
    assert ends(pia, "End the login of per").status_code == 303
    seen(per, SESSIONS, 303)
    foreign = re.search(r'action="(/console/sessions/\w+/end)', ends_of(root, "bea"))
    assert foreign is not None
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert token is not None
    assert pia.browser.post(foreign[1], data={"csrf_token": token[1]}).status_code == 404
    assert bea.visits("/").status_code == 200


def ends_of(person: Person, name: str) -> str:
    return person.visits(f"{SESSIONS}?user={name}").get_data(as_text=True)


def test_sessions_cost_the_same(app: Flask, world: World, root: Person, queries: Any) -> None:
    """However many logins a page shows."""
    counted = []
    for more in (1, 12):
        for number in range(more):
            name = f"who{more}x{number}"
            world.user(name, "acme")
            Person(app, name).logs_in()
        root.visits(SESSIONS)
        queries.reset()
        root.visits(SESSIONS)
        counted.append(len(queries.statements))
    assert counted[0] == counted[1], queries.statements
