"""Ways in: whom the password alone lets in beside a second factor, and which addresses were confirmed.

Nobody is let in by the password alone. Addresses that got links until now go on getting them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subject", sa.Column("password_alone", sa.Boolean(), nullable=True))
    op.add_column("subject", sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE subject SET email_confirmed_at = updated_at WHERE email IS NOT NULL")


def downgrade() -> None:
    op.drop_column("subject", "email_confirmed_at")
    op.drop_column("subject", "password_alone")
