"""A session keeps how its person had logged in: an ID token of a refresh tells of that login. What began
before does not know it; its ID tokens leave it out. A client chooses the signature of its ID tokens.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

METHOD = ("login_method", sa.String(20))
COLUMNS = {
    "authorization_code": [METHOD],
    "oauth_session": [
        ("authenticated_at", sa.DateTime(timezone=True)),
        ("login_level", sa.Integer()),
        METHOD,
    ],
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind))
    op.add_column(
        "oauth_client",
        sa.Column("id_token_signed_response_alg", sa.String(10), nullable=False, server_default="RS256"),
    )


def downgrade() -> None:
    op.drop_column("oauth_client", "id_token_signed_response_alg")
    for table, columns in COLUMNS.items():
        for name, _kind in columns:
            op.drop_column(table, name)
