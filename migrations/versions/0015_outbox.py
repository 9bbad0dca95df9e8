"""Log-outs are told to applications: what happened, what each receiver has not taken yet, and how it does.

The index answers whether anybody is to be told at all.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TOLD = sa.text("backchannel_logout_uri IS NOT NULL AND deleted_at IS NULL")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outbox_occurrence",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("target", sa.String(40), nullable=False),
        sa.Column("epoch", sa.Integer()),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("after", JSON),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_occurrence"),
    )
    op.create_table(
        "outbox_receiver",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME),
        sa.Column("claimed_until", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_receiver"),
    )
    op.create_index("ix_outbox_receiver_next_at", "outbox_receiver", ["next_at"])
    op.create_table(
        "outbox_delivery",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("receiver_id", sa.String(36), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("sid", sa.String(22), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("not_before", TIME),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["outbox_receiver.id"], name="fk_outbox_delivery_receiver_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_delivery"),
    )
    op.create_index("ix_outbox_delivery_receiver_id", "outbox_delivery", ["receiver_id", "id"])
    op.create_index(
        "ix_oauth_client_backchannel", "oauth_client", ["id"], sqlite_where=TOLD, postgresql_where=TOLD
    )


def downgrade() -> None:
    op.drop_index("ix_oauth_client_backchannel", "oauth_client")
    for table in ("outbox_delivery", "outbox_receiver", "outbox_occurrence"):
        op.drop_table(table)
