"""Throttle counters that all processes share, known addresses, and refusals that are counted in one row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNSEALED = sa.text("place IS NULL")
UNSEALED_ONCE = sa.text("place IS NULL AND repeat_key IS NULL")
COUNTED = sa.text("repeat_key IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "throttle_counter",
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle_counter")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_throttle_counter_ends_at"), "throttle_counter", ["ends_at"])
    op.create_table(
        "known_source",
        sa.Column("owner", sa.LargeBinary(16), nullable=False),
        sa.Column("source", sa.LargeBinary(16), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "source", name=op.f("pk_known_source")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_known_source_seen_at"), "known_source", ["seen_at"])
    op.add_column("audit_event", sa.Column("repeat_key", sa.LargeBinary(32), nullable=True))
    op.add_column("audit_event", sa.Column("times", BIG_ID, nullable=True))
    op.add_column("audit_event", sa.Column("since", sa.DateTime(timezone=True), nullable=True))
    op.create_index("uq_audit_event_repeat_key", "audit_event", ["repeat_key"], unique=True)
    op.create_index(
        "ix_audit_event_counted", "audit_event", ["at"], sqlite_where=COUNTED, postgresql_where=COUNTED
    )
    op.drop_index("ix_audit_event_unsealed", "audit_event")
    op.create_index(
        "ix_audit_event_unsealed",
        "audit_event",
        ["id"],
        sqlite_where=UNSEALED_ONCE,
        postgresql_where=UNSEALED_ONCE,
    )


def downgrade() -> None:
    op.drop_index("ix_audit_event_unsealed", "audit_event")
    op.drop_index("ix_audit_event_counted", "audit_event")
    # What was counted is in no chain: without its mark it would look like rows that nobody sealed.
    op.execute("DELETE FROM audit_event WHERE repeat_key IS NOT NULL")
    op.drop_index("uq_audit_event_repeat_key", "audit_event")
    for name in ("since", "times", "repeat_key"):
        op.drop_column("audit_event", name)
    op.create_index(
        "ix_audit_event_unsealed", "audit_event", ["id"], sqlite_where=UNSEALED, postgresql_where=UNSEALED
    )
    op.drop_table("known_source")
    op.drop_table("throttle_counter")
