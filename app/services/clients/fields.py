"""The table of a client's fields: names, label, default, check, who may change it and who sees it.

Request and answer models, forms, pages, audit labels, the terms of delegation and ``docs/client-fields.md``
read it. Labels and hints are plain English; a page translates them (``say``).
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from typing import Any

from app.policy.client_methods import PUBLIC
from app.policy.client_methods import WITH_KEY
from app.policy.client_methods import WITH_SECRET
from app.policy.facts import SecurityLevel
from app.services.clients import checks
from app.services.clients.field_kinds import ChangedBy
from app.services.clients.field_kinds import Field
from app.services.clients.field_kinds import Kind
from app.services.clients.field_kinds import Place

PASSWORD, NO_SECRET, PRIVATE_KEY = WITH_SECRET, PUBLIC, WITH_KEY


FIELDS = (
    Field(
        name="name", wire="name", label="Name", place=Place.ABOUT, check=checks.check_app_name, required=True,
        hint="Users see this name when they are asked to approve it.",
    ),
    Field(
        name="short_name", wire="shortName", label="Short name", place=Place.ABOUT, required=True,
        hint="Letters, digits and _ : - . without spaces.", check=checks.check_short_name,
    ),
    Field(
        name="description", wire="description", label="Description", kind=Kind.LONG_TEXT,
        place=Place.ABOUT, required=True,
    ),
    Field(
        name="main_uri", wire="mainURI", label="Web address", kind=Kind.URI, place=Place.ABOUT,
        check=checks.check_web_address, required=True,
        hint="Where users open it: https://app.example.com/",
    ),
    Field(
        name="required_function", wire="requiredFunction", label="Required function", kind=Kind.FUNCTION,
        place=Place.WHO, check=checks.check_function, required=True,
        hint="Only users who hold this function can log in to it.",
    ),
    Field(
        name="customer", wire="customer", label="Customer", kind=Kind.CUSTOMER, place=Place.WHO,
        changed_by=ChangedBy.CREATOR,
    ),
    Field(
        name="domain", wire="domain", label="Domain", kind=Kind.DOMAIN, changed_by=ChangedBy.CREATOR,
    ),
    Field(
        name="client_ip_range", wire="clientIPRange", label="Client IP range", kind=Kind.LINES,
        place=Place.WHERE, check=checks.check_ranges, required=True,
        gated=True,
        hint="Addresses of the application, not of its users: 10.1.2.3 or 10.1.0.0/16, one per line. "
        "From anywhere is two lines: 0.0.0.0/0 and ::/0",
    ),
    Field(
        name="redirect_uris", wire="redirectURIs", label="Redirect URIs", kind=Kind.LINES,
        place=Place.WHERE, check=checks.check_redirect_uris,
        required=True, gated=True,
        hint="Where the browser is sent after the login, one per line, letter by letter as the application "
        "sends it: https://app.example.com/callback. Without a secret also that of an app: "
        "com.example.app:/callback",
    ),
    Field(
        name="permission_scope", wire="permissionScope", label="Permission scope", kind=Kind.FUNCTION,
        place=Place.WHAT, check=checks.check_function, changed_by=ChangedBy.SCOPE_GIVER, required=True,
        gated=True,
        hint="The function or role that limits it. "
        "It acts with the rights of a user, and never beyond this limit.",
    ),
    Field(
        name="max_security_level", wire="maxSecurityLevel", label="Highest security level",
        kind=Kind.LEVEL, place=Place.WHAT, changed_by=ChangedBy.CAP_GIVER,
        default=int(SecurityLevel.EXTERNAL), proposed=int(SecurityLevel.STANDARD),
        hint="Functions that need a stronger login have no effect in it.",
    ),
    Field(
        name="permitted_scopes", wire="permittedScopes", label="Permitted scopes", kind=Kind.SCOPES,
        place=Place.WHAT, check=checks.check_scopes, gated=True, default=(),
        hint="What it may ask to know of a user, in the words the user sees.",
    ),
    Field(
        name="authentication_method", wire="authenticationMethod", label="Client type", kind=Kind.CHOICE,
        place=Place.PROOF, default=PASSWORD,
        options=(
            (PASSWORD, "Confidential: on a server, with a secret"),
            (PRIVATE_KEY, "Confidential: on a server, with a key of its own"),
            (NO_SECRET, "Public: in a browser or an app, without a secret"),
        ),
    ),
    Field(
        name="client_secret", wire="clientSecret", label="Client secret", kind=Kind.SECRET,
        place=Place.PROOF, check=checks.check_secret,
        hint="Leave it empty: the server then makes one that nobody can guess, and shows it once.",
    ),
    Field(
        name="jwks", wire="jwks", label="Public keys", kind=Kind.KEYS, place=Place.PROOF,
        check=checks.check_keys, gated=True,
        hint='The public half of the key that it signs with, as a JSON Web Key Set: {"keys": [...]}. '
        "RSA from 2048 bits, EC P-256 or Ed25519.",
    ),
    Field(
        name="require_pkce", wire="requirePkce", label="Requires PKCE", kind=Kind.YES_NO,
        place=Place.PROOF, gated=True, default=False, proposed=True,
        hint="Refuse a login that is not protected by PKCE with S256. "
        "Without a secret it is always required.",
    ),
    Field(
        name="require_pushed_authorization_requests", wire="requirePushedAuthorizationRequests",
        label="Requires pushed requests", kind=Kind.YES_NO, place=Place.PROOF, gated=True, default=False,
        hint="Refuse a login that the application did not announce itself (RFC 9126).",
    ),
    Field(
        name="dpop_bound_access_tokens", wire="dpopBoundAccessTokens", label="Tokens bound to a key",
        kind=Kind.YES_NO, place=Place.PROOF, gated=True, default=False,
        hint="Give it only tokens that nobody can use without its key (DPoP, RFC 9449).",
    ),
    Field(
        name="fapi2_security_profile", wire="fapi2SecurityProfile", label="FAPI 2.0 Security Profile",
        kind=Kind.YES_NO, place=Place.PROOF, gated=True, default=False,
        hint="Pushed requests, PKCE and tokens bound to a key, always; it signs who it is, for this server "
        "alone, and returns to https addresses.",
    ),
    Field(
        name="hidden", wire="hidden", label="Hidden in lists", kind=Kind.YES_NO, place=Place.MORE,
        flag=True, default=False,
        hint="Users and administrators do not see it in lists; it works all the same.",
    ),
    Field(
        name="allow_device_grant", wire="allowDeviceGrant", label="May run on devices without a browser",
        kind=Kind.YES_NO, place=Place.MORE, gated=True, default=False,
        hint="Its users type a code that the device shows (RFC 8628). "
        "People can be talked into typing a code of somebody else: switch it on only for such devices.",
    ),
    Field(
        name="insecure_without_pkce", wire="insecureWithoutPkce", label="Insecure: may leave out PKCE",
        kind=Kind.YES_NO, place=Place.MORE, gated=True, default=False,
        hint="Only for an old application without a secret that cannot do it. "
        "Refused while the range is anywhere.",
    ),
    Field(
        name="post_logout_redirect_uris", wire="postLogoutRedirectURIs",
        label="Redirect URIs after a logout", kind=Kind.LINES, place=Place.MORE,
        check=checks.check_logout_uris, gated=True, default=(), hint="One per line.",
    ),
    Field(
        name="backchannel_logout_uri", wire="backchannelLogoutURI", label="Back-channel logout address",
        kind=Kind.URI, place=Place.MORE, check=checks.check_receiver_address, gated=True,
        hint="Where we tell it that a user's login ended here: a signed token by POST, as OpenID Connect "
        "Back-Channel Logout says.",
    ),
    Field(
        name="id_token_signed_response_alg", wire="idTokenSignedResponseAlg", label="Signature of ID tokens",
        kind=Kind.CHOICE, place=Place.MORE, gated=True, default="RS256",
        options=(
            ("RS256", "RS256: every application knows it"),
            ("ES256", "ES256: smaller, by an elliptic curve"),
            ("EdDSA", "EdDSA: smaller, by the curve Ed25519"),
        ),
    ),
    Field(
        name="resource_servers", wire="resourceServers", label="Resource servers", kind=Kind.LINES,
        place=Place.MORE, check=checks.check_resource_servers, gated=True, default=(),
        hint="Confidential applications, such as a gateway, that may ask whether an access token of this "
        "one is accepted, and whose it is. Client ID or short name, one per line.",
    ),
    Field(
        name="open_id_custom_claims", wire="openIDCustomClaims", label="Custom claims", kind=Kind.CLAIMS,
        place=Place.MORE, check=checks.check_claims, gated=True,
        default=(),
        hint='One per line, in JSON: {"provider": "customClaim", "claimName": "mail", "claim": "email"}',
    ),
    Field(
        name="require_same_client_ip", wire="requireSameClientIP", label="Same address as the user",
        kind=Kind.YES_NO, place=Place.MORE, changed_by=ChangedBy.OPERATOR, flag=True, default=False,
    ),
    Field(
        name="enable_standard_open_id_claims", wire="enableStandardOpenIDClaims", label="Standard claims",
        kind=Kind.YES_NO, place=Place.MORE, changed_by=ChangedBy.NOBODY, flag=True, default=True,
    ),
    Field(
        name="enable_string_group_claim", wire="enableStringGroupClaim", label="Groups as text",
        kind=Kind.YES_NO, place=Place.MORE, changed_by=ChangedBy.OPERATOR, flag=True, default=False,
    ),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}
EDITABLE = tuple(field for field in FIELDS if field.editable)
GIVEN_ONCE = tuple(field for field in FIELDS if field.changed_by is ChangedBy.CREATOR)
REQUIRED = tuple(field for field in FIELDS if field.required)
FLAGS = tuple(field for field in FIELDS if field.flag)
ANSWERED = tuple(field for field in FIELDS if not field.flag and field.kind is not Kind.SECRET)
# The secret before the present one: ``services/clients/secrets.py``.
OF_OLD_SECRET = ("previous_secret_hash", "previous_secret_digest", "previous_secret_until")
# Columns of a client that are not fields: nobody writes them by name.
NO_FIELDS = frozenset(
    {
        *OF_OLD_SECRET,
        "id",
        "short_name_key",
        "service_user_id",
        "service_key_number",
        "version",
        "created_at",
        "created_by_id",
        "updated_at",
        "updated_by_id",
        "deleted_at",
        "deleted_by_id",
    }
)


def build_default_columns() -> dict[str, Any]:
    """Return the stored values of fields that were not sent, by column:
    for the API, the console and the demo.
    """
    stored = (field for field in FIELDS if not field.required and field not in GIVEN_ONCE)
    return {column: _own(field.default) for field in stored for column in field.columns}


def build_proposed_values() -> dict[str, Any]:
    """Return the initial values of a new client's form, by field, as stored."""
    return {
        field.name: _own(field.default if field.proposed is None else field.proposed)
        for field in EDITABLE
        if not field.required and field.kind is not Kind.SECRET
    }


def check_names(
    schema: str, found: Iterable[str], table: Collection[Field], beside: Iterable[str] = ()
) -> None:
    """Refuse to load a schema with fields other than those of the table and of ``beside``."""
    wanted = {field.name for field in table} | set(beside)
    if set(found) != wanted:
        raise TypeError(f"{schema} and the table of client fields differ: {sorted(set(found) ^ wanted)}")


def _own(value: Any) -> Any:
    """Return a separate list for each client."""
    return list(value) if isinstance(value, tuple) else value
