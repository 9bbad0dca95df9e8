"""Pushed authorization requests (RFC 9126): the ``request_uri`` is the request itself, encrypted.

So nobody stores anything by pushing, a reload finds the request again, and nothing of it stands in an
address. What an approval or a refusal by the user answers is used up by a row (docs/decisions/049).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime
from datetime import timedelta

from cryptography.fernet import InvalidToken

from app import clock
from app.services.tokens import single_use
from app.services.tokens.keyring import keyring

PREFIX = "urn:ietf:params:oauth:request_uri:"
# From the push to the browser's arrival: RFC 9126 2.2 proposes 5 to 600 seconds, FAPI 2.0 less than 600.
LIFE_SECONDS = 90
# From the push to the answer, with a login between: as long as any other request waits for one.
WAITING = timedelta(hours=1)
# Waited, and then ten minutes on the consent page; a clock of another node may be behind.
USED_UP_FOR = WAITING + timedelta(minutes=30)
# It fits into the address of the login page, where it is signed once more.
MOST_CHARACTERS = 8_000
# Among the parameters of a request: the text it was pushed as. No request brings it.
PUSHED = "argus_pushed"
PURPOSE = "pushed-request"


def seal_request(client_id: str, params: Mapping[str, str]) -> str | None:
    """Return the ``request_uri`` of a validated request; ``None`` if it would be too long."""
    held = {"c": client_id, "p": dict(params), "t": clock.now().timestamp()}
    text = keyring().build_box(PURPOSE).encrypt(json.dumps(held).encode()).decode("ascii")
    return PREFIX + text if len(text) <= MOST_CHARACTERS else None


def is_pushed(request_uri: str | None) -> bool:
    """Tell whether this has the form of a ``request_uri`` of ours; any other is not supported."""
    return request_uri is not None and request_uri.startswith(PREFIX)


def open_request(request_uri: str, client_id: str) -> dict[str, str] | None:
    """Return the parameters of a request that this client pushed a moment ago; ``None`` for any other."""
    params = _unseal(request_uri.removeprefix(PREFIX), timedelta(seconds=LIFE_SECONDS))
    return params if params is not None and params.get("client_id") == client_id else None


def fold(params: Mapping[str, str]) -> Mapping[str, str]:
    """Return what of these parameters may stand in an address: of a pushed request, its encrypted text."""
    return {PUSHED: params[PUSHED]} if PUSHED in params else params


def unfold(params: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return all parameters again; ``None`` if it was pushed too long ago."""
    return _unseal(params[PUSHED], WAITING) if PUSHED in params else params


def use_up(params: Mapping[str, str]) -> bool:
    """Use up the pushed request of these parameters, inside a unit of work; false if it was answered before.

    One that was not pushed may be answered as often as somebody is asked.
    """
    if PUSHED not in params:
        return True
    return single_use.use_up(PURPOSE, params[PUSHED], clock.now() + USED_UP_FOR)


def _unseal(text: str, life: timedelta) -> dict[str, str] | None:
    if len(text) > MOST_CHARACTERS or not text.isascii():
        return None
    try:
        held = json.loads(keyring().build_box(PURPOSE).decrypt(text))
    except InvalidToken:
        return None
    if clock.now() - datetime.fromtimestamp(held["t"], UTC) >= life:
        return None
    return {**held["p"], "client_id": held["c"], PUSHED: text}
