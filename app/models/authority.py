"""Functions, the graph between them, and permissions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Deletable
from app.models.base import Named
from app.models.base import index_where
from app.models.directory import Customer
from app.models.directory import Subject


class Function(Deletable, Named, Base):
    """One capability; with ``role`` it bundles others. ``minimum_security_level`` is 1, 2 or 3."""

    __tablename__ = "function"
    __table_args__ = (
        Index(
            "uq_function_name_key",
            "name_key",
            unique=True,
            **index_where("deleted_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    description: Mapped[str | None] = mapped_column(String(1000))
    localized_names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    localized_descriptions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    minimum_security_level: Mapped[int]
    role: Mapped[bool] = mapped_column(default=False)
    sysadm: Mapped[bool] = mapped_column(default=False)
    read_only: Mapped[bool] = mapped_column(default=False)
    role_type: Mapped[str] = mapped_column(String(10), default="other")


class FunctionEdge(Base):
    """``parent`` bundles ``child`` until the edge is removed."""

    __tablename__ = "function_edge"
    __table_args__ = (
        Index(
            "uq_function_edge_parent_id_child_id",
            "parent_id",
            "child_id",
            unique=True,
            **index_where("removed_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    parent_id: Mapped[int] = mapped_column(BigId, ForeignKey("function.id"))
    child_id: Mapped[int] = mapped_column(BigId, ForeignKey("function.id"), index=True)
    added_at: Mapped[datetime]
    added_by_id: Mapped[int | None] = mapped_column(BigId)
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(BigId)


class Permission(Base):
    """``subject`` holds ``function`` for ``customer`` and for the descendants of both, until revoked."""

    __tablename__ = "permission"
    __table_args__ = (
        Index(
            "uq_permission_subject_id_function_id_customer_id",
            "subject_id",
            "function_id",
            "customer_id",
            unique=True,
            **index_where("revoked_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"))
    function_id: Mapped[int] = mapped_column(BigId, ForeignKey("function.id"), index=True)
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"), index=True)
    comment: Mapped[str | None] = mapped_column(String(1000))
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(BigId)
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(BigId)
    revoke_comment: Mapped[str | None] = mapped_column(String(1000))

    subject: Mapped[Subject] = relationship(lazy="joined", innerjoin=True)
    function: Mapped[Function] = relationship(lazy="joined", innerjoin=True)
    customer: Mapped[Customer] = relationship(lazy="joined", innerjoin=True)
