"""OAuth client requests and responses (contract 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import Field

from app.api.messages import LongText
from app.api.messages import ShortName
from app.api.messages import Text
from app.api.schemas.common import LEVEL_NAMES
from app.api.schemas.common import LEVELS
from app.api.schemas.common import Named
from app.api.shapes import customer_info
from app.api.shapes import domain_info
from app.api.shapes import function_info
from app.api.shapes import subject_info
from app.api.wire import ArgusModel
from app.api.wire import to_millis
from app.models.clients import OAuthClient
from app.models.directory import Subject
from app.services.client_checks import ClientChange

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
    permitted_scopes: frozenset[str] | None = None
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
            permitted_scopes=sorted(self.permitted_scopes) if self.permitted_scopes is not None else None,
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


class Explain(ArgusModel):
    """A question to explain, or a recorded decision to show beside today's (design §8)."""

    user: Named | None = None
    customer: Named | None = None
    client_ip: Annotated[str, Field(max_length=64)] | None = None
    scope: Annotated[str, Field(max_length=1024)] | None = None
    leg: Literal["list", "authorize", "redeem", "refresh", "introspect", "userinfo", "api"] | None = None
    security_level: Literal["external", "standard", "administrative"] | None = None
    decision: Annotated[str, Field(pattern=r"^D-[0-9A-HJKMNP-TV-Z]{10}$")] | None = None


def client_json(client: OAuthClient, people: dict[int, Subject], *, details: bool) -> dict[str, Any]:
    """A client object; the gated fields only with ``details``. The secret is never in it."""
    flags: Iterable[tuple[str, object]] = (
        ("deleted", client.deleted_at),
        ("hidden", client.hidden),
        ("requireSameClientIP", client.require_same_client_ip),
        ("enableStandardOpenIDClaims", client.enable_standard_open_id_claims),
        ("enableStringGroupClaim", client.enable_string_group_claim),
    )
    creator, updater = people.get(client.created_by_id or 0), people.get(client.updated_by_id or 0)
    shown: dict[str, Any] = {
        "id": client.id,
        "shortName": client.short_name,
        "name": client.name,
        "description": client.description,
        "mainURI": client.main_uri,
        "customer": customer_info(client.customer) if client.customer is not None else None,
        "domain": domain_info(client.domain),
        "requiredFunction": function_info(client.required_function),
        "authenticationMethod": client.authentication_method,
        "maxSecurityLevel": LEVEL_NAMES[client.max_security_level],
        "flags": [name for name, is_set in flags if is_set],
        "permissionScope": None,
        "permittedScopes": None,
        "clientIPRange": None,
        "redirectURIs": None,
        "redirectURI": None,
        "openIDCustomClaims": None,
        "createdByUser": subject_info(creator) if creator is not None else None,
        "lastUpdatedByUser": subject_info(updater) if updater is not None else None,
        "createdTimestamp": to_millis(client.created_at),
        "lastUpdatedTimestamp": to_millis(client.updated_at),
    }
    if details:
        shown |= {
            "permissionScope": function_info(client.permission_scope),
            "permittedScopes": list(client.permitted_scopes),
            "clientIPRange": list(client.client_ip_range),
            "redirectURIs": list(client.redirect_uris),
            "redirectURI": client.redirect_uris[0] if client.redirect_uris else None,
            "openIDCustomClaims": list(client.open_id_custom_claims),
            "requirePkce": client.require_pkce,
            "insecureWithoutPkce": client.insecure_without_pkce,
            "postLogoutRedirectURIs": list(client.post_logout_redirect_uris),
            "backchannelLogoutURI": client.backchannel_logout_uri,
        }
    return shown
