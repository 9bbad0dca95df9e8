"""Notices that a database is an older or another copy: what was ended since would live again (decision 35).

Two things are compared with what was noted while it was served: where the database stands (noted in the
database itself), and the end of the audit chain (noted in the instance folder, which tells when the database
is an older one). Who serves a copy is asked first; the answer is a command, and a row of the audit log.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import exists
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy import update

from app import clock
from app import files
from app.extensions import db
from app.models.audit import AuditEvent
from app.models.audit import AuditHead
from app.models.state import SystemState
from app.runtime import per_app
from app.runtime import settings
from app.services.audit import trail
from app.services.audit import verification
from app.services.endings import writes
from app.services.ops.bootstrap import OPERATOR
from app.services.ops.bootstrap import find_state
from app.services.unit_of_work import run_in_transaction

MARK_FILE = "last_seen.json"
ENDED, KEPT = "sessions-end-all", "sessions-keep-all"
SIGNS = {
    "moved": "It stands elsewhere than where it was last served.",
    "older": "It is older than what this server has seen.",
    "folder": "The instance folder is a copy.",
}
log = structlog.get_logger("argus.restored")


@dataclass(frozen=True, slots=True)
class Mark:
    """What this node last saw: the end of the chain, when, and the file it is noted in."""

    end: str
    at: datetime
    file: int


@dataclass(slots=True)
class _Noted:
    """What this process noted last."""

    end: str = ""


def find_sign() -> str | None:
    """Return a key of ``SIGNS`` if this is a copy that no operator has decided about, else ``None``."""
    state = find_state()
    if state is not None and state.place not in (None, _describe_place()):
        return "moved"
    path = settings().instance / MARK_FILE
    mark = _read_mark(path)
    if mark is None:
        return None
    sign = "older" if not verification.contains_end(mark.end) else None
    if sign is None and mark.file != path.stat().st_ino:
        sign = "folder"
    return None if sign is None or _is_decided(mark.at) else sign


def end_all_sessions(*, keys: bool) -> None:
    """End all logins, application sessions, links and authorizations, with ``keys`` all API keys too."""

    def work() -> None:
        writes.end_everything(keys=keys)
        _decide(ENDED, {"keys": keys})

    run_in_transaction(work)


def keep_all_sessions() -> None:
    """Note that what lives in this copy is to live."""
    run_in_transaction(lambda: _decide(KEPT, {}))


def note_what_is_seen() -> None:
    """Note where the database stands and where the chain ends; done by servers, now and then.

    A copy that nobody decided about is logged instead: it may have been put in place while we run.
    """
    noted = per_app(_Noted)
    head = db.session.execute(select(AuditHead.place, AuditHead.seal)).one_or_none()
    end = f"{head.place}:{bytes(head.seal).hex()}" if head is not None else ""
    if not end or end == noted.end:
        return
    sign = find_sign()
    if sign is not None:
        log.error("restored", problem=SIGNS[sign])
        return
    place, state = _describe_place(), find_state()
    if state is not None and state.place != place:
        run_in_transaction(lambda: db.session.execute(update(SystemState).values(place=place)))
    at = clock.now().isoformat()
    files.replace_file(
        settings().instance / MARK_FILE,
        lambda file: json.dumps({"end": end, "at": at, "file": os.fstat(file).st_ino}),
    )
    noted.end = end


def _decide(action: str, detail: dict[str, bool]) -> None:
    db.session.execute(update(SystemState).values(place=_describe_place()))
    trail.record(action, OPERATOR, detail=detail)


def _is_decided(since: datetime) -> bool:
    decided = exists().where(AuditEvent.action.in_((ENDED, KEPT)), AuditEvent.at > since)
    return bool(db.session.execute(select(decided)).scalar_one())


def _read_mark(path: Path) -> Mark | None:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Mark(str(held["end"]), datetime.fromisoformat(held["at"]), int(held["file"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        log.warning("restored", problem=f"{path} cannot be read: it is written anew")
        return None


def _describe_place() -> str:
    """Describe where the database stands, so that every copy of it stands elsewhere.

    SQLite: the file's number. PostgreSQL: the cluster, the database in it and a table in that.
    """
    if db.engine.dialect.name == "sqlite":
        return f"sqlite {Path(db.engine.url.database or '').stat().st_ino}"
    numbers = text(
        "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()),"
        " 'system_state'::regclass::oid FROM pg_control_system()"
    )
    return "postgresql " + " ".join(str(number) for number in db.session.execute(numbers).one())
