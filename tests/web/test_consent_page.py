"""What a person is told before approving, after refusal, and at home: who, what, what is new, what never."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import config
from app.config import UnsafeConfiguration
from app.extensions import db
from app.services.access import directory
from app.services.access import held_rights
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Counter
from tests.world import World

NEW = '<span class="tag new">new</span>'


def consent(alice: Person, rp: RelyingParty, **changes: str) -> str:
    """The consent page, with white space folded."""
    page = alice.visits(rp.url(**changes))
    assert page.status_code == 200
    return " ".join(page.get_data(as_text=True).split())


@pytest.fixture
def alice(app: Flask, world: World) -> Person:
    """Somebody who is logged in."""
    person = Person(app)
    person.logs_in()
    return person


def test_it_tells_what_the_application_will_know_do_and_never_do(alice: Person, rp: RelyingParty) -> None:
    """The functions by customer are the decision's own; nothing is new the first time."""
    html = consent(alice, rp, scope="openid email")
    assert "see your e-mail address" in html
    assert "see your name" not in html
    assert re.search(r"<dt>Acme</dt><dd> <ul class=\"uses\"><li><code>readThings</code></li>", html)
    assert "<code>writeThings</code>" in html
    assert "Never more than you may do yourself." in html
    assert "registered by the administrators of Argus identity" in html
    assert NEW not in html


def test_it_never_does_more_than_the_design_allows(app: Flask, alice: Person, world: World) -> None:
    """That it stays at its addresses is said only of an application that is held to some."""
    elsewhere = "Act for you from another address"
    html = consent(alice, RelyingParty(app, world.client("anywhere")))
    for sentence in (
        "If you lose a right, the application loses it at once.",
        "See or change your password, make keys",
        "Log in anywhere as you.",
        "Go on after you log out",
    ):
        assert sentence in html
    assert elsewhere not in html
    ranged = world.client("ranged", client_ip_range=["192.0.2.0/24"])
    assert elsewhere in consent(alice, RelyingParty(app, ranged))


def test_who_runs_it(app: Flask, alice: Person, world: World, rp: RelyingParty) -> None:
    """Its customer, else the organisation of its domain once that has a name of its own."""
    bound = RelyingParty(app, world.client("bound", customer="acme"))
    assert "<dt>Who runs it</dt><dd>Acme</dd>" in consent(alice, bound)
    assert "registered by the administrators of" in consent(alice, rp)
    with app.app_context():
        directory.get_root_customer(directory.get_home_domain().id).name = "Nordlys & Co"
        held_rights.raise_policy_version()
        db.session.commit()
    assert "<dt>Who runs it</dt><dd>Nordlys &amp; Co</dd>" in consent(alice, rp)


def test_a_customer_is_named_only_to_who_may_see_it(app: Flask, alice: Person, world: World) -> None:
    """On the home page an approval may outlive the right to know whose application it is (decision 13)."""
    world.user("carol", "bolt", holds=[("APP-ROLE", "bolt")])
    world.grant("carol", "useApp", "acme")
    bound = RelyingParty(app, world.client("bound", customer="acme"))
    carol = Person(app, "carol")
    assert "code" in bound.sends(carol)
    assert "Acme" in carol.visits("/").get_data(as_text=True)
    world.revoke("carol", "useApp")
    html = carol.visits("/").get_data(as_text=True)
    assert "Withdraw Bound" in html
    assert "It can do nothing for you now:" in html
    assert "Acme" not in html


def test_claims_are_told_in_words(alice: Person, rp: RelyingParty, world: World) -> None:
    """What an application's own claims hold, when it asks for an ID token."""
    providers = [
        {"provider": "customClaim", "claimName": "tel", "claim": "phone"},
        {"provider": "functionRoleMapping", "claimName": "roles", "roleMapping": {"useApp": "user"}},
    ]
    world.change_client(rp.client_id, open_id_custom_claims=providers)
    html = consent(alice, rp, scope="openid")
    assert "<li>your telephone number <code>tel</code></li>" in html
    assert "<li>which roles your functions give you in it <code>roles</code></li>" in html
    assert "your telephone number" not in consent(alice, rp, scope="profile")


