"""What a client registration may contain: each field judged by the policy's own parsers.

Form, API and decision therefore cannot disagree. Nothing here reads or writes the database but look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.models.clients import OAuthClient
from app.policy import claims
from app.policy import network
from app.policy import redirects
from app.policy import scopes
from app.policy.facts import SecurityLevel
from app.services.access import delegation
from app.services.access import directory
from app.services.access.callers import Caller
from app.services.login.passwords import MOST_CHARACTERS
from app.services.login.passwords import passwords
from app.services.problems import FieldProblem
from app.services.tokens.token_text import digest

LEAST_SECRET_CHARACTERS = 16
MOST_URIS = 50
MOST_SCOPES = 100
MOST_SCOPE_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class ClientChange:
    """What an administrator sends; ``None`` is *not sent*. Names and ids are still text.

    ``customer`` and ``domain`` count on creation only; ``made_secret`` is one that we made.
    """

    short_name: str | None = None
    name: str | None = None
    description: str | None = None
    main_uri: str | None = None
    authentication_method: str | None = None
    client_secret: str | None = None
    required_function: str | None = None
    permission_scope: str | None = None
    client_ip_range: Sequence[str] | None = None
    redirect_uris: Sequence[str] | None = None
    permitted_scopes: Sequence[str] | None = None
    max_security_level: SecurityLevel | None = None
    hidden: bool | None = None
    require_pkce: bool | None = None
    insecure_without_pkce: bool | None = None
    post_logout_redirect_uris: Sequence[str] | None = None
    backchannel_logout_uri: str | None = None
    open_id_custom_claims: Sequence[Mapping[str, Any]] | None = None
    customer: str | None = None
    domain: str | None = None
    made_secret: str | None = None

    @property
    def has_secret(self) -> bool:
        """Whether the secret changes."""
        return self.client_secret is not None or self.made_secret is not None


PASSWORD = "password"  # noqa: S105 - the name of a method
NO_SECRET = "none"  # noqa: S105
# What decides who can act through a client.
TERMS = {
    "redirect_uris": "redirectURIs",
    "authentication_method": "authenticationMethod",
    "client_ip_range": "clientIPRange",
    "required_function_id": "requiredFunction",
    "max_security_level": "maxSecurityLevel",
    "require_pkce": "requirePkce",
    "insecure_without_pkce": "insecureWithoutPkce",
    "open_id_custom_claims": "openIDCustomClaims",
}
NOT_OVERTAKEN = "This application may do more than you hold yourself. Ask somebody who holds all of it."
REQUIRED = {
    "short_name": "shortName",
    "name": "name",
    "description": "description",
    "main_uri": "mainURI",
    "required_function": "requiredFunction",
    "permission_scope": "permissionScope",
    "client_ip_range": "clientIPRange",
    "redirect_uris": "redirectURIs",
}


def missing(wire: str) -> FieldProblem:
    """A field that must be there and is not."""
    return FieldProblem(wire, "This field is required.", "MISSING")


def apply(
    client: OAuthClient, change: ClientChange, values: Mapping[str, Any], problems: list[FieldProblem]
) -> None:
    """Set the checked values, then judge the client as a whole. The secret is left to ``keep_secret``."""
    for name, value in values.items():
        setattr(client, name, value)
    if client.authentication_method == NO_SECRET:
        client.secret_hash = client.secret_digest = None
        if change.has_secret:
            problems.append(
                FieldProblem("clientSecret", "A client with method none has no secret.", "NOT_ALLOWED")
            )
    elif client.secret_hash is None and client.secret_digest is None and not change.has_secret:
        problems.append(
            FieldProblem(
                "clientSecret", "This field is required with authenticationMethod password.", "MISSING"
            )
        )
    if client.insecure_without_pkce and network.trusts_everyone(client.client_ip_range or ()):
        problems.append(
            FieldProblem(
                "insecureWithoutPkce",
                "Refused while clientIPRange is anywhere: narrow the range.",
                "NOT_ALLOWED",
            )
        )


def keep_secret(client: OAuthClient, change: ClientChange) -> None:
    """Keep what a new secret is recognised by: a slow hash of a chosen one, a digest of one of ours."""
    if change.client_secret is not None:
        client.secret_hash, client.secret_digest = passwords().hash(change.client_secret), None
    elif change.made_secret is not None:
        client.secret_hash, client.secret_digest = None, digest(change.made_secret)


def check(
    change: ClientChange,
    caller: Caller,
    at: int,
    client: OAuthClient | None,
    problems: list[FieldProblem],
) -> dict[str, Any]:
    """The sent values, each judged by the policy's own parsers; wrong ones go to ``problems``."""
    values: dict[str, Any] = {}
    plain = (
        "short_name",
        "name",
        "description",
        "authentication_method",
        "hidden",
        "require_pkce",
        "insecure_without_pkce",
    )
    for name in plain:
        if getattr(change, name) is not None:
            values[name] = getattr(change, name)
    if change.main_uri is not None:
        _uri(
            values,
            "main_uri",
            "mainURI",
            change.main_uri,
            redirects.main_uri_problem(change.main_uri),
            problems,
        )
    if change.backchannel_logout_uri is not None:
        problem = redirects.main_uri_problem(change.backchannel_logout_uri)
        _uri(
            values,
            "backchannel_logout_uri",
            "backchannelLogoutURI",
            change.backchannel_logout_uri,
            problem,
            problems,
        )
    if change.max_security_level is not None:
        values["max_security_level"] = int(change.max_security_level)
    if change.client_ip_range is not None:
        found = network.range_problems(list(change.client_ip_range))
        problems += [
            FieldProblem(
                "clientIPRange" if index < 0 else f"clientIPRange[{index}]", problem.problem, "INVALID_RANGE"
            )
            for index, problem in found
        ]
        if not found:
            values["client_ip_range"] = list(network.parse_ranges(list(change.client_ip_range)))
    for name, wire in (
        ("redirect_uris", "redirectURIs"),
        ("post_logout_redirect_uris", "postLogoutRedirectURIs"),
    ):
        _uris(values, name, wire, getattr(change, name), problems, needed=name == "redirect_uris")
    if change.permitted_scopes is not None:
        _scopes(values, change.permitted_scopes, problems)
    secret = change.client_secret
    if secret is not None and not LEAST_SECRET_CHARACTERS <= len(secret) <= MOST_CHARACTERS:
        message = f"Choose {LEAST_SECRET_CHARACTERS} to {MOST_CHARACTERS} characters."
        problems.append(FieldProblem("clientSecret", message, "WRONG_LENGTH"))
    if change.open_id_custom_claims is not None:
        values["open_id_custom_claims"] = [dict(claim) for claim in change.open_id_custom_claims]
        for number, provider in enumerate(change.open_id_custom_claims):
            wrong = claims.provider_problem(provider)
            if wrong is not None:
                field = f"openIDCustomClaims[{number}].{wrong[0]}"
                problems.append(FieldProblem(field, wrong[1], "INVALID"))
    for name, wire in (("required_function", "requiredFunction"), ("permission_scope", "permissionScope")):
        text: str | None = getattr(change, name)
        if text is None:
            continue
        function = directory.find_function(text)
        if function is None:
            problems.append(
                FieldProblem(wire, "There is no such function. Name a function that exists.", "UNKNOWN")
            )
        elif name == "permission_scope" and not _scope_held(function.id, caller, at, client):
            problems.append(
                FieldProblem(
                    wire, "You cannot give a permission scope that you do not hold yourself.", "NOT_HELD"
                )
            )
        else:
            values[f"{name}_id"] = function.id
    if client is not None:
        problems += _taken_over(client, values, change, caller, at)
    return values


