"""The decision page and the pages' sentences say of endings what the table says."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.services.endings.table import TABLE
from app.services.endings.table import Event
from app.services.endings.table import Fate
from app.services.endings.table import Thing
from app.services.endings.table import find_fate
from app.web.words.endings import describe_endings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/decisions/005-keys-outlive-a-password.md"
TOLD_PAGE = ROOT / "docs/decisions/046-logout-everywhere.md"
# A sentence of a page that was written by hand: of which event, what it claims to end, what to go on.
CLAIMS = {
    "templates/logout.html": (
        "Applications that you approved in this login can no longer act for you after it. Other browsers stay"
        " logged in.",
        Event.LOGGED_OUT,
        {Thing.LOGIN, Thing.SESSION, Thing.CODE},
        {Thing.OTHER_LOGIN, Thing.KEY},
    ),
    "templates/account/key_revoke.html": (
        "every session started with it ends. This cannot be undone.",
        Event.KEY_REVOKED,
        {Thing.KEY, Thing.KEY_SESSION, Thing.KEY_LOGIN},
        {Thing.LOGIN, Thing.SESSION},
    ),
    "templates/console/clients/delete.html": (
        "Everything it has open ends at once",
        Event.CLIENT_DELETED,
        {Thing.SESSION, Thing.BOUGHT_SESSION, Thing.KEY_SESSION, Thing.CODE, Thing.REQUEST},
        {Thing.LOGIN, Thing.KEY},
    ),
    "templates/account/sessions.html": (
        "Ending a login ends everything under it.",
        Event.ENDED_BY_NAME,
        {Thing.LOGIN, Thing.SESSION, Thing.BOUGHT_SESSION, Thing.MADE_LOGIN},
        {Thing.OTHER_LOGIN, Thing.KEY},
    ),
    "web/console/user_access.py": (
        "every login that began so ends, with the applications",
        Event.METHOD_DISABLED,
        {Thing.LOGIN, Thing.OTHER_LOGIN, Thing.SESSION},
        {Thing.KEY, Thing.KEY_SESSION},
    ),
    "web/home.py": (
        "Withdrawn. The application can no longer act for you.",
        Event.CONSENT_WITHDRAWN,
        {Thing.CONSENT, Thing.SESSION, Thing.CODE},
        {Thing.LOGIN},
    ),
}


def test_the_decision_page_shows_the_table() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0] == ["", *Thing]
    shown = {row[0]: dict(zip(Thing, row[1:], strict=True)) for row in rows[2:]}
    assert shown == {
        str(event): {
            thing: "" if (one := find_fate(event, thing)) is Fate.LIVES else str(one) for thing in Thing
        }
        for event in Event
    }


def test_the_decision_page_shows_what_is_told() -> None:
    lines = [line for line in TOLD_PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    shown = {
        cells[0]: cells[1]
        for cells in ([c.strip() for c in line.strip("|").split("|")] for line in lines[2:])
    }
    told = {
        event: [str(one.tells) for one in effects if one.tells is not None]
        for event, effects in TABLE.items()
    }
    assert shown == {str(event): ", ".join(kinds) for event, kinds in told.items() if kinds}


@pytest.mark.parametrize("file", CLAIMS)
def test_sentences_written_by_hand(file: str) -> None:
    """Whoever changes the row meets the sentence here, and the other way round."""
    sentence, event, ends, goes_on = CLAIMS[file]
    assert sentence in (ROOT / "app" / file).read_text(encoding="utf-8")
    assert {find_fate(event, thing) for thing in ends} == {Fate.ENDS}
    assert {find_fate(event, thing) for thing in goes_on} == {Fate.LIVES}


def test_sentences_read_from_the_table(app: Flask) -> None:
    with app.test_request_context():
        assert describe_endings(Event.PASSWORD_CHANGED) == (
            "Ends for good: every login, sessions of applications, sessions that API keys bought,"
            " links to a new password. Goes on: API keys."
        )
        blocked = describe_endings(Event.BLOCKED)
        assert "API keys and links made for others." in blocked
        assert "Is refused meanwhile: API keys, approvals, permissions, memberships in groups." in blocked
        assert "meanwhile" not in describe_endings(Event.DELETED)


@pytest.mark.parametrize("event", TABLE)
def test_each_event_is_brought_about_somewhere(event: Event) -> None:
    """A row that no use case applies would be a comment."""
    calls = f"endings.end(Event.{event.name},"
    assert any(calls in path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py"))
