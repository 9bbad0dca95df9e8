"""Tells one receiver what it is to hear: logout tokens by POST (Back-Channel Logout 1.0 2.4-2.8).

No database here but the key that signs: a slow receiver holds a thread, and nothing else.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from urllib.parse import urlencode

from joserfc import jwt

from app import clock
from app.runtime import settings
from app.services.outbox.receivers import Call
from app.services.outbox.receivers import Message
from app.services.outbox.receivers import Outcome
from app.services.outgoing.door import Door
from app.services.outgoing.door import NotReached
from app.services.tokens.signing_keys import Signer

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFE_SECONDS = 120
# Of one message; and of all that one receiver is told at a time, well within its lease.
CALL_SECONDS, MOST_SECONDS = 5.0, 30.0
MOST_BYTES = 16_384
REFUSED = 400


def make_calls(call: Call, signer: Signer, is_over: Callable[[], bool]) -> Outcome:
    """Send the messages one after the other, until one fails, time is up or ``is_over``."""
    outcome, began = Outcome(), time.monotonic()
    with Door() as door:
        for message in call.messages:
            if is_over() or time.monotonic() - began > MOST_SECONDS:
                break
            token = sign_logout_token(call.client_id, signer, message)
            try:
                reply = door.post(
                    call.uri,
                    urlencode({"logout_token": token}).encode("ascii"),
                    content_type="application/x-www-form-urlencoded",
                    seconds=CALL_SECONDS,
                    most_bytes=MOST_BYTES,
                )
            except NotReached as problem:
                outcome.problem = str(problem)
                break
            if 200 <= reply.status < 300:
                outcome.taken.append(message.id)
            elif reply.status == REFUSED:
                outcome.refused.append(message.id)
            else:
                outcome.problem = f"status {reply.status}"
                break
    return outcome


def sign_logout_token(client_id: str, signer: Signer, message: Message) -> str:
    """Sign a logout token (2.4); each attempt has a number of its own, so that none is a replay."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": settings().base_url,
        "sub": str(message.user_id),
        "aud": client_id,
        "iat": now,
        "exp": now + LIFE_SECONDS,
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
        "sid": message.sid,
    }
    header = {"alg": signer.algorithm, "kid": signer.kid, "typ": "logout+jwt"}
    return jwt.encode(header, claims, signer.key, algorithms=[signer.algorithm])
