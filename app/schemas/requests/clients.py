"""OAuth client requests (contract 2.3)."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from pydantic import Field

from app.policy.facts import Leg
from app.schemas.common import LEVELS
from app.schemas.common import Named
from app.schemas.requests.functions import PermissionAdd
from app.schemas.texts import LongText
from app.schemas.texts import ShortName
from app.schemas.texts import Text
from app.schemas.wire import ArgusModel
from app.services.clients.checks import ClientChange
from app.services.inspection.explain_requests import Inquiry

Long = Annotated[str, Field(min_length=1, max_length=2048)]


class CustomClaim(ArgusModel):
    """A claim provider (contract 2.5)."""

    provider: Literal["customClaim", "userGroups", "allUserGroups", "functionRoleMapping"]
    claim_name: Named | None = None
    claim: (
        Literal[
            "username",
            "name",
            "picture",
            "email",
            "clientIP",
            "customerID",
            "customerShortName",
            "customerName",
            "domainID",
            "phone",
        ]
        | None
    ) = None
    allowed_groups: tuple[Named, ...] | None = None
    stringified: bool | None = None
    role_mapping: dict[str, Named] | None = None


class ClientUpdate(ArgusModel):
    """Every field optional: what is absent stays (design decision 19)."""

    short_name: ShortName | None = None
    name: Text | None = None
    description: LongText | None = None
    main_uri: Long | None = None
    authentication_method: Literal["none", "password"] | None = None
    client_secret: Annotated[str, Field(max_length=4096)] | None = None
    required_function: Named | None = None
    permission_scope: Named | None = None
    client_ip_range: tuple[str, ...] | None = None
    redirect_uris: tuple[Long, ...] | None = None
    redirect_uri: Long | None = None
    hidden: bool | None = None
    max_security_level: Literal["external", "standard", "administrative"] | None = None
    permitted_scopes: tuple[str, ...] | None = None
    open_id_custom_claims: tuple[CustomClaim, ...] | None = None
    require_pkce: bool | None = None
    insecure_without_pkce: bool | None = None
    post_logout_redirect_uris: tuple[Long, ...] | None = None
    backchannel_logout_uri: Long | None = None

    def as_change(self) -> ClientChange:
        """What the service judges; the single ``redirectURI`` is a list of one."""
        uris = self.redirect_uris
        if uris is None and self.redirect_uri is not None:
            uris = (self.redirect_uri,)
        claims = self.open_id_custom_claims
        return ClientChange(
            short_name=self.short_name,
            name=self.name,
            description=self.description,
            main_uri=self.main_uri,
            authentication_method=self.authentication_method,
            client_secret=self.client_secret,
            required_function=self.required_function,
            permission_scope=self.permission_scope,
            client_ip_range=self.client_ip_range,
            redirect_uris=uris,
            permitted_scopes=self.permitted_scopes,
            max_security_level=LEVELS[self.max_security_level] if self.max_security_level else None,
            hidden=self.hidden,
            require_pkce=self.require_pkce,
            insecure_without_pkce=self.insecure_without_pkce,
            post_logout_redirect_uris=self.post_logout_redirect_uris,
            backchannel_logout_uri=self.backchannel_logout_uri,
            open_id_custom_claims=[c.model_dump(by_alias=True, exclude_none=True) for c in claims]
            if claims is not None
            else None,
            customer=getattr(self, "customer", None),
            domain=getattr(self, "domain", None),
        )


class ClientCreate(ClientUpdate):
    """``customer`` and ``domain`` are given once. What is required is judged by the service, all at once."""

    customer: Named | None = None
    domain: Named | None = None


class WhatIf(ArgusModel):
    """A change that is only thought of: an update of the client, a permission to grant, or one to revoke."""

    update: ClientUpdate | None = None
    grant: PermissionAdd | None = None
    revoke: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None


class Explain(ArgusModel):
    """A question to explain, or a recorded decision to show beside today's (design §8)."""

    user: Named | None = None
    customer: Named | None = None
    client_ip: Annotated[str, Field(max_length=64)] | None = None
    scope: Annotated[str, Field(max_length=1024)] | None = None
    leg: Literal["list", "authorize", "redeem", "refresh", "introspect", "userinfo", "api"] | None = None
    security_level: Literal["external", "standard", "administrative"] | None = None
    decision: Annotated[str, Field(pattern=r"^D-[0-9A-HJKMNP-TV-Z]{10}$")] | None = None

    def as_inquiry(self, client: str | None) -> Inquiry:
        """What the service answers."""
        return Inquiry(
            client=client,
            user=self.user,
            customer=self.customer,
            client_ip=self.client_ip,
            scope=self.scope,
            leg=Leg(self.leg) if self.leg is not None else None,
            level=LEVELS[self.security_level] if self.security_level is not None else None,
            decision=self.decision,
        )


class ExplainAsked(Explain):
    """The same asked on a page, where the client is a field too."""

    client: Named | None = None
