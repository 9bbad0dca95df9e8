"""Function graph and customer tree have versions of their own: a grant to a group loads neither anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = ("graph_version", "tree_version")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("system_state", sa.Column(name, sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("system_state", name)
