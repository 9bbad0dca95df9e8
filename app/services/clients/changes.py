"""A change of a client: check what was sent, first each field and then the whole,
and set it on the client.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.models.clients import OAuthClient
from app.policy import network
from app.policy import schemes
from app.policy.ways_in import Lack
from app.services.access import ways_in
from app.services.access.callers import Caller
from app.services.clients.field_kinds import Field
from app.services.clients.field_kinds import Kind
from app.services.clients.fields import BY_NAME
from app.services.clients.fields import EDITABLE
from app.services.clients.fields import NO_SECRET
from app.services.clients.fields import PASSWORD
from app.services.clients.fields import PRIVATE_KEY
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.problems import NotPersonal
from app.services.tokens.token_text import make_secret

LACKING = {
    Lack.PERSONAL: (NotPersonal.sentence, NotPersonal.code),
    Lack.RIGHTS: (
        "This application may do more than you hold yourself. Ask somebody who holds all of it.",
        "NOT_HELD",
    ),
    Lack.LEVEL: ("Its highest level is administrative: log in with your second factor.", "STRONGER_LOGIN"),
}
NO_SECRETS = {
    NO_SECRET: "A public application has no secret.",
    PRIVATE_KEY: "An application with a key has no secret.",
}
URI_FIELDS = ("redirect_uris", "post_logout_redirect_uris")
KIND_FIELDS = ("authentication_method", "insecure_without_pkce")
ONLY_FOR_APPS = (
    "An address of an app is for an application that has no secret and must use PKCE: other apps of the "
    "device can take its scheme for their own."
)
SCOPE_NOT_HELD = "You cannot give a permission scope that you do not hold yourself."


@dataclass(frozen=True, slots=True)
class ClientChange:
    """The data that an administrator sends, by field name; a field that is not in ``sent`` is not changed.

    Names and ids are still text. ``made_secret`` is a secret that we made. ``previous_until`` is when the
    secret before the new one ends.
    """

    sent: Mapping[str, Any] = field(default_factory=dict)
    made_secret: str | None = None
    previous_until: datetime | None = None

    @property
    def client_secret(self) -> str | None:
        """Return the secret that the administrator chose."""
        secret: str | None = self.sent.get("client_secret")
        return secret

    @property
    def has_secret(self) -> bool:
        """Whether the secret changes."""
        return self.client_secret is not None or self.made_secret is not None


def report_missing(wire: str) -> FieldProblem:
    """Build the problem of a required field that is missing."""
    return FieldProblem(wire, "This field is required.", "MISSING")


def add_needed_secret(change: ClientChange, client: OAuthClient | None = None) -> ClientChange:
    """Add a secret made by us to the change, if the client needs one and has none."""
    stored = client.authentication_method if client else BY_NAME["authentication_method"].default
    method = change.sent.get("authentication_method", stored)
    held = client is not None and _has_secret(client)
    if method != PASSWORD or held or change.has_secret:
        return change
    return replace(change, made_secret=make_secret())


def apply(
    client: OAuthClient,
    change: ClientChange,
    caller: Caller,
    at: int,
    problems: list[FieldProblem],
    *,
    new: bool,
) -> None:
    """Set the valid values; problems are added to ``problems``. ``secrets`` handles the secret."""
    values: dict[str, Any] = {}
    for one in EDITABLE:
        if one.name in change.sent:
            try:
                values[one.name] = one.check(one.wire, change.sent[one.name])
            except Invalid as problem:
                problems += problem.problems
    touched = [one for one in EDITABLE if _differs(client, one, values)]
    if change.has_secret or change.previous_until is not None:
        touched.append(BY_NAME["client_secret"])
    lacking = [] if new else _report_lack(client, caller, at, *(one.wire for one in touched))
    for name, value in values.items():
        if BY_NAME[name].kind is not Kind.SECRET:
            setattr(client, _get_column(BY_NAME[name]), value)
    problems += lacking or _check_terms(client, touched, caller, at)
    problems += _judge_whole(client, change)


def require_whole_client(client: OAuthClient, caller: Caller, at: int) -> None:
    """Require that the caller may decide about the client as it is. Raises ``Invalid``."""
    if problems := _report_lack(client, caller, at, "client"):
        raise Invalid(*problems)


def _report_lack(client: OAuthClient, caller: Caller, at: int, *wires: str) -> list[FieldProblem]:
    """Report what the caller lacks to decide about the client as it is: at each of the fields (rule 59)."""
    lack = ways_in.find_lack_for_client(caller, client.permission_scope_id, client.max_security_level, at)
    return [FieldProblem(wire, *LACKING[lack]) for wire in wires] if lack is not None else []


def _check_terms(
    client: OAuthClient, touched: Collection[Field], caller: Caller, at: int
) -> list[FieldProblem]:
    """Refuse a scope that the caller does not hold completely, at the client's customer, and a highest level
    that this session may not give.
    """
    scope, cap = BY_NAME["permission_scope"], BY_NAME["max_security_level"]
    if scope not in touched and cap not in touched:
        return []
    lack = ways_in.find_lack_for_client(caller, client.permission_scope_id, client.max_security_level, at)
    if lack is Lack.RIGHTS and scope in touched:
        return [FieldProblem(scope.wire, SCOPE_NOT_HELD, "NOT_HELD")]
    if lack is Lack.LEVEL and cap in touched:
        return [FieldProblem(cap.wire, *LACKING[lack])]
    return []


def _differs(client: OAuthClient, one: Field, values: Mapping[str, Any]) -> bool:
    if one.name not in values or one.kind is Kind.SECRET:
        return False
    return bool(values[one.name] != getattr(client, _get_column(one)))


def _get_column(one: Field) -> str:
    (column,) = one.columns
    return column


def _judge_whole(client: OAuthClient, change: ClientChange) -> Sequence[FieldProblem]:
    problems: list[FieldProblem] = []
    if client.authentication_method != PASSWORD:
        client.secret_hash = client.secret_digest = None
        client.previous_secret_hash = client.previous_secret_digest = client.previous_secret_until = None
        if change.has_secret:
            message = NO_SECRETS[client.authentication_method]
            problems.append(FieldProblem("clientSecret", message, "NOT_ALLOWED"))
        if client.authentication_method == NO_SECRET and client.service_user_id is not None:
            message = "It acts by itself for a service user: take the service user away first."
            problems.append(FieldProblem("authenticationMethod", message, "NOT_ALLOWED"))
        if client.authentication_method == PRIVATE_KEY and not client.jwks:
            problems.append(
                FieldProblem("jwks", "An application with a key needs its public half.", "MISSING")
            )
    elif not _has_secret(client) and not change.has_secret:
        message = "A confidential application needs a secret."
        problems.append(FieldProblem("clientSecret", message, "MISSING"))
    problems += _judge_app_uris(client, change)
    if client.fapi2_security_profile:
        problems += _judge_profile(client)
    if client.insecure_without_pkce and network.trusts_everyone(client.client_ip_range or ()):
        message = "Refused while the application may call from anywhere: narrow its range."
        problems.append(FieldProblem("insecureWithoutPkce", message, "NOT_ALLOWED"))
    return problems


def _judge_app_uris(client: OAuthClient, change: ClientChange) -> list[FieldProblem]:
    """Keep addresses of private-use schemes with applications that have no secret and must use PKCE.

    Whichever field was sent is at fault: the address, or what the application would become.
    """
    if client.authentication_method == NO_SECRET and not client.insecure_without_pkce:
        return []
    held = [BY_NAME[name] for name in URI_FIELDS if _list_app_uris(client, name)]
    places = [
        f"{one.wire}[{index}]"
        for one in held
        for index, uri in enumerate(change.sent.get(one.name) or ())
        if uri.strip() in _list_app_uris(client, one.name)
    ]
    if held and not places:
        places = [BY_NAME[name].wire for name in KIND_FIELDS if name in change.sent] or [held[0].wire]
    return [FieldProblem(place, ONLY_FOR_APPS, "NOT_ALLOWED") for place in places]


def _list_app_uris(client: OAuthClient, name: str) -> list[str]:
    return [uri for uri in getattr(client, name) or () if not schemes.is_on_the_web(uri)]


def _judge_profile(client: OAuthClient) -> Sequence[FieldProblem]:
    """FAPI 2.0: the client signs who it is, and the browser comes back by https alone (5.3.2.1, 5.3.2.2)."""
    problems = [
        FieldProblem(f"redirectURIs[{i}]", "The FAPI profile returns to https addresses only.", "NOT_ALLOWED")
        for i, uri in enumerate(client.redirect_uris or ())
        if not uri.startswith("https://")
    ]
    if client.authentication_method != PRIVATE_KEY:
        message = "The FAPI profile takes an application with a key of its own."
        problems.append(FieldProblem("fapi2SecurityProfile", message, "NOT_ALLOWED"))
    return problems


def _has_secret(client: OAuthClient) -> bool:
    return client.secret_hash is not None or client.secret_digest is not None