def test_functions_are_described(alice: Person, rp: RelyingParty, world: World, app: Flask) -> None:
    """In the page's language where somebody wrote it; a long list is cut, what is new never."""
    with app.app_context():
        function = directory.find_function_by_name("readThings")
        assert function is not None
        function.description = "Read things."
        function.localized_descriptions = {"norwegian": "Lese ting."}
        db.session.commit()
    assert "<li>Read things (<code>readThings</code>)</li>" in consent(alice, rp)
    assert "<li>Lese ting (<code>readThings</code>)</li>" in consent(alice, rp, ui_locales="nb")
    rp.obtains(alice)
    for number in range(12):
        world.function(f"more{number}", "APP-ROLE")
        world.function(f"new{number}")
        world.grant("alice", f"new{number}", "acme")
    world.function("WIDE-ROLE", role=True)
    for child in ("APP-ROLE", *(f"new{number}" for number in range(12))):
        world.edge("WIDE-ROLE", child)
    world.change_client(rp.client_id, permission_scope_id=world.function_id("WIDE-ROLE"))
    html = consent(alice, rp)
    shown, hidden = html.split("<summary>and 16 more</summary>")
    assert shown.count(NEW) == 12
    assert hidden.count("<code>more") == 12


def test_what_grew_is_marked(alice: Person, rp: RelyingParty, world: World) -> None:
    """New scopes and new functions, and nothing else, are called new."""
    rp.obtains(alice, scope="openid")
    html = consent(alice, rp, scope="openid profile")
    assert "It now asks for more" in html
    assert f"see your name and user name {NEW}" in html
    assert html.count(NEW) == 1
    alice.approves(rp.url(scope="openid profile"))

    world.function("WIDE-ROLE", role=True)
    world.function("exportThings")
    for child in ("APP-ROLE", "exportThings"):
        world.edge("WIDE-ROLE", child)
    world.grant("alice", "WIDE-ROLE", "acme")
    world.change_client(rp.client_id, permission_scope_id=world.function_id("WIDE-ROLE"))
    html = consent(alice, rp, scope="openid profile")
    assert f"<code>exportThings</code> {NEW}" in html
    assert f"<code>readThings</code> {NEW}" not in html
    before = html.split("<summary>What you approved before</summary>")[1].split("</details>")[0]
    assert "see your name and user name" in before
    assert "<code>APP-ROLE</code>" in before
    assert "exportThings" not in before


def test_what_grew_without_being_held_is_told_too(alice: Person, rp: RelyingParty, world: World) -> None:
    """Approving holds for what the person is given later, so it is named now."""
    rp.obtains(alice)
    world.function("WIDE-ROLE", role=True)
    world.function("exportThings")
    for child in ("APP-ROLE", "exportThings"):
        world.edge("WIDE-ROLE", child)
    world.change_client(rp.client_id, permission_scope_id=world.function_id("WIDE-ROLE"))
    html = consent(alice, rp)
    assert "It now requests more, but nothing that you hold" in html
    falls = html.split("<summary>What it will not get, and why</summary>")[1].split("</details>")[0]
    assert f"This needs the function exportThings, which you do not hold. {NEW}" in falls


def test_what_shrank_is_not_asked_again(alice: Person, rp: RelyingParty, world: World) -> None:
    """Fewer scopes, or a permission scope that is part of the approved one."""
    rp.obtains(alice, scope="openid profile")
    world.change_client(rp.client_id, permission_scope_id=world.function_id("readThings"))
    assert alice.visits(rp.url(scope="openid")).status_code == 303


def test_asked_again_by_the_application_nothing_is_new(alice: Person, rp: RelyingParty) -> None:
    """``prompt=consent`` asks, but does not claim that something grew."""
    rp.obtains(alice)
    html = consent(alice, rp, prompt="consent")
    assert "It now asks for more" not in html
    assert "for nothing new" in html
    assert NEW not in html


