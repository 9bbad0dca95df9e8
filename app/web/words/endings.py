"""Describe what an event ends, for the user who is about to cause it; read from the table."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.services.endings.table import Event
from app.services.endings.table import Fate
from app.services.endings.table import Thing
from app.services.endings.table import find_lasting_fate

# Things that users know. The others end together with what they depend on.
NOUNS: Mapping[frozenset[Thing], str] = {
    frozenset({Thing.LOGIN, Thing.OTHER_LOGIN}): lazy_gettext("every login"),
    frozenset({Thing.SESSION}): lazy_gettext("sessions of applications"),
    frozenset({Thing.KEY}): lazy_gettext("API keys"),
    frozenset({Thing.KEY_SESSION}): lazy_gettext("sessions that API keys bought"),
    frozenset({Thing.LINK}): lazy_gettext("links to a new password"),
    frozenset({Thing.CONSENT}): lazy_gettext("approvals"),
    frozenset({Thing.PERMISSION}): lazy_gettext("permissions"),
    frozenset({Thing.MEMBERSHIP}): lazy_gettext("memberships in groups"),
    frozenset({Thing.MADE_KEY, Thing.MADE_LINK}): lazy_gettext("API keys and links made for others"),
}
# Of the unaffected things, only those that a user might expect to end.
WORTH_SAYING = frozenset({Thing.LOGIN, Thing.OTHER_LOGIN, Thing.SESSION, Thing.KEY})


def describe_endings(event: Event) -> str:
    """Describe what ends, what is refused until the event is undone, and what continues,
    in a few sentences.
    """
    ends, rests, lives = (_list_things(event, fate) for fate in (Fate.ENDS, Fate.RESTS, Fate.LIVES))
    said = [
        _("Ends for good: %(things)s.", things=_listed(ends)) if ends else "",
        _("Is refused meanwhile: %(things)s.", things=_listed(rests)) if rests else "",
        _("Goes on: %(things)s.", things=_listed(told)) if (told := _keep_worth_saying(lives)) else "",
    ]
    return " ".join(str(one) for one in said if one)


def _list_things(event: Event, fate: Fate) -> list[frozenset[Thing]]:
    return [things for things in NOUNS if all(find_lasting_fate(event, one) is fate for one in things)]


def _keep_worth_saying(lives: Iterable[frozenset[Thing]]) -> list[frozenset[Thing]]:
    return [things for things in lives if things <= WORTH_SAYING]


def _listed(things: Collection[frozenset[Thing]]) -> str:
    return ", ".join(str(NOUNS[one]) for one in things)
