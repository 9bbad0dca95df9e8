"""Short names and function names are compared, and unique, by a folded form.

Where two live rows had names that differ only in case, the older one keeps the folded form. The younger one
answers to its exact spelling only: its key is ``=`` and the name, which no folded name equals, until it is
renamed.
"""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Table, the name's column, the columns beside it in the index, and the rows that the index holds.
NAMES = (
    ("subject", "short_name", ("domain_id",), "deleted_at IS NULL"),
    ("customer", "short_name", ("domain_id",), None),
    ("oauth_client", "short_name", ("domain_id",), "deleted_at IS NULL"),
    ("function", "name", (), "deleted_at IS NULL"),
)


def fold(name: str) -> str:
    """As ``app.policy.names.fold_name`` at the time of this migration."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def upgrade() -> None:
    for table, column, scope, live in NAMES:
        op.add_column(table, sa.Column(f"{column}_key", sa.String(101), nullable=False, server_default=""))
        _fill(table, column, scope, live)
        op.drop_index(_index(table, scope, column), table)
        _create_index(table, scope, f"{column}_key", live)


def downgrade() -> None:
    for table, column, scope, live in reversed(NAMES):
        op.drop_index(_index(table, scope, f"{column}_key"), table)
        op.drop_column(table, f"{column}_key")
        _create_index(table, scope, column, live)


def _fill(table: str, column: str, scope: tuple[str, ...], live: str | None) -> None:
    read = [
        "id",
        "created_at",
        column,
        f"{column}_key",
        *scope,
        *(["deleted_at"] if live is not None else []),
    ]
    rows = sa.table(table, *(sa.column(one) for one in read))
    taken: set[tuple[object, ...]] = set()
    change = (
        sa.update(rows).where(rows.c.id == sa.bindparam("row")).values({f"{column}_key": sa.bindparam("key")})
    )
    connection = op.get_bind()
    changes = []
    for row in connection.execute(sa.select(rows).order_by(rows.c.created_at, rows.c.id)).mappings():
        key = fold(row[column])
        if live is None or row["deleted_at"] is None:
            place = (*(row[one] for one in scope), key)
            key = f"={row[column]}" if place in taken else key
            taken.add(place)
        changes.append({"row": row["id"], "key": key})
    if changes:
        connection.execute(change, changes)


def _index(table: str, scope: tuple[str, ...], column: str) -> str:
    return "_".join(("uq", table, *scope, column))


def _create_index(table: str, scope: tuple[str, ...], column: str, live: str | None) -> None:
    held = sa.text(live) if live is not None else None
    name, columns = _index(table, scope, column), [*scope, column]
    op.create_index(name, table, columns, unique=True, sqlite_where=held, postgresql_where=held)
