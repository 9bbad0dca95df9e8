"""The web origins of redirect URIs (RFC 6454, Fetch): who may read what is answered to a client without a
secret.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from app.policy.redirects import strip_loopback_port

DEFAULT_PORTS = {"https": 443, "http": 80}


def find_origin(uri: str) -> str | None:
    """Return the origin of a registered redirect URI as browsers write it: lower case, no default port.

    ``None`` if it has none: a private-use scheme belongs to an app, and no page has its origin.
    """
    parts = urlsplit(uri)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{ipaddress.ip_address(parts.hostname)}]" if ":" in parts.hostname else parts.hostname
    port = parts.port
    shown = "" if port is None or port == DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def is_origin_of_any(origin: str, registered: Iterable[str]) -> bool:
    """Tell whether this is the origin of one of a public client's redirect URIs, byte by byte.

    On the loopback host that it registered its port is free, as ``redirects.matches`` has it.
    """
    without_port = strip_loopback_port(origin)
    for uri in registered:
        found = find_origin(uri)
        if found is None:
            continue
        if found == origin or (without_port is not None and strip_loopback_port(found) == without_port):
            return True
    return False
