"""Checks of a client's fields: each value is judged by the policy's own parsers.

Form, API and decision therefore cannot disagree. A check takes the field's wire name and what was sent, and
returns what is stored; it raises ``Invalid``. Nothing here reads or writes the database but look-ups.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models.clients import OAuthClient
from app.policy import claims
from app.policy import names
from app.policy import network
from app.policy import redirects
from app.policy import scopes
from app.policy.sentences import Sentence
from app.runtime import settings
from app.services.access import directory
from app.services.login.passwords import MOST_CHARACTERS
from app.services.problems import FieldProblem
from app.services.problems import Invalid
from app.services.tokens import public_keys
from app.services.tokens.public_keys import KeyProblem

Check = Callable[[str, Any], Any]

CLIENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
LEAST_SECRET_CHARACTERS = 16
MOST_URIS = 50
MOST_RESOURCE_SERVERS = 50
MOST_SCOPES = 100
MOST_CLAIMS = 50
MOST_SCOPE_CHARACTERS = 100


def check_app_name(wire: str, name: str) -> str:
    """Check the name that people are asked to trust: no word may mix letters that look alike."""
    name = unicodedata.normalize("NFKC", name)
    word = names.find_mixed_word(name)
    if word is not None:
        message = Sentence("Write {word} in letters of one script: it mixes some that look alike.", word=word)
        raise Invalid(FieldProblem(wire, message, "INVALID_PATTERN"))
    return name


def accept(wire: str, value: Any) -> Any:  # noqa: ARG001 - a check
    """Return the value unchanged: the schema has already judged it."""
    return value


def check_short_name(wire: str, name: str) -> str:
    """Check that a name cannot be taken for the id of another client."""
    if is_client_id(name):
        message = "Choose a name that is not formed like a client ID."
        raise Invalid(FieldProblem(wire, message, "INVALID_PATTERN"))
    return name


def is_client_id(text: str) -> bool:
    """Tell whether the text is formed as the ids of clients are: a UUID (contract 1.6)."""
    return CLIENT_ID.fullmatch(text) is not None


def check_web_address(wire: str, uri: str) -> str:
    """Check an address that a browser may be sent to; blanks around it do not count."""
    uri = uri.strip()
    problem = redirects.find_main_uri_problem(uri)
    if problem is not None:
        raise Invalid(FieldProblem(wire, problem, "INVALID_PATTERN"))
    return uri


def check_receiver_address(wire: str, uri: str) -> str:
    """Check an address that this server calls itself; blanks around it do not count."""
    uri = uri.strip()
    problem = redirects.find_receiver_problem(uri, own_machine=settings().is_local)
    if problem is not None:
        raise Invalid(FieldProblem(wire, problem, "INVALID_PATTERN"))
    return uri


def check_redirect_uris(wire: str, uris: Sequence[str]) -> list[str]:
    """Check that there is at least one, without repeats, in the given order."""
    if not uris:
        raise Invalid(_report_wrong_number(wire))
    return check_logout_uris(wire, uris)


def check_logout_uris(wire: str, uris: Sequence[str]) -> list[str]:
    """Check any number up to ``MOST_URIS``, without repeats and blanks around them, in the given order."""
    uris = [uri.strip() for uri in uris]
    if len(uris) > MOST_URIS:
        raise Invalid(_report_wrong_number(wire))
    wrong = [
        (i, p) for i, uri in enumerate(uris) if (p := redirects.find_registration_problem(uri)) is not None
    ]
    if wrong:
        raise Invalid(*(FieldProblem(f"{wire}[{i}]", p, "INVALID_PATTERN") for i, p in wrong))
    return list(dict.fromkeys(uris))


def check_ranges(wire: str, ranges: Sequence[str]) -> list[str]:
    """Check networks; returns the shortest form of each."""
    found = network.list_range_problems(list(ranges))
    if found:
        raise Invalid(
            *(
                FieldProblem(wire if index < 0 else f"{wire}[{index}]", problem.problem, "INVALID_RANGE")
                for index, problem in found
            )
        )
    return list(network.parse_ranges(list(ranges)))


def check_scopes(wire: str, given: Sequence[str]) -> list[str]:
    """Check scope names, with blanks around and between them; returns them sorted, without repeats."""
    asked = [(i, name) for i, one in enumerate(given) for name in one.split()]
    if len(asked) > MOST_SCOPES:
        raise Invalid(FieldProblem(wire, f"Give at most {MOST_SCOPES} scopes.", "WRONG_LENGTH"))
    wrong = [i for i, one in asked if len(one) > MOST_SCOPE_CHARACTERS or not scopes.is_scope_token(one)]
    message = "Write one scope name: visible ASCII, no space, quote or backslash."
    if wrong:
        raise Invalid(*(FieldProblem(f"{wire}[{i}]", message, "INVALID_PATTERN") for i in wrong))
    return sorted({name for _, name in asked})


def check_secret(wire: str, secret: str) -> str:
    """Check a secret that a person chose."""
    if names.is_blank(secret) and secret:
        raise Invalid(FieldProblem(wire, names.ONLY_BLANKS, "INVALID_PATTERN"))
    if not LEAST_SECRET_CHARACTERS <= len(secret) <= MOST_CHARACTERS:
        message = f"Choose {LEAST_SECRET_CHARACTERS} to {MOST_CHARACTERS} characters."
        raise Invalid(FieldProblem(wire, message, "WRONG_LENGTH"))
    return secret


def check_keys(wire: str, jwks: Mapping[str, Any]) -> dict[str, Any] | None:
    """Check a set of public keys (RFC 7517 5); returns what is kept of it, nothing of an empty set."""
    try:
        keys = public_keys.read_keys(jwks)
    except KeyProblem as problem:
        raise Invalid(FieldProblem(wire, problem.sentence, "INVALID")) from None
    return {"keys": [key.as_jwk() for key in keys]} if keys else None


def check_claims(wire: str, providers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Check claim providers (contract 2.5): a bounded number, each with bounded lists."""
    if len(providers) > MOST_CLAIMS:
        raise Invalid(FieldProblem(wire, f"Give at most {MOST_CLAIMS} claims.", "WRONG_LENGTH"))
    wrong = [
        (i, p) for i, one in enumerate(providers) if (p := claims.find_provider_problem(one)) is not None
    ]
    if wrong:
        raise Invalid(*(FieldProblem(f"{wire}[{i}].{name}", what, "INVALID") for i, (name, what) in wrong))
    return [dict(one) for one in providers]


