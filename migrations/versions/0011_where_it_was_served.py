"""Where the database stood when it was last served: one that stands elsewhere is a copy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("system_state", sa.Column("place", sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column("system_state", "place")