def test_what_falls_away_says_why(alice: Person, rp: RelyingParty, world: World) -> None:
    """A function above the level of this login, behind a disclosure."""
    world.raise_level("writeThings", 3)
    html = consent(alice, rp)
    falls = html.split("<summary>What it will not get, and why</summary>")[1].split("</details>")[0]
    assert "This needs the function writeThings, which needs a stronger login" in falls
    assert "readThings" not in falls


def test_somebody_else_logs_in_for_the_same_request(
    app: Flask, alice: Person, rp: RelyingParty, world: World
) -> None:
    """The link leads through the login back to the same consent, as the other person."""
    world.user("bob", "bolt", holds=[("APP-ROLE", "bolt")])
    html = consent(alice, rp, state="kept")
    there = re.search(r'<a href="(/login\?continue=[^"]+)">Not you', html)
    assert there is not None
    page = alice.visits(there[1])
    answer = alice.submits(page, there[1], username="bob", password=alice.password)
    assert answer.status_code == 303
    html = alice.visits(answer.headers["Location"]).get_data(as_text=True)
    assert "<dt>You are</dt><dd>bob<br>" in html
    assert "Bolt" in html
    assert "Acme" not in html


def test_a_refusal_says_whom_to_ask(app: Flask, world: World, rp: RelyingParty) -> None:
    """What is missing, the number, the way back first."""
    world.user("carl", "acme")
    carl = Person(app, "carl")
    carl.logs_in()
    page = carl.visits(rp.url())
    html = " ".join(page.get_data(as_text=True).split())
    assert page.status_code == 403
    assert re.search(r'<p class="number">Decision D-[0-9A-Z]{10}</p>', html)
    assert "Ask your administrator" in html
    assert html.index("Return to App") < html.index("If you should have access")
    assert re.search(r'<p class="once">App refuses the user carl. Decision D-[0-9A-Z]{10}.</p>', html)


def test_a_refusal_says_what_the_function_is_for(app: Flask, world: World, rp: RelyingParty) -> None:
    """Its description first and its name second; the name alone where nobody wrote what it is for."""
    world.user("carl", "acme")
    carl = Person(app, "carl")
    carl.logs_in()
    plain = "You do not hold the function useApp, which this application requires."
    assert plain in carl.visits(rp.url()).get_data(as_text=True)
    with app.app_context():
        function = directory.find_function_by_name("useApp")
        assert function is not None
        function.description = "See reports."
        db.session.commit()
    said = carl.visits(rp.url()).get_data(as_text=True)
    assert "You do not hold the function See reports (useApp), which this application requires." in said


def test_a_refused_person_may_be_somebody_else(app: Flask, world: World, rp: RelyingParty) -> None:
    """The link leads through the login to the same request."""
    world.user("carl", "acme")
    carl = Person(app, "carl")
    carl.logs_in()
    page = carl.visits(rp.url()).get_data(as_text=True)
    there = re.search(r'<a href="(/login\?continue=[^"]+)">Log in as somebody else', page)
    assert there is not None
    answer = carl.submits(carl.visits(there[1]), there[1], username="alice", password=carl.password)
    assert "App wants to act for you" in carl.visits(answer.headers["Location"]).get_data(as_text=True)


@pytest.mark.parametrize(
    ("contact", "href"),
    [
        (
            "help+idp@example.com",
            "mailto:help%2Bidp@example.com?subject=You%20cannot%20use%20App&amp;body=App",
        ),
        ("https://help.example.com/idp?x=1", "https://help.example.com/idp?x=1"),
    ],
)
def test_the_contact_is_a_link(
    app: Flask, world: World, rp: RelyingParty, settings: Any, contact: str, href: str
) -> None:
    """A mail that says already what it is about, or a page."""
    settings(support_contact=contact)
    world.user("carl", "acme")
    carl = Person(app, "carl")
    carl.logs_in()
    page = carl.visits(rp.url()).get_data(as_text=True)
    assert f'<a href="{href}' in page
    assert contact in page
    assert "Ask your administrator" not in page


