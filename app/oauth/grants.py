"""``GRANTS``: every way to get tokens, in one table.

A new grant is its class, in a file of its own, and one row here. Registration with Authlib, the parameters of
the token endpoint, discovery and the OpenAPI document follow.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from authlib.oauth2.rfc6749.grants import BaseGrant

from app.oauth.code_grant import ArgusAuthorizationCodeGrant
from app.oauth.credentials_grant import ArgusClientCredentialsGrant
from app.oauth.device_grant import ArgusDeviceGrant
from app.oauth.errors import ArgusOAuthError
from app.oauth.pkce import S256Only
from app.oauth.refresh_grant import ArgusRefreshTokenGrant
from app.policy.client_methods import METHOD_PARAMETERS


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """The declaration of a grant. Its Authlib class defines ``grant_type`` and response types.

    It is given its own parameters and no others; ``aliases`` are other names of them. Where the client does
    not authenticate, it is only named, and a credential of the user is read instead.
    """

    handler: type[BaseGrant]
    section: str
    summary: str
    parameters: tuple[str, ...]
    client_authenticates: bool
    issues_refresh_token: bool
    example: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[Callable[[BaseGrant], None], ...] = ()

    @property
    def grant_type(self) -> str:
        return str(self.handler.GRANT_TYPE)

    @property
    def response_types(self) -> tuple[str, ...]:
        return tuple(sorted(getattr(self.handler, "RESPONSE_TYPES", ())))

    @property
    def all_names(self) -> tuple[str, ...]:
        """Return its parameters under every name."""
        return (*self.parameters, *self.aliases)

    def own_parameters(self, form: Mapping[str, str]) -> dict[str, str]:
        """Return this grant's parameters from a form, by its own names. Raises ``ArgusOAuthError``."""
        taken = {"grant_type", *METHOD_PARAMETERS, *self.parameters}
        own = {name: value for name, value in form.items() if name in taken}
        for alias, name in self.aliases.items():
            if alias not in form:
                continue
            if name in own:
                what = name.replace("_", " ")
                raise ArgusOAuthError("invalid_request", f"Send the {what} once: as {name} or as {alias}.")
            own[name] = form[alias]
        return own


GRANTS = (
    TokenGrant(
        handler=ArgusAuthorizationCodeGrant,
        section="RFC 6749 4.1, RFC 7636",
        summary="Redeem an authorization code",
        parameters=("code", "redirect_uri", "code_verifier"),
        client_authenticates=True,
        issues_refresh_token=True,
        extensions=(S256Only(required=False),),
        example={
            "code": "the code of the redirect",
            "redirect_uri": "https://app.example.com/callback",
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        },
    ),
    TokenGrant(
        handler=ArgusRefreshTokenGrant,
        section="RFC 6749 6",
        summary="Swap a refresh token for the next pair",
        parameters=("refresh_token", "scope"),
        # The contract sends a refresh token as ``code`` too (2.7); both at once are refused (rule 15).
        aliases={"code": "refresh_token"},
        client_authenticates=True,
        issues_refresh_token=True,
        example={"refresh_token": "the refresh token"},
    ),
    TokenGrant(
        handler=ArgusDeviceGrant,
        section="RFC 8628",
        summary="Ask whether the user of a device has approved it",
        parameters=("device_code",),
        client_authenticates=True,
        issues_refresh_token=True,
        example={"device_code": "the device_code of the device authorization"},
    ),
    TokenGrant(
        handler=ArgusClientCredentialsGrant,
        section="RFC 6749 4.4, and Argus's own",
        summary="Start a short session: of a client's service user, or with a user's API key or login",
        parameters=("scope",),
        client_authenticates=False,
        issues_refresh_token=False,
        example={"scope": "openid profile"},
    ),
)
GRANT_TYPES = tuple(grant.grant_type for grant in GRANTS)
RESPONSE_TYPES = tuple(dict.fromkeys(name for grant in GRANTS for name in grant.response_types))
GRANT_PARAMETERS = tuple(dict.fromkeys(name for grant in GRANTS for name in grant.all_names))


def named(grant_type: str | None) -> TokenGrant:
    """Return the grant of this type. Raises ``invalid_request`` or ``unsupported_grant_type``."""
    if grant_type is None:
        raise ArgusOAuthError("invalid_request", "The parameter grant_type is missing.")
    for grant in GRANTS:
        if grant.grant_type == grant_type:
            return grant
    *others, last = GRANT_TYPES
    raise ArgusOAuthError("unsupported_grant_type", f"Use {', '.join(others)} or {last}.")
