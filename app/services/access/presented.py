"""Turn a presented credential into a ``Caller``.

Each takes one query; text of the wrong form takes none. Whether the credential is accepted, the gate decides.
"""

from __future__ import annotations

import re

from app.policy.facts import Leg
from app.services.access import client_rows
from app.services.access import credential_rows
from app.services.access import facts
from app.services.access.callers import Caller
from app.services.access.credential_parts import ClientPart
from app.services.access.credential_parts import KeyRow
from app.services.access.throttle import throttle
from app.services.contact import Contact
from app.services.tokens.token_text import Kind
from app.services.tokens.token_text import compute_digest
from app.services.tokens.token_text import is_same_digest
from app.services.tokens.token_text import read_token

API_KEY = re.compile(r"([0-9a-f]{1,15})/([0-9a-f]{1,7})/([A-Za-z0-9_-]{43})", re.ASCII)


def from_token(text: str, contact: Contact, leg: Leg = Leg.API) -> Caller | None:
    """Find the caller of a login token or an OAuth access token; ``None`` if this server did not issue it.

    A token that was valid but is superseded, ended or expired gives a caller whose decision refuses.
    """
    token = read_token(text, Kind.LOGIN, Kind.ACCESS)
    if token is None:
        return None
    if token.kind is Kind.LOGIN:
        return _from_login(text, contact, leg)
    row = credential_rows.load_session_row(token.session_id)
    if row is None:
        return None
    return Caller("oauth", facts.build_session_question(row, token, leg, contact), row, contact, text)


def from_cookie(text: str, contact: Contact, leg: Leg = Leg.API) -> Caller | None:
    """Find the caller of the ``argus_session`` cookie, which holds only a login token."""
    return _from_login(text, contact, leg) if read_token(text, Kind.LOGIN) is not None else None


def from_api_key(text: str, contact: Contact, leg: Leg = Leg.API) -> Caller | None:
    """Find the caller of an API key ``<user>/<key>/<secret>`` by its prefix. Raises ``Throttled``."""
    caller = find_by_key(text, contact, leg)
    if caller is None:
        # Only wrong keys are throttled: nobody guesses a right key, and its owner must not be locked out.
        throttle().count_refusal("key", contact.address)
    return caller


def find_by_key(text: str, contact: Contact, leg: Leg) -> Caller | None:
    """As ``from_api_key``, but count nothing: for a key that was right before."""
    row = _load_key_row(text)
    if row is None:
        return None
    return Caller("key", facts.build_key_question(row, leg, contact), row, contact, text)


def from_service_key(client: ClientPart, contact: Contact) -> Caller | None:
    """Find the caller for whom this client, which has authenticated, acts by itself; ``None`` for nobody."""
    user_id, number = client.service_user_id, client.service_key_number
    if user_id is None or number is None:
        return None
    credential_rows.look_ahead_from_key(user_id, number, client.id)
    row = credential_rows.load_key_row(user_id, number)
    if row is None:
        return None
    return Caller("key", facts.build_key_question(row, Leg.API, contact), row, contact)


def _load_key_row(text: str) -> KeyRow | None:
    parts = API_KEY.fullmatch(text)
    row = credential_rows.load_key_row(int(parts[1], 16), int(parts[2], 16)) if parts is not None else None
    return row if row is not None and is_same_digest(row.key.secret_digest, compute_digest(text)) else None


def _from_login(text: str, contact: Contact, leg: Leg) -> Caller | None:
    token = read_token(text, Kind.LOGIN)
    row = credential_rows.load_login_row(token.session_id) if token is not None else None
    if token is None or row is None:
        return None
    return Caller("login", facts.build_login_question(row, token, leg, contact), row, contact, text)


def look_ahead(text: str, client_id: str) -> None:
    """Load the client that a request names in one look-up with the key or login of its user: who asks for
    any of them next in this unit or request finds it there. Nothing is judged, and text of the wrong form
    takes no query.
    """
    parts = API_KEY.fullmatch(text)
    token = read_token(text, Kind.LOGIN) if parts is None else None
    if len(client_id) > client_rows.MOST_ID_CHARACTERS:
        return
    if parts is not None:
        credential_rows.look_ahead_from_key(int(parts[1], 16), int(parts[2], 16), client_id)
    elif token is not None:
        credential_rows.look_ahead_from_login(token.session_id, client_id)