def check_function(wire: str, text: str) -> int:
    """Find a function by id or name; returns its id."""
    function = directory.find_function(text)
    if function is None:
        message = "There is no such function. Name a function that exists."
        raise Invalid(FieldProblem(wire, message, "UNKNOWN"))
    return function.id


def check_resource_servers(wire: str, given: Sequence[str]) -> list[str]:
    """Find clients by id, or by short name in the home domain; returns their ids, without repeats.

    A public client proves nothing, so it cannot be one.
    """
    if len(given) > MOST_RESOURCE_SERVERS:
        most = f"Give at most {MOST_RESOURCE_SERVERS} applications."
        raise Invalid(FieldProblem(wire, most, "WRONG_LENGTH"))
    found = [_find_client(text.strip()) for text in given]
    unknown = [i for i, one in enumerate(found) if one is None]
    if unknown:
        message = "There is no such application. Write its client ID or its short name."
        raise Invalid(*(FieldProblem(f"{wire}[{i}]", message, "UNKNOWN") for i in unknown))
    public = [i for i, one in enumerate(found) if one is not None and one.is_public]
    if public:
        message = "Name a confidential application: a public one proves nothing."
        raise Invalid(*(FieldProblem(f"{wire}[{i}]", message, "NOT_ALLOWED") for i in public))
    return list(dict.fromkeys(one.id for one in found if one is not None))


def _find_client(text: str) -> OAuthClient | None:
    named = OAuthClient.id == text.lower()
    if not is_client_id(text):
        home = directory.get_home_domain().id
        named = (OAuthClient.domain_id == home) & OAuthClient.short_name_key.in_(names.list_keys(text))
    live = select(OAuthClient).where(named, OAuthClient.deleted_at.is_(None))
    found = list(db.session.execute(live).scalars())
    return directory.choose_named(found, "short_name", text) if len(found) > 1 else next(iter(found), None)


def _report_wrong_number(wire: str) -> FieldProblem:
    return FieldProblem(wire, f"Give one to {MOST_URIS} URIs.", "WRONG_LENGTH")
