"""The secret before a client's present one, until its end date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OLD_SECRET = {
    "previous_secret_hash": sa.String(200),
    "previous_secret_digest": sa.LargeBinary(32),
    "previous_secret_until": sa.DateTime(timezone=True),
}


def upgrade() -> None:
    for name, kind in OLD_SECRET.items():
        op.add_column("oauth_client", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in OLD_SECRET:
        op.drop_column("oauth_client", name)
