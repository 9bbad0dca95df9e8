"""A client may be one of the FAPI 2.0 Security Profile: a flag that turns on what that takes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FLAG = "fapi2_security_profile"


def upgrade() -> None:
    op.add_column("oauth_client", sa.Column(FLAG, sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("oauth_client", FLAG)
