"""Client IP ranges and client addresses: parsed, canonicalised, matched (design decisions 6 and 7).

Everything fails closed: what cannot be read is in no range. Built on the standard library's ``ipaddress``,
which by itself takes integers, booleans, netmasks and zones for networks.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from app.policy.sentences import Sentence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_ENTRIES = 100
# An address, and at most one plain prefix length: no zone, no netmask, no sign, no leading zero.
ENTRY = re.compile(r"([0-9A-Fa-f:.]{2,45})(?:/(0|[1-9][0-9]{0,2}))?", re.ASCII)
EXAMPLE = "an address or a network such as 192.0.2.0/24 or 2001:db8::/32"


class InvalidRange(ValueError):
    """One entry that is no range. ``entry`` is cut and safe to log; ``problem`` says what to do."""

    def __init__(self, entry: object, problem: str) -> None:
        super().__init__(problem)
        self.entry = ascii(entry)[:64]
        self.problem = problem


def parse_range(entry: object) -> str:
    """The canonical CIDR text of one entry; a plain address becomes /32 or /128. Raises ``InvalidRange``."""
    if not isinstance(entry, str):
        raise InvalidRange(entry, f"Write text: {EXAMPLE}.")
    if not entry.strip():
        raise InvalidRange(entry, f"Write {EXAMPLE}; anywhere is 0.0.0.0/0 and ::/0.")
    if "%" in entry:
        raise InvalidRange(entry, "Leave out the zone: a range has none.")
    if ENTRY.fullmatch(entry) is None:
        raise InvalidRange(entry, f"Write {EXAMPLE}.")
    try:
        network: Network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        raise InvalidRange(entry, f"Write {EXAMPLE}.") from None
    if ipaddress.ip_interface(entry).ip != network.network_address:
        problem = Sentence(
            "This is an address inside a network. Write {network} for the network, or one address without /.",
            network=network,
        )
        raise InvalidRange(entry, problem)
    return str(_unmapped(network))


def parse_ranges(entries: object, *, most: int = MOST_ENTRIES) -> tuple[str, ...]:
    """The canonical entries, in order, each once. Raises ``InvalidRange`` for the first that is wrong."""
    wrong = range_problems(entries, most=most)
    if wrong:
        raise wrong[0][1]
    assert isinstance(entries, list | tuple)  # noqa: S101 - range_problems refused everything else
    return tuple(dict.fromkeys(parse_range(entry) for entry in entries))


def range_problems(entries: object, *, most: int = MOST_ENTRIES) -> list[tuple[int, InvalidRange]]:
    """Every wrong entry with its index; index -1 speaks of the list itself."""
    if not isinstance(entries, list | tuple):
        return [(-1, InvalidRange(entries, "Give a list of addresses or networks."))]
    if not entries:
        return [(-1, InvalidRange(entries, "Give at least one entry; anywhere is 0.0.0.0/0 and ::/0."))]
    if len(entries) > most:
        return [(-1, InvalidRange("", f"Give at most {most} entries."))]
    found = []
    for index, entry in enumerate(entries):
        try:
            parse_range(entry)
        except InvalidRange as problem:
            found.append((index, problem))
    return found


def canonical_address(text: str) -> Address | None:
    """The address, IPv4-mapped IPv6 as IPv4; ``None`` for anything malformed, zone-bearing or with a port."""
    if "%" in text or not text.isascii():
        return None
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def source_of(address: str) -> str:
    """What stands for one source when failures are counted: an IPv6 address by its /64, which is one line.

    Whoever has such a line calls from any address in it. What is no address stands for itself.
    """
    found = canonical_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(found), 64), strict=False))
    return str(found) if found is not None else address


def in_ranges(address: str | None, ranges: Sequence[str]) -> bool:
    """Whether the address is inside one of the ranges; unknown, malformed or no range at all: no."""
    found = canonical_address(address) if address is not None else None
    return found is not None and any(found in network for network in _networks(tuple(ranges)))


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[str]) -> str | None:
    """The client's address: the peer's own, or what trusted proxies say of it (security rule 49).

    ``forwarded_for`` are the header's values as received. The header counts only when the peer is trusted;
    then the walk goes right to left to the first address that is no trusted proxy. A header that is empty or
    malformed anywhere gives ``None``, which every range refuses. Only trusted proxies in it: the leftmost.
    """
    own = canonical_address(peer or "")
    if own is None:
        return None
    if not forwarded_for or not in_ranges(str(own), trusted):
        return str(own)
    hops = [canonical_address(hop.strip(" \t")) for value in forwarded_for for hop in value.split(",")]
    if any(hop is None for hop in hops):
        return None
    untrusted = (str(hop) for hop in reversed(hops) if not in_ranges(str(hop), trusted))
    return next(untrusted, str(hops[0]))


def asserted_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[str]) -> str | None:
    """The user's address as the *client* tells it: the hop before the client's own; ``None`` without one.

    Anybody may write it: it serves to refuse and for nothing else (security rule 50). A malformed header
    gives the empty text, which is nobody's address.
    """
    hops = [canonical_address(hop.strip(" \t")) for value in forwarded_for for hop in value.split(",")]
    if any(hop is None for hop in hops):
        return ""
    if in_ranges(peer or "", trusted):
        while hops and in_ranges(str(hops[-1]), trusted):
            hops.pop()
        hops = hops[:-1]
    return str(hops[-1]) if hops else None


def trusts_everyone(trusted: Sequence[str]) -> bool:
    """Whether the entries together let a whole address family in, in one piece or in several."""
    for family in (4, 6):
        networks = [network for network in _networks(tuple(trusted)) if network.version == family]
        if any(network.prefixlen == 0 for network in ipaddress.collapse_addresses(networks)):  # type: ignore[type-var]
            return True
    return False


@lru_cache(maxsize=4096)
def _networks(ranges: tuple[str, ...]) -> tuple[Network, ...]:
    """The stored ranges, parsed once; one that cannot be read lets nobody in."""
    parsed = []
    for entry in ranges:
        try:
            parsed.append(ipaddress.ip_network(parse_range(entry)))
        except InvalidRange:
            continue
    return tuple(parsed)


def _unmapped(network: Network) -> Network:
    """An IPv4-mapped IPv6 network as the IPv4 network it is; every other as it stands."""
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((int(mapped), network.prefixlen - 96))
    return network


def first_address(ranges: Sequence[str]) -> str | None:
    """Some address inside, for questions about a client that calls as it should; none without a range."""
    return str(ipaddress.ip_network(ranges[0]).network_address) if ranges else None
