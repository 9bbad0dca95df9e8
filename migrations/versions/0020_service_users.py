"""A client may have a service user: the key of that user by which the client alone starts sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = {
    "service_user_id": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "service_key_number": sa.Integer(),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("oauth_client", sa.Column(name, kind))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("oauth_client", name)
