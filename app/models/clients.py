"""OAuth clients: applications that may act for users."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy import Index
from sqlalchemy import String
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from sqlalchemy.orm import relationship

from app.models.authority import Function
from app.models.base import Base
from app.models.base import BigId
from app.models.base import Deletable
from app.models.base import Digest
from app.models.base import Json
from app.models.base import ShortNamed
from app.models.base import index_where
from app.models.directory import Customer
from app.models.directory import Domain
from app.models.mixins import ArgusClientMixin


class OAuthClient(Deletable, ShortNamed, Base, ArgusClientMixin):
    """An OAuth client (contract 2.2). Its id is the ``client_id``. It is either live or deleted.

    A secret chosen by a person is stored as argon2id (``secret_hash``), a secret that we made as SHA-256
    (``secret_digest``). Only one of the two is set; clear text is never stored. The secret before it may go
    on for a while. ``jwks`` are public keys. The client acts by itself by the key ``service_key_number`` of
    its service user, if it has one.
    """

    __tablename__ = "oauth_client"
    __table_args__ = (
        Index(
            "uq_oauth_client_domain_id_short_name_key",
            "domain_id",
            "short_name_key",
            unique=True,
            **index_where("deleted_at IS NULL"),
        ),
        # Is there any that hears of log-outs? Asked by each unit that ends something.
        Index(
            "ix_oauth_client_backchannel",
            "id",
            **index_where("backchannel_logout_uri IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    domain_id: Mapped[int] = mapped_column(ForeignKey("domain.id"))
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(String(1000))
    main_uri: Mapped[str] = mapped_column(String(2048))
    authentication_method: Mapped[str] = mapped_column(String(10))
    secret_hash: Mapped[str | None] = mapped_column(String(200))
    secret_digest: Mapped[bytes | None] = mapped_column(Digest)
    previous_secret_hash: Mapped[str | None] = mapped_column(String(200))
    previous_secret_digest: Mapped[bytes | None] = mapped_column(Digest)
    previous_secret_until: Mapped[datetime | None]
    jwks: Mapped[dict[str, Any] | None] = mapped_column(Json)
    required_function_id: Mapped[int] = mapped_column(BigId, ForeignKey("function.id"), index=True)
    permission_scope_id: Mapped[int] = mapped_column(BigId, ForeignKey("function.id"), index=True)
    client_ip_range: Mapped[list[str]]
    redirect_uris: Mapped[list[str]]
    permitted_scopes: Mapped[list[str]]
    max_security_level: Mapped[int]
    hidden: Mapped[bool]
    require_pkce: Mapped[bool]
    require_pushed_authorization_requests: Mapped[bool]
    dpop_bound_access_tokens: Mapped[bool]
    fapi2_security_profile: Mapped[bool]
    allow_device_grant: Mapped[bool]
    insecure_without_pkce: Mapped[bool]
    require_same_client_ip: Mapped[bool]
    enable_standard_open_id_claims: Mapped[bool]
    enable_string_group_claim: Mapped[bool]
    post_logout_redirect_uris: Mapped[list[str]]
    backchannel_logout_uri: Mapped[str | None] = mapped_column(String(2048))
    id_token_signed_response_alg: Mapped[str] = mapped_column(String(10))
    open_id_custom_claims: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    resource_servers: Mapped[list[str]] = mapped_column(Json)
    service_user_id: Mapped[int | None] = mapped_column(BigId)
    service_key_number: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)

    # A concurrent change by another administrator is refused, never overwritten (security rule 61).
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    domain: Mapped[Domain] = relationship(lazy="select")
    customer: Mapped[Customer | None] = relationship(lazy="select")
    required_function: Mapped[Function] = relationship(foreign_keys=[required_function_id], lazy="select")
    permission_scope: Mapped[Function] = relationship(foreign_keys=[permission_scope_id], lazy="select")
