"""What is to be told, written in the unit of work that does it: one row, however much it ends.

Nothing is written while no application hears of log-outs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Integer
from sqlalchemy import Table
from sqlalchemy import bindparam
from sqlalchemy import cast
from sqlalchemy import exists
from sqlalchemy import insert
from sqlalchemy import select

from app import clock
from app.models.clients import OAuthClient
from app.models.outbox import Occurrence
from app.runtime import per_app
from app.services.prepared import Prepared
from app.services.unit_of_work import change
from app.services.unit_of_work import run_after_commit

OCCURRENCE: Table = Occurrence.__table__  # type: ignore[assignment]
CLIENT: Table = OAuthClient.__table__  # type: ignore[assignment]
# A live application that hears of log-outs.
HEARS = (CLIENT.c.backchannel_logout_uri.is_not(None), CLIENT.c.deleted_at.is_(None))


class About(StrEnum):
    """What ended: the logins, or sessions of applications, that an occurrence means."""

    LOGIN = "login"
    SESSION = "session"
    CONSENT = "consent"
    USER = "user"
    CUSTOMER = "customer"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Target:
    """The id of what ended, as text; of a user also the epoch of the eldest logins that ended."""

    id: str
    epoch: int | None = None


class Bell:
    """Wakes this process's worker when something was committed."""

    def __init__(self) -> None:
        self.rung = threading.Event()


def note(about: About, target: Target, reason: str) -> None:
    """Note, in the unit at hand, that this ended, if any application hears of log-outs."""
    values = {
        "kind": str(about),
        "target": target.id,
        "reason": reason,
        "at": clock.now(),
        "epoch": target.epoch,
    }
    if change(_INSERT, values):
        run_after_commit(per_app(Bell).rung.set)


_NAMES = ("kind", "target", "reason", "at", "epoch")
_INSERT = Prepared(
    insert(OCCURRENCE)
    .from_select(
        _NAMES,
        select(
            *(bindparam(name, type_=OCCURRENCE.c[name].type) for name in _NAMES[:-1]),
            # In a SELECT, PostgreSQL takes an empty parameter for a text.
            cast(bindparam("epoch"), Integer),
        ).where(exists().where(*HEARS)),
        include_defaults=False,
    )
    .inline()
)
