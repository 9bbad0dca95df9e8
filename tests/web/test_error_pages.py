"""A page that could not be made is still a page: what happened, what to do, a way on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.models.audit import AuditEvent
from app.services.access import consents
from app.services.access import credential_rows
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

HOME = '<a class="button primary" href="/">Go to my applications</a>'


def test_a_page_that_is_not_there(app: Flask, world: World) -> None:
    """No number: there is nothing to look up under it."""
    page = Person(app).visits("/no-such-page")
    html = page.get_data(as_text=True)
    assert page.status_code == 404
    assert "<title>Not found · Argus identity</title>" in html
    assert HOME in html
    assert 'class="number"' not in html


@pytest.mark.parametrize("ending", [OperationalError("", None, Exception()), RuntimeError("boom")])
def test_not_even_who_is_there_can_be_told(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, ending: Exception
) -> None:
    """The database is gone: the error page does not ask it who is looking at the page."""
    alice = Person(app)
    alice.logs_in()

    def gone(*_: Any) -> None:
        raise ending

    monkeypatch.setattr(credential_rows, "load_login_row", gone)
    page = alice.visits("/")
    html = page.get_data(as_text=True)
    assert page.status_code == (503 if isinstance(ending, OperationalError) else 500)
    assert "boom" not in html
    assert re.search(r'<span class="number">[0-9a-f]{16}</span>', html)
    assert HOME in html


def test_who_is_there_is_kept_when_something_else_fails(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known already: the page keeps its menu."""
    alice = Person(app)
    alice.logs_in()

    def boom(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(consents, "list_consents", boom)
    page = alice.visits("/")
    assert page.status_code == 500
    assert "<strong>alice</strong>" in page.get_data(as_text=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"client_id": "nobody"}, "The application that sent you here is not known."),
        ({"redirect_uri": "https://evil.example/"}, "not registered: the host is not the same."),
        ({"state": "x" * 3000}, '<span lang="en">The parameter state is too long.</span>'),
    ],
)
def test_a_request_that_cannot_be_answered(
    app: Flask, rp: RelyingParty, change: dict[str, str], says: str
) -> None:
    """What is wrong, and that the application is the place to begin again."""
    page = Person(app).visits(rp.url(**change))
    html = page.get_data(as_text=True)
    assert page.status_code == 400
    assert says in html
    assert "Go back to the application and start again." in html
    assert "evil" not in html


def test_the_way_back_to_where_a_form_was(app: Flask, world: World) -> None:
    """What a page's form cannot do leads back to it; an action's own address to the page it belongs to."""
    alice = Person(app)
    alice.logs_in()
    refused = alice.browser.post("/account/password", data={"oldPassword": "x"})
    assert refused.status_code == 400
    assert '<a class="button primary" href="/account/password">Go back</a>' in refused.get_data(as_text=True)
    ended = alice.browser.get("/account/sessions/00/end")
    assert ended.status_code == 405
    assert '<a class="button primary" href="/account/sessions">Go back</a>' in ended.get_data(as_text=True)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "\x7f"])
def test_control_characters(app: Flask, world: World, text: str) -> None:
    """In a query or a form field, before anything is looked up: a 400 page, on either database."""
    somebody = Person(app)
    page = somebody.visits("/login")
    refused = [
        somebody.submits(page, "/login", username=text, password="x"),
        somebody.submits(page, "/login", username="alice", password=text),
        somebody.browser.get("/login", query_string={"next": text}),
        somebody.browser.get("/nothing", query_string={text: "x"}),
    ]
    world.user("boss", holds=[("ALL-FUNCTIONS", "root")])
    boss = Person(app, "boss")
    boss.logs_in()
    places = ("/console/sessions/", "/console/audit/", "/console/users/", "/console/clients/")
    refused += [boss.browser.get(place, query_string={"user": text}) for place in places]
    assert [answer.status_code for answer in refused] == [400] * 8
    for answer in refused:
        assert "The request was not in order." in answer.get_data(as_text=True)
    assert not [event for event in world.rows(AuditEvent) if event.outcome == "refused"]


def test_lines_and_tabs_are_no_control_characters(app: Flask, world: World) -> None:
    """Text areas send them."""
    somebody = Person(app)
    page = somebody.visits("/login")
    answer = somebody.submits(page, "/login", username="a\r\n\tb", password="x")
    assert "The request was not in order." not in answer.get_data(as_text=True)
