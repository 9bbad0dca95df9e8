"""``sid``: the name by which an application knows a login (Back-Channel Logout 1.0 2.1)."""

from __future__ import annotations

import base64
import hmac

PURPOSE = b"argus-idp/sid/"


def compute_sid(login_id: bytes, client_id: str) -> str:
    """Compute the name of a login at one application: the same as long as the login lives.

    Two applications cannot find out by it that they share a login, and it does not lead to the login's id:
    that is the key, 128 random bits. No server key is in it, so it outlives their change.
    """
    digest = hmac.digest(login_id, PURPOSE + client_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:16]).decode("ascii").rstrip("=")
