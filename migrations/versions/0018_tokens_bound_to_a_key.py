"""Access tokens, and codes, that are bound to a key (RFC 9449)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

FLAG = "dpop_bound_access_tokens"
TABLES = ("oauth_session", "authorization_code")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("dpop_jkt", sa.String(43), nullable=True))
    op.add_column("oauth_client", sa.Column(FLAG, sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("oauth_client", FLAG)
    for table in TABLES:
        op.drop_column(table, "dpop_jkt")
