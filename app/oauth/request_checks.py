"""Strict parsing of a request before Authlib sees it (security rules 26-28): anything ambiguous is refused.

Authlib and Werkzeug merge query and body, take the first of repeated parameters, decode lossily and accept
two client authentications at once (pitfalls 10-12). After this layer a request is a plain mapping.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl
from urllib.parse import unquote_plus

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from app import edge
from app.oauth import assertions
from app.oauth import hints
from app.oauth.parameters import KNOWN
from app.oauth.protocol_errors import ProtocolError
from app.oauth.requests import ClientCredentials
from app.policy import scopes
from app.services.tokens import pushed_requests

FORM = "application/x-www-form-urlencoded"
# Control characters and halves of surrogate pairs.
UNCLEAN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
MOST_PARAMETERS = 100
MOST_VALUE = 8_192
# Authorization requests end up in URLs and rows: their values are kept short (security rule 77).
MOST_CHARACTERS = {
    "state": 2048,
    "nonce": 512,
    "redirect_uri": 2048,
    "scope": scopes.MOST_CHARACTERS,
    "id_token_hint": hints.MOST_CHARACTERS,
    "request_uri": len(pushed_requests.PREFIX) + pushed_requests.MOST_CHARACTERS,
}
MOST_OTHER = 2048
# RFC 8707 2 allows to repeat it. It means nothing here (docs/decisions/058).
REPEATABLE = frozenset({"resource"})


def check_token_request(request: Request) -> dict[str, str]:
    """Parse the body of a token, introspection, revocation or push request. Raises ``ProtocolError``.

    Parameters come only from the body; empty means absent (RFC 6749 3.2); none may be repeated.
    """
    _check_form_type(request)
    asked = _parse_pairs(request.query_string)
    if any(name in KNOWN for name, _ in asked):
        raise ProtocolError("invalid_request", "Send parameters in the body, not in the query.")
    return _refuse_repeats(_parse_pairs(_read_body(request)))


def check_browser_request(request: Request) -> dict[str, str]:
    """Parse a login or log-out request that an application sends through a browser,
    from query and (POST) body.
    """
    pairs = _parse_pairs(request.query_string)
    if request.method == "POST":
        _check_form_type(request)
        pairs += _parse_pairs(_read_body(request))
    params = _refuse_repeats(pairs)
    check_lengths(params)
    return params


def check_lengths(params: Mapping[str, str]) -> None:
    """Keep the values of an authorization request short, however it arrives. Raises ``ProtocolError``."""
    for name, value in params.items():
        if len(value) > MOST_CHARACTERS.get(name, MOST_OTHER):
            raise ProtocolError("invalid_request", _describe_parameter(name, "is too long."))


def read_client_credentials(request: Request, params: Mapping[str, str]) -> ClientCredentials:
    """Read the one client authentication of a request (RFC 6749 2.3.1). Raises ``ProtocolError`` for two.

    A bearer is the user's credential in Argus's ``client_credentials``, not the client's.
    """
    headers = edge.list_header(request, "Authorization")
    if len(headers) > 1:
        raise ProtocolError("invalid_request", "Send one Authorization header.")
    body_id, body_secret = params.get("client_id"), params.get("client_secret")
    scheme, _, encoded = headers[0].partition(" ") if headers else ("", "", "")
    assertion = assertions.read_assertion(params)
    if [scheme.lower() == "basic", body_secret is not None, assertion is not None].count(True) > 1:
        raise ProtocolError("invalid_request", "Authenticate the client once, in one way.")
    if assertion is not None:
        return assertions.name_client(assertion, body_id)
    if scheme.lower() != "basic":
        return ClientCredentials(body_id, body_secret, by_header=False)
    client_id, secret = _parse_basic(encoded.strip(" "))
    if body_id is not None and body_id != client_id:
        raise ProtocolError("invalid_request", "The parameter client_id is not the authenticated client.")
    return ClientCredentials(client_id, secret or None, by_header=True)


def _parse_basic(encoded: str) -> tuple[str, str]:
    """Parse both halves of a Basic header, form-decoded;
    an empty password means no secret (contract 0 #6).
    """
    wrong = ProtocolError("invalid_client", "The Basic credentials cannot be read.", 401)
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
        client_id, colon, secret = text.partition(":")
        halves = tuple(unquote_plus(half, errors="strict") for half in (client_id, secret))
    except (binascii.Error, UnicodeError, ValueError):
        raise wrong from None
    if not colon or any(_is_unclean(half) for half in halves):
        raise wrong
    return halves[0], halves[1]


def _check_form_type(request: Request) -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != FORM or charset not in ("utf-8", "utf8"):
        raise ProtocolError("invalid_request", f"Send the parameters as {FORM} in UTF-8.")


def _read_body(request: Request) -> bytes:
    with contextlib.suppress(RequestEntityTooLarge):
        body = request.get_data(cache=True)
        # A user may send longer forms, but not these.
        if len(body) <= edge.OF_STRANGERS.body_bytes:
            return body
    raise ProtocolError("invalid_request", "The body is too large.", 413)


def _parse_pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except (UnicodeError, ValueError):
        raise ProtocolError("invalid_request", "The parameters are not valid UTF-8, or too many.") from None
    for name, value in pairs:
        if _is_unclean(name) or _is_unclean(value):
            raise ProtocolError("invalid_request", _describe_parameter(name, "holds a control character."))
        if len(value) > max(MOST_VALUE, MOST_CHARACTERS.get(name, 0)):
            raise ProtocolError("invalid_request", _describe_parameter(name, "is too long."))
    return pairs


def _refuse_repeats(pairs: list[tuple[str, str]]) -> dict[str, str]:
    params: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen and name not in REPEATABLE:
            raise ProtocolError("invalid_request", _describe_parameter(name, "is repeated."))
        seen.add(name)
        if value:
            params[name] = value
    return params


def _is_unclean(text: str) -> bool:
    return UNCLEAN.search(text) is not None


def _describe_parameter(name: str, what: str) -> str:
    """Name a parameter only if it is a known one: nothing that was sent is repeated."""
    return f"The parameter {name} {what}" if name in KNOWN else f"A parameter {what}"
