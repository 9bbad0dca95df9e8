"""Places in the audit chain, its head, and what audit log and open sessions are searched by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEARCHED = {
    "ix_audit_event_at": (["at"], None),
    "ix_audit_event_action_at": (["action", "at"], None),
    "ix_audit_event_address_at": (["address", "at"], None),
    "ix_audit_event_user_name_at": (["user_name", "at"], None),
    "ix_audit_event_actor_name_at": (["actor_name", "at"], "actor_name <> user_name"),
    "ix_audit_event_outcome_at": (["outcome", "at"], "outcome <> 'success'"),
    "ix_audit_event_unsealed": (["id"], "place IS NULL"),
}


def upgrade() -> None:
    op.add_column("audit_event", sa.Column("place", BIG_ID, nullable=True))
    op.create_index("uq_audit_event_place", "audit_event", ["place"], unique=True)
    for name, (columns, condition) in SEARCHED.items():
        _index(name, "audit_event", columns, condition)
    _index("ix_login_session_open", "login_session", ["created_at"], "ended_at IS NULL")

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", BIG_ID, nullable=False),
        sa.Column("seal", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )


def downgrade() -> None:
    op.drop_table("audit_head")
    op.drop_index("ix_login_session_open", "login_session")
    for name in reversed(SEARCHED):
        op.drop_index(name, "audit_event")
    op.drop_index("uq_audit_event_place", "audit_event")
    op.drop_column("audit_event", "place")
    # A seal without its place says nothing.
    op.execute("UPDATE audit_event SET seal = NULL")


def _index(name: str, table: str, columns: list[str], condition: str | None) -> None:
    where = None if condition is None else sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
