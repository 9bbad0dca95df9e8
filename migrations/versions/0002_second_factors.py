"""Step-up tokens, one-time codes, passkeys, and methods an administrator disabled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("subject", sa.Column("disabled_methods", JSON, nullable=True))

    op.create_table(
        "step_up",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("login_session_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("context", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["login_session_id"],
            ["login_session.id"],
            name=op.f("fk_step_up_login_session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["subject.id"], name=op.f("fk_step_up_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_up")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("step_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_step_up_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_step_up_login_session_id"), ["login_session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_step_up_user_id"), ["user_id"], unique=False)

    op.create_table(
        "totp_generator",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("active_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_ip", sa.String(length=45), nullable=True),
        sa.Column("pending_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("pending_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("pending_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["subject.id"], name=op.f("fk_totp_generator_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp_generator")),
    )
    op.create_table(
        "webauthn_challenge",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("challenge", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("login_session_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('login', 'authorize', 'enrol')", name=op.f("ck_webauthn_challenge_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["login_session_id"],
            ["login_session.id"],
            name=op.f("fk_webauthn_challenge_login_session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["subject.id"], name=op.f("fk_webauthn_challenge_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webauthn_challenge")),
    )
    with op.batch_alter_table("webauthn_challenge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webauthn_challenge_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_webauthn_challenge_login_session_id"), ["login_session_id"], unique=False
        )

    op.create_table(
        "webauthn_credential",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("valid_sources", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_ip", sa.String(length=45), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["subject.id"], name=op.f("fk_webauthn_credential_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webauthn_credential")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("webauthn_credential", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webauthn_credential_user_id"), ["user_id"], unique=False)
        batch_op.create_index("uq_webauthn_credential_credential_id", ["credential_id"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("webauthn_credential", schema=None) as batch_op:
        batch_op.drop_index("uq_webauthn_credential_credential_id")
        batch_op.drop_index(batch_op.f("ix_webauthn_credential_user_id"))

    op.drop_table("webauthn_credential")
    with op.batch_alter_table("webauthn_challenge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webauthn_challenge_login_session_id"))
        batch_op.drop_index(batch_op.f("ix_webauthn_challenge_expires_at"))

    op.drop_table("webauthn_challenge")
    op.drop_table("totp_generator")
    with op.batch_alter_table("step_up", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_step_up_user_id"))
        batch_op.drop_index(batch_op.f("ix_step_up_login_session_id"))
        batch_op.drop_index(batch_op.f("ix_step_up_expires_at"))

    op.drop_table("step_up")
    # Not in a batch: SQLite would copy the table, which every other table points at.
    op.drop_column("subject", "disabled_methods")
