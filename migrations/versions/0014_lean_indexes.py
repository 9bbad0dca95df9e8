"""Indexes that answer by themselves, or hold only the rows that somebody looks for.

Counting the open sessions of a user at a client read each of up to a hundred rows, because SQLite wants to
see for itself that ``ended_at`` is empty. Of an ordinary audit row two indexes held nothing but that it is
in neither.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL")
SPARSE = {"uq_audit_event_place": "place", "uq_audit_event_repeat_key": "repeat_key"}


def upgrade() -> None:
    _index_open_sessions("user_id", "client_id", "ended_at")
    for name, column in SPARSE.items():
        filled = sa.text(f"{column} IS NOT NULL")
        op.drop_index(name, "audit_event")
        op.create_index(
            name, "audit_event", [column], unique=True, sqlite_where=filled, postgresql_where=filled
        )


def downgrade() -> None:
    _index_open_sessions("user_id", "client_id")
    for name, column in SPARSE.items():
        op.drop_index(name, "audit_event")
        op.create_index(name, "audit_event", [column], unique=True)


def _index_open_sessions(*columns: str) -> None:
    op.drop_index("ix_oauth_session_open", "oauth_session")
    op.create_index(
        "ix_oauth_session_open", "oauth_session", [*columns], sqlite_where=OPEN, postgresql_where=OPEN
    )
