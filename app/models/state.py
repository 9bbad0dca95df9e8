"""The one row with the shared versions of the system."""

from __future__ import annotations

from sqlalchemy import CheckConstraint
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.models.base import Base


class SystemState(Base):
    """``policy_version`` increases with every change of function graph, customer tree,
    groups or group permissions; ``graph_version`` and ``tree_version`` with those of graph and tree only.

    ``key_fingerprint`` belongs to the server's secret keys: a node with other keys refuses to start.
    ``place`` is where the database stood when it was last served: one that stands elsewhere is a copy.
    """

    __tablename__ = "system_state"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_version: Mapped[int] = mapped_column(default=0)
    graph_version: Mapped[int] = mapped_column(default=0, server_default="0")
    tree_version: Mapped[int] = mapped_column(default=0, server_default="0")
    key_fingerprint: Mapped[str] = mapped_column(String(64))
    home_domain_id: Mapped[int]
    demo_added: Mapped[bool] = mapped_column(default=False)
    place: Mapped[str | None] = mapped_column(String(100))