def _taken_over(
    client: OAuthClient, values: Mapping[str, Any], change: ClientChange, caller: Caller, at: int
) -> list[FieldProblem]:
    """Who holds less than a client may do does not say who gets its tokens, nor on what terms (rule 59)."""
    touched = [
        wire for name, wire in TERMS.items() if name in values and values[name] != getattr(client, name)
    ]
    if change.has_secret:
        touched.append("clientSecret")
    if not touched or delegation.holds_all(caller, client.permission_scope_id, at):
        return []
    return [FieldProblem(wire, NOT_OVERTAKEN, "NOT_HELD") for wire in touched]


def _scope_held(function_id: int, caller: Caller, at: int, client: OAuthClient | None) -> bool:
    """Nobody gives what he does not hold: the whole scope, for the client's customer, whatever the level."""
    if client is not None and client.permission_scope_id == function_id:
        return True
    return delegation.holds_all(caller, function_id, at)


def _uri(
    values: dict[str, Any], name: str, wire: str, uri: str, problem: str | None, problems: list[FieldProblem]
) -> None:
    if problem is not None:
        problems.append(FieldProblem(wire, problem, "INVALID_PATTERN"))
    else:
        values[name] = uri


def _uris(
    values: dict[str, Any],
    name: str,
    wire: str,
    uris: Sequence[str] | None,
    problems: list[FieldProblem],
    *,
    needed: bool,
) -> None:
    if uris is None:
        return
    if (needed and not uris) or len(uris) > MOST_URIS:
        problems.append(FieldProblem(wire, f"Give one to {MOST_URIS} URIs.", "WRONG_LENGTH"))
        return
    wrong = [(i, p) for i, uri in enumerate(uris) if (p := redirects.registration_problem(uri)) is not None]
    problems += [FieldProblem(f"{wire}[{i}]", p, "INVALID_PATTERN") for i, p in wrong]
    if not wrong:
        values[name] = list(dict.fromkeys(uris))


def _scopes(values: dict[str, Any], given: Sequence[str], problems: list[FieldProblem]) -> None:
    if len(given) > MOST_SCOPES:
        problems.append(
            FieldProblem("permittedScopes", f"Give at most {MOST_SCOPES} scopes.", "WRONG_LENGTH")
        )
        return
    wrong = [
        i
        for i, one in enumerate(given)
        if len(one) > MOST_SCOPE_CHARACTERS or not scopes.valid_scope_token(one)
    ]
    problems += [
        FieldProblem(
            f"permittedScopes[{i}]",
            "Write one scope name: visible ASCII, no space, quote or backslash.",
            "INVALID_PATTERN",
        )
        for i in wrong
    ]
    if not wrong:
        values["permitted_scopes"] = sorted(set(given))
