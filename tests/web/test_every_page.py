"""What holds of every page and form, found by following the links: nobody has to remember to add one."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Template
from tests.web.crawler import Crawl
from tests.web.crawler import Form
from tests.web.crawler import Seen
from tests.web.crawler import weight
from tests.world import World

MOST_BYTES = 60_000
STARTS = ("/", "/account/", "/console/", "/account/password", "/logout", "/oauth/logout", "/logged-out",
          "/login", "/recover", "/account/security/codes/remove")  # fmt: skip
# Presence is proven on the way to these.
CONFIRMED = ("/account/keys/add", "/account/security/codes", "/account/security/passkeys/add")
EVIL = "https://evil.example.com/"
TRICKS = (
    EVIL,
    "//evil.example.com/",
    "/\\evil.example.com",
    "\\\\evil.example.com",
    "javascript:alert(1)",
    "/\t/evil.example.com",
)


@pytest.fixture
def crawl(app: Flask, world: World, rp: RelyingParty, template: Template, alice: Person) -> Crawl:
    """Everything the first administrator can reach, with a consent given and an application session open."""
    world.group("team", ["alice"])
    rp.obtains(alice)
    administrator = Person(app, "admin", template.secrets.password)
    rp.obtains(administrator)
    found = Crawl(app, administrator, *STARTS)
    for path in CONFIRMED:
        confirm = administrator.visits(path).headers["Location"]
        administrator.submits(administrator.visits(confirm), confirm, password=administrator.password)
        found.looks_at(path, administrator.visits(path))
    return found


def test_every_page_is_found(app: Flask, crawl: Crawl) -> None:
    """Each page without a name in its address is reached by a link, and the crawl sees no error."""
    plain = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and rule.rule.startswith(("/account", "/console"))
    }
    answered = {page.endpoint for page in crawl.pages}
    assert {
        page.path: page.response.status_code for page in crawl.pages if page.response.status_code != 200
    } == {}
    # Where presence is proven first, the page is seen in tests of its own.
    assert plain - answered - crawl.leading_on == set()
    proven_first = {"keys.add", "passkeys.add", "security.codes", "security.remove_codes"}
    assert crawl.leading_on & plain - proven_first == {"account.index", "console.index"}


def test_every_page_is_protected(crawl: Crawl) -> None:
    """Clickjacking, inline code, caches, sniffing (security rules 73, 74); one heading, title, language."""
    for page in crawl.pages:
        headers = page.response.headers
        policy = headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"<(script(?![^>]*src=)|style)|\sstyle=|\son\w+=", page.html), page.path
        assert len(re.findall(r"<h1[ >]", page.html)) == 1, page.path
        assert re.search(r"<title>[^<·]+ · ", page.html), page.path
        assert '<html lang="en">' in page.html


def test_every_page_is_light(app: Flask, crawl: Crawl) -> None:
    """With its style, scripts and pictures, uncompressed, each page stays below 60 kB."""
    browser = app.test_client()
    for page in crawl.pages:
        assert weight(browser, page) < MOST_BYTES, page.path


def test_every_page_has_the_way_out(crawl: Crawl) -> None:
    """Wherever a logged-in person is, one can log out from there."""
    own = [page for page in crawl.pages if page.path.startswith(("/account", "/console")) or page.path == "/"]
    assert len(own) > 10
    for page in own:
        ways = [*page.links, *(form.action for form in page.forms)]
        assert "/logout" in ways, page.path


def test_every_password_is_hidden_and_may_be_pasted(app: Flask, crawl: Crawl) -> None:
    """OWASP ASVS 6.2.6, 6.2.7: masked, filled in by managers, held back by no script."""
    boxes = [box for page in crawl.pages for box in re.findall(r"<input[^>]*>", page.html)]
    named = [box for box in boxes if re.search(r'name="[^"]*[pP]assword[^"]*"', box)]
    assert len(named) > 3
    for box in named:
        assert 'type="password"' in box, box
        assert re.search(r'autocomplete="(current|new)-password"', box), box
        assert "onpaste" not in box
    scripts = "".join(path.read_text(encoding="utf-8") for path in Path(str(app.static_folder)).glob("*.js"))
    assert not re.search(r"""["'](paste|beforeinput)["']|onpaste""", scripts)


def test_every_form_wants_its_token(app: Flask, crawl: Crawl) -> None:
    """A request sent from another site, with the person's cookie, does nothing (security rule 40)."""
    assert len(crawl.forms) > 3
    elsewhere = _token_of(app)
    for page, form in crawl.forms:
        where = form.action or page.path
        for token in (None, "", "forged", elsewhere):
            sent = {name: value for name, value in form.fields.items() if name != "csrf_token"}
            answer = crawl.person.browser.post(
                where, data=sent if token is None else {**sent, "csrf_token": token}
            )
            # Who is logged in goes on from a login form as by its link; nothing in it was looked at.
            expected = 303 if where.startswith("/login") else 400
            assert answer.status_code == expected, (where, token)
    assert crawl.person.visits("/").status_code == 200


def test_no_form_leads_away(app: Flask, crawl: Crawl) -> None:
    """Whatever is written into ``next`` and its like, a browser stays here (security rule 40)."""
    one_of_each = {page.endpoint: page.path.split("?")[0] for page in crawl.pages}
    for path in one_of_each.values():
        for names in (("next", "url", "return"), ("continue",)):
            for trick in TRICKS:
                answer = crawl.person.browser.get(path, query_string=dict.fromkeys(names, trick))
                assert "evil" not in answer.headers.get("Location", "").split("?")[0], (path, names)


@pytest.mark.parametrize("trick", TRICKS)
def test_the_login_leads_nowhere_else(app: Flask, world: World, trick: str) -> None:
    """The one form whose target is part of the request."""
    alice = Person(app)
    page = alice.visits("/login")
    answer = alice.submits(page, "/login", username=alice.name, password=alice.password, next=trick)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


def test_every_page_of_a_person_wants_a_login(app: Flask, crawl: Crawl) -> None:
    """Without a login each leads to it, and from there back; with a foreign cookie too."""
    stranger, lost = app.test_client(), app.test_client()
    lost.set_cookie("argus_session", "alice/" + "A" * 92)
    for page in crawl.pages:
        if page.path == "/" or page.path.startswith(("/account", "/console")):
            for browser in (stranger, lost):
                answer = browser.get(page.path)
                assert answer.status_code == 303, page.path
                place = urlsplit(answer.headers["Location"])
                assert place.path == "/login"
                assert parse_qs(place.query)["next"] == [page.path]


def test_a_login_changes_both_cookies(app: Flask, world: World) -> None:
    """A session planted before the login is worth nothing after it (security rules 40, 41)."""
    alice = Person(app)
    alice.browser.set_cookie("argus_session", "alice/" + "A" * 92)
    token = _form(alice, "/login").fields["csrf_token"]
    alice.logs_in()
    cookie = alice.browser.get_cookie("argus_session")
    assert cookie is not None
    assert cookie.value != "alice/" + "A" * 92
    assert alice.browser.post("/logout", data={"csrf_token": token}).status_code == 400
    before = cookie.value
    alice.logs_in()
    after = alice.browser.get_cookie("argus_session")
    assert after is not None
    assert after.value != before


def test_a_person_without_rights_finds_no_console(app: Flask, world: World) -> None:
    """The console is absent, not shut, for who administers nothing."""
    world.user("zoe", "acme")
    zoe = Person(app, "zoe")
    zoe.logs_in()
    assert "/console" not in zoe.visits("/").get_data(as_text=True)
    assert zoe.visits("/console/").status_code == 404


def _token_of(app: Flask) -> str:
    """A token that is right, in another browser."""
    return _form(Person(app), "/login").fields["csrf_token"]


def _form(person: Person, path: str) -> Form:
    page: Seen = Crawl(person.app, person, path).pages[0]
    return page.forms[0]
