"""Domains, customers, subjects (users and groups) and memberships."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from app.models.base import Base
from app.models.base import BigId
from app.models.base import Changeable
from app.models.base import Deletable
from app.models.base import Json
from app.models.base import ShortNamed
from app.models.base import index_where


class Domain(Base):
    """A tenant partition; not a DNS name."""

    __tablename__ = "domain"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)


class Customer(Changeable, ShortNamed, Base):
    """A node of the tree inside a domain; ``parent`` is empty only at the root."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("uq_customer_domain_id_short_name_key", "domain_id", "short_name_key", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    domain_id: Mapped[int] = mapped_column(ForeignKey("domain.id"))
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(10), default="leaf")
    language: Mapped[str] = mapped_column(String(20), default="english")
    time_zone: Mapped[str] = mapped_column(String(64), default="Europe/Oslo")
    flags: Mapped[list[str]] = mapped_column(default=list)
    disabled_at: Mapped[datetime | None]

    domain: Mapped[Domain] = relationship(lazy="joined", innerjoin=True)
    parent: Mapped[Customer | None] = relationship(remote_side=[id], lazy="select")


# What the short name of a user or a group is made of.
SUBJECT_NAME = r"[a-zA-Z0-9_\-.@]+"
MOST_NAME_CHARACTERS = 100


class Subject(Deletable, ShortNamed, Base):
    """A user or a group. They share one id space, so that permissions and memberships can name either.

    Ids are never reused: a subject created again under the same name is a new subject (security rule 25). A
    name is unique among the live subjects of a domain.
    """

    __tablename__ = "subject"
    __table_args__ = (
        Index(
            "uq_subject_domain_id_short_name_key",
            "domain_id",
            "short_name_key",
            unique=True,
            **index_where("deleted_at IS NULL"),
        ),
        CheckConstraint("kind IN ('user', 'group')", name="kind"),
        {"sqlite_autoincrement": True},
    )
    # Load the columns of both kinds at once: one query, not one per row.
    __mapper_args__ = {"polymorphic_on": "kind", "with_polymorphic": "*"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(5))
    domain_id: Mapped[int] = mapped_column(ForeignKey("domain.id"))
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(String(1000))
    daemon_account: Mapped[bool] = mapped_column(default=False)
    externally_managed: Mapped[bool] = mapped_column(default=False)

    domain: Mapped[Domain] = relationship(lazy="joined", innerjoin=True)
    customer: Mapped[Customer] = relationship(lazy="joined", innerjoin=True)


class User(Subject):
    """A person (or a daemon) that can act.

    ``session_epoch`` ends every login made under an older value; ``rights_version`` changes with this user's
    own permissions and memberships (design §7). Logins by ``disabled_methods`` are refused. With
    ``password_alone`` the password lets in without the second factor that there is. Links to a new password
    go to a confirmed address only.
    """

    __mapper_args__ = {"polymorphic_identity": "user"}  # noqa: RUF012

    email: Mapped[str | None] = mapped_column(String(254))
    email_confirmed_at: Mapped[datetime | None]
    phone_country_code: Mapped[str | None] = mapped_column(String(8))
    phone_national_number: Mapped[str | None] = mapped_column(String(32))
    language: Mapped[str | None] = mapped_column(String(20), default="english")
    notification_user: Mapped[bool | None] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    force_password_change: Mapped[bool | None] = mapped_column(default=False)
    blocked_at: Mapped[datetime | None]
    disabled_methods: Mapped[list[str] | None] = mapped_column(Json)
    password_alone: Mapped[bool | None] = mapped_column(default=False)
    session_epoch: Mapped[int | None] = mapped_column(default=0)
    rights_version: Mapped[int | None] = mapped_column(default=0)
    last_login_at: Mapped[datetime | None]
    last_login_method: Mapped[str | None] = mapped_column(String(20))
    last_login_ip: Mapped[str | None] = mapped_column(String(45))


class Group(Subject):
    """A set of subjects; groups may contain groups, without cycles."""

    __mapper_args__ = {"polymorphic_identity": "group"}  # noqa: RUF012


class Membership(Base):
    """``member`` belongs to ``group`` until removed; the row is kept as history."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_group_id_member_id",
            "group_id",
            "member_id",
            unique=True,
            **index_where("removed_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("subject.id"), index=True)
    comment: Mapped[str | None] = mapped_column(String(1000))
    added_at: Mapped[datetime]
    added_by_id: Mapped[int | None] = mapped_column(BigId)
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(BigId)
    remove_comment: Mapped[str | None] = mapped_column(String(1000))
