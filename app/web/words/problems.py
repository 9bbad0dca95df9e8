"""The text of pages for expected problems. A class that is not listed uses the text of its base class."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext

from app.oauth.approval import StaleTransaction
from app.services.administration.policy_changes import LastAdministrator
from app.services.problems import Conflict
from app.services.problems import Missing
from app.services.problems import NotHeld
from app.services.problems import NotInteractive
from app.services.problems import Problem
from app.services.problems import StrongerLoginNeeded
from app.services.problems import Throttled
from app.services.problems import Unavailable
from app.services.problems import Undetermined
from app.web.errors import SENTENCES
from app.web.errors import TITLES

NOT_DONE = lazy_gettext("This was not done")
# Title and message. The pages of ``Invalid`` and ``Throttled`` show the field or the time instead.
WORDS: Mapping[type[Problem], tuple[str, str]] = {
    Problem: (NOT_DONE, lazy_gettext("This cannot be done now.")),
    Missing: (
        TITLES[Missing.status],
        lazy_gettext("There is no such thing, or it is not for you to see. Go back and look again."),
    ),
    Conflict: (
        NOT_DONE,
        lazy_gettext(
            "Somebody else changed this at the same time. Nothing was changed. Look again and repeat."
        ),
    ),
    LastAdministrator: (
        NOT_DONE,
        lazy_gettext(
            "Nobody would be left who may do everything for the root customer and can log in."
            " Make somebody else an administrator first."
        ),
    ),
    NotHeld: (NOT_DONE, lazy_gettext("This account holds more than you do, so you cannot change it.")),
    StrongerLoginNeeded: (
        lazy_gettext("A stronger login is needed"),
        lazy_gettext("Log in with your second factor first, then do this again."),
    ),
    NotInteractive: (NOT_DONE, lazy_gettext("This needs your own login.")),
    StaleTransaction: (
        lazy_gettext("This page is out of date"),
        lazy_gettext(
            "This page was answered already or is too old. Go back to the application and start again."
        ),
    ),
    Throttled: (TITLES[Throttled.status], lazy_gettext(SENTENCES[Throttled.status])),
    Unavailable: (TITLES[Unavailable.status], lazy_gettext(SENTENCES[Unavailable.status])),
    Undetermined: (TITLES[Undetermined.status], lazy_gettext(Undetermined.sentence)),
}


def find_words(problem: type[Problem]) -> tuple[str, str]:
    """Return title and message of the nearest base class that has its own."""
    title, message = next(WORDS[one] for one in problem.__mro__ if one in WORDS)
    return str(title), str(message)