def test_the_console_refuses_without_an_application(app: Flask, world: World) -> None:
    """A page of this site: no way back to an application, no name in its place."""
    world.user("carl", "acme", holds=[("viewFunctions", "acme")])
    carl = Person(app, "carl")
    carl.logs_in()
    page = carl.visits("/console/functions/add")
    html = page.get_data(as_text=True)
    assert page.status_code == 403
    assert "<h1>You may not do this</h1>" in html
    assert "Argus identity refuses the user carl. Decision D-" in html
    assert "None" not in html


@pytest.mark.parametrize("text", ["helpdesk@example.com", "https://help.example.com/idp?x=1", ""])
def test_a_support_contact(tmp_path: Path, text: str) -> None:
    settings = config.load_settings({"ARGUS_INSTANCE": tmp_path, "ARGUS_SUPPORT_CONTACT": text})
    assert settings.support_contact == text


@pytest.mark.parametrize(
    "text",
    [
        "http://help.example.com/",
        "javascript:alert(1)",
        "us",
        "https://",
        "a@b\nc",
        "https://bank@evil.example/",
    ],
)
def test_a_contact_that_is_none_does_not_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnsafeConfiguration, match="ARGUS_SUPPORT_CONTACT"):
        config.load_settings({"ARGUS_INSTANCE": tmp_path, "ARGUS_SUPPORT_CONTACT": text})


def test_home_tells_what_was_approved_and_when_it_was_used(alice: Person, rp: RelyingParty) -> None:
    """Applications, approvals, their reach and last use."""
    rp.obtains(alice, scope="openid")
    html = " ".join(alice.visits("/").get_data(as_text=True).split())
    assert '<a href="https://app.example.com/" rel="noopener noreferrer">App</a>' in html
    given = html.split("What you approved</h2>")[1]
    assert "know that you are logged in here" in given
    assert "<dt>Acme</dt>" in given
    assert "<code>writeThings</code>" in given
    assert given.count("<time ") == 2
    assert '<a href="/account/sessions">1 open session</a>' in given


def test_home_asks_the_same_number_of_questions_however_much_is_approved(
    app: Flask, alice: Person, world: World, queries: Counter
) -> None:
    """No query per application or approval."""
    counts = []
    for number in range(4):
        RelyingParty(app, world.client(f"app{number}")).obtains(alice)
        alice.visits("/")
        queries.reset()
        assert alice.visits("/").get_data(as_text=True).count("Withdraw App") == number + 1
        counts.append(len(queries.statements))
    assert len(set(counts)) == 1, counts


def test_home_says_what_an_empty_list_waits_for(app: Flask, world: World, settings: Any) -> None:
    settings(support_contact="help@example.com")
    world.user("zoe", "acme")
    zoe = Person(app, "zoe")
    zoe.logs_in()
    html = zoe.visits("/").get_data(as_text=True)
    assert "Your administrator can give you" in html
    assert '<a href="mailto:help@example.com">' in html
    assert "You have not approved any application." in html


def test_home_says_why_an_approval_is_worth_nothing(alice: Person, rp: RelyingParty, world: World) -> None:
    """Outgrown: it must be approved again; with the login gone nothing is open."""
    rp.obtains(alice)
    world.change_client(rp.client_id, permission_scope_id=world.function_id("ALL-FUNCTIONS"))
    html = " ".join(alice.visits("/").get_data(as_text=True).split())
    assert "It can do nothing for you now: The application may do more than you approved." in html
    assert "<dt>Acme</dt>" not in html
    alice.logs_out()
    alice.logs_in()
    assert "open session" not in alice.visits("/").get_data(as_text=True)


def test_a_login_with_many_application_sessions_fits_a_page(alice: Person, rp: RelyingParty) -> None:
    """The newest are shown and the others counted; the page does not grow with them."""
    for _ in range(13):
        rp.obtains(alice)
    html = alice.visits("/account/sessions").get_data(as_text=True)
    assert html.count("End the session of App") == 10
    assert "and 3 more" in html
