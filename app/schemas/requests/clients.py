"""OAuth client requests (contract 2.3)."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field

from app.policy import scopes
from app.policy.facts import Leg
from app.schemas.common import LEVELS
from app.schemas.common import IDTokenAlgorithm
from app.schemas.requests.functions import PermissionAdd
from app.schemas.texts import LongText
from app.schemas.texts import Named
from app.schemas.texts import ShortName
from app.schemas.texts import Text
from app.schemas.wire import ArgusModel
from app.services.clients.changes import ClientChange
from app.services.clients.fields import EDITABLE
from app.services.clients.fields import GIVEN_ONCE
from app.services.clients.fields import check_names
from app.services.inspection.explain_requests import ExplainRequest

# The last moment of the year 9999, in epoch milliseconds.
MOST_MILLIS = 253_402_300_799_999
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
    """Every field is optional: absent fields are not changed (design decision 19)."""

    short_name: ShortName | None = None
    name: Text | None = None
    description: LongText | None = None
    main_uri: Long | None = None
    authentication_method: Literal["none", "password", "privateKey"] | None = None
    client_secret: Annotated[str, Field(max_length=4096)] | None = None
    previous_secret_until: Annotated[int, Field(ge=0, le=MOST_MILLIS)] | None = None
    required_function: Named | None = None
    permission_scope: Named | None = None
    client_ip_range: tuple[str, ...] | None = None
    redirect_uris: tuple[Long, ...] | None = None
    redirect_uri: Long | None = None
    hidden: bool | None = None
    max_security_level: Literal["external", "standard", "administrative"] | None = None
    permitted_scopes: tuple[str, ...] | None = None
    id_token_signed_response_alg: IDTokenAlgorithm | None = None
    resource_servers: tuple[Named, ...] | None = None
    open_id_custom_claims: tuple[CustomClaim, ...] | None = None
    jwks: dict[str, Any] | None = None
    require_pkce: bool | None = None
    require_pushed_authorization_requests: bool | None = None
    dpop_bound_access_tokens: bool | None = None
    fapi2_security_profile: bool | None = None
    allow_device_grant: bool | None = None
    insecure_without_pkce: bool | None = None
    post_logout_redirect_uris: tuple[Long, ...] | None = None
    backchannel_logout_uri: Long | None = None

    def as_change(self) -> ClientChange:
        """Convert for the service; the single ``redirectURI`` becomes a list of one."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        sent = {name: value for name, value in given.items() if value is not None}
        until = sent.pop("previous_secret_until", None)
        uri = sent.pop("redirect_uri", None)
        if uri is not None:
            sent.setdefault("redirect_uris", (uri,))
        if self.max_security_level is not None:
            sent["max_security_level"] = int(LEVELS[self.max_security_level])
        if self.open_id_custom_claims is not None:
            claims = [one.model_dump(by_alias=True, exclude_none=True) for one in self.open_id_custom_claims]
            sent["open_id_custom_claims"] = claims
        ends = datetime.fromtimestamp(until / 1000, UTC) if until is not None else None
        return ClientChange(sent, previous_until=ends)


class ClientCreate(ClientUpdate):
    """``customer`` and ``domain`` can be set only here.
    The service checks the required fields, all at once.
    """

    customer: Named | None = None
    domain: Named | None = None


class ServiceUser(ArgusModel):
    """The user for whom a client may act by itself: by id, or by short name in the domain."""

    user: Named
    domain: Named | None = None


# A second name of a field, and how long a field's old value goes on.
BESIDE = {"redirect_uri", "previous_secret_until"}
check_names("ClientUpdate", ClientUpdate.model_fields, EDITABLE, beside=BESIDE)
check_names("ClientCreate", ClientCreate.model_fields, EDITABLE + GIVEN_ONCE, beside=BESIDE)


class WhatIf(ArgusModel):
    """A hypothetical change: an update of the client, a permission to grant, or one to revoke."""

    update: ClientUpdate | None = None
    grant: PermissionAdd | None = None
    revoke: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None


class Explain(ArgusModel):
    """A question to explain, or the number of a recorded decision to show beside today's (design §8)."""

    user: Named | None = None
    customer: Named | None = None
    client_ip: Annotated[str, Field(max_length=64)] | None = None
    scope: Annotated[str, Field(max_length=scopes.MOST_CHARACTERS)] | None = None
    leg: Literal["list", "authorize", "redeem", "refresh", "introspect", "userinfo", "api"] | None = None
    security_level: Literal["external", "standard", "administrative"] | None = None
    decision: Annotated[str, Field(pattern=r"^D-[0-9A-HJKMNP-TV-Z]{10}$")] | None = None

    def as_inquiry(self, client: str | None) -> ExplainRequest:
        """Convert for the service."""
        return ExplainRequest(
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
    """The same request from a page, where the client is a field too."""

    client: Named | None = None
