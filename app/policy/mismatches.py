"""In which part an address that was asked for differs from the registered ones: the part's name only, and
nothing of what is registered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence
from enum import StrEnum

from app.policy.redirects import strip_loopback_port


class Part(StrEnum):
    """A part of an address, from left to right."""

    SCHEME = "scheme"
    HOST = "host"
    PORT = "port"
    PATH = "path"
    QUERY = "query"
    FRAGMENT = "fragment"


# RFC 3986 appendix B: any text has these parts. Nothing is normalised, as nothing is when it is compared.
URI = re.compile(r"(?:([^:/?#]*):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?\Z", re.ASCII | re.DOTALL)
AUTHORITY = re.compile(r"(.*?)(?::([0-9]*))?\Z", re.ASCII | re.DOTALL)


def find_difference(asked: str, registered: Sequence[str], *, public_client: bool) -> Part | None:
    """Return the first part that differs from the nearest registered address; ``None`` if none is registered.

    The nearest is that with the fewest differences; of these, the one that is alike for the longest.
    """
    found = [_list_differences(asked, uri, public_client=public_client) for uri in registered]
    nearest = min((one for one in found if one), key=_rank, default=None)
    return nearest[0] if nearest is not None else None


def _rank(differences: Sequence[Part]) -> tuple[int, int]:
    return len(differences), -list(Part).index(differences[0])


def _list_differences(asked: str, registered: str, *, public_client: bool) -> list[Part]:
    ours, theirs = _split(registered), _split(asked)
    is_port_free = public_client and None not in map(strip_loopback_port, (asked, registered))
    return [part for part in Part if ours[part] != theirs[part] and not (part is Part.PORT and is_port_free)]


def _split(uri: str) -> Mapping[Part, str | None]:
    scheme, authority, path, query, fragment = next(URI.finditer(uri)).groups()
    host, port = next(AUTHORITY.finditer(authority)).groups() if authority is not None else (None, None)
    return {
        Part.SCHEME: scheme,
        Part.HOST: host,
        Part.PORT: port,
        Part.PATH: path,
        Part.QUERY: query,
        Part.FRAGMENT: fragment,
    }
