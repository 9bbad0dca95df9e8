"""A client names the resource servers that may ask whether its access tokens are accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("oauth_client", sa.Column("resource_servers", JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("oauth_client", "resource_servers")
