"""The permission scope a consent page was shown with: more than that is never recorded as approved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FOREIGN_KEY = "fk_authorize_transaction_permission_scope_id"


def upgrade() -> None:
    # Nobody knows what these pages showed. They live for ten minutes; whoever has one open is asked again.
    op.execute("DELETE FROM authorize_transaction")
    with op.batch_alter_table("authorize_transaction", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.add_column(sa.Column("permission_scope_id", BIG_ID, nullable=False))
        table.create_foreign_key(FOREIGN_KEY, "function", ["permission_scope_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("authorize_transaction", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.drop_constraint(FOREIGN_KEY, type_="foreignkey")
        table.drop_column("permission_scope_id")
