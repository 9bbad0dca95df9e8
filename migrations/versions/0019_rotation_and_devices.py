"""The secret before a client's present one, until its end date; devices that wait to be approved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OLD_SECRET = {
    "previous_secret_hash": sa.String(200),
    "previous_secret_digest": sa.LargeBinary(32),
    "previous_secret_until": sa.DateTime(timezone=True),
}
FLAG = "allow_device_grant"
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OPEN = sa.text("answered_at IS NULL")


def upgrade() -> None:
    for name, kind in OLD_SECRET.items():
        op.add_column("oauth_client", sa.Column(name, kind, nullable=True))
    op.add_column("oauth_client", sa.Column(FLAG, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "device_request",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("user_code_key", sa.LargeBinary(16), nullable=False),
        sa.Column("client_id", sa.String(36), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("network", sa.String(50), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_id", sa.LargeBinary(16), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_client.id"], name=op.f("fk_device_request_client_id_oauth_client")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_request")),
        sa.UniqueConstraint("user_code_key", name=op.f("uq_device_request_user_code_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_device_request_open",
        "device_request",
        ["created_at"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("device_request")
    op.drop_column("oauth_client", FLAG)
    for name in OLD_SECRET:
        op.drop_column("oauth_client", name)
