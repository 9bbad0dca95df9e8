"""Whether this node may serve: database reachable, migrated, initialised, and under the same keys."""

from __future__ import annotations

from app.extensions import db
from app.services.access import counting
from app.services.ops.bootstrap import find_state
from app.services.ops.versions import find_head
from app.services.ops.versions import find_version
from app.services.tokens.keyring import keyring

REPAIRS = {
    "database": "The database does not answer: check ARGUS_DATABASE_URL.",
    "migrations": "The database is not at this version: run 'argus-idp upgrade'.",
    "init": "The database is empty: run 'argus-idp init'.",
    "keys": "This node's ARGUS_SECRET_KEYS are not those of the database: give all nodes the same keys, "
    "and run 'argus-idp keys reseal' before you take one away.",
}

# What is worse than it should be, but no reason not to serve.
WARNINGS = {
    "ratelimit_storage": "Redis does not answer: failures are counted by each process alone. "
    "Check ARGUS_RATELIMIT_STORAGE.",
}


def list_warnings() -> list[str]:
    """List the keys of ``WARNINGS`` that hold now."""
    return [] if counting.is_shared() else ["ratelimit_storage"]


def find_problem() -> str | None:
    """Return a key of ``REPAIRS``, or ``None`` if all is well.
    Raises ``SQLAlchemyError`` without a database.
    """
    with db.engine.connect() as connection:
        at = find_version(connection)
    if at is None:
        return "init"
    if at != find_head():
        return "migrations"
    known = find_state()
    if known is None:
        return "init"
    if known.key_fingerprint not in keyring().list_fingerprints():
        return "keys"
    return None
