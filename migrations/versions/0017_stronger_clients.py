"""Clients that announce their requests or sign who they are, and what counts only once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
FLAG = "require_pushed_authorization_requests"


def upgrade() -> None:
    op.create_table(
        "used_once",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_once")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_used_once_kept_until"), "used_once", ["kept_until"])
    op.add_column("oauth_client", sa.Column(FLAG, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("oauth_client", sa.Column("jwks", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("oauth_client", "jwks")
    op.drop_column("oauth_client", FLAG)
    op.drop_table("used_once")
