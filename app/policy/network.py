"""Client IP ranges and client addresses: parsing, canonical form, matching (design decisions 6 and 7).

An unreadable value is in no range, so every doubt is a refusal. Built on ``ipaddress`` of the standard
library, which alone would accept integers, booleans, netmasks and zones.
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
# IPv6 with an IPv4 address at its end.
MOST_ADDRESS_CHARACTERS = 45
# An address, and optionally one plain prefix length: no zone, no netmask, no sign, no leading zero.
ENTRY = re.compile(r"([0-9A-Fa-f:.]{2,45})(?:/(0|[1-9][0-9]{0,2}))?", re.ASCII)
# As some proxies write a hop: an IPv4 address with a port; an IPv6 one in brackets, with a port or without.
HOP_V4 = re.compile(r"([0-9.]{7,15}):([0-9]{1,5})", re.ASCII)
HOP_V6 = re.compile(r"\[([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\](?::([0-9]{1,5}))?", re.ASCII)
MOST_PORT = 65_535
# RFC 6052 2.1: an IPv4 address as it is called through a translator.
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
# A cloud's own service at an address of the public internet; the others are link-local or private.
METADATA = frozenset({ipaddress.IPv4Address("168.63.129.16")})
EXAMPLE = "an address or a network such as 192.0.2.0/24 or 2001:db8::/32"


class InvalidRange(ValueError):
    """One invalid entry. ``entry`` is shortened and safe to log; ``problem`` says what to do."""

    def __init__(self, entry: object, problem: str) -> None:
        super().__init__(problem)
        self.entry = ascii(entry)[:64]
        self.problem = problem


def parse_range(entry: object) -> str:
    """Return the canonical CIDR text of an entry; a plain address gets /32 or /128, blanks around it do not
    count. Raises ``InvalidRange``.
    """
    if not isinstance(entry, str):
        raise InvalidRange(entry, f"Write text: {EXAMPLE}.")
    entry = entry.strip()
    if not entry:
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
    return str(_unmap(network))


def parse_ranges(entries: object, *, most: int = MOST_ENTRIES) -> tuple[str, ...]:
    """Return the canonical entries, in order, without repeats.
    Raises ``InvalidRange`` for the first invalid one.
    """
    wrong = list_range_problems(entries, most=most)
    if wrong:
        raise wrong[0][1]
    assert isinstance(entries, list | tuple)  # noqa: S101 - range_problems refused everything else
    return tuple(dict.fromkeys(parse_range(entry) for entry in entries))


def list_range_problems(entries: object, *, most: int = MOST_ENTRIES) -> list[tuple[int, InvalidRange]]:
    """List every invalid entry with its index; index -1 means the list itself."""
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


def canonicalise_address(text: str) -> Address | None:
    """Parse an address, IPv4-mapped IPv6 as IPv4; ``None`` if it is malformed or has a zone or a port."""
    return _parse_address(text) if len(text) <= MOST_ADDRESS_CHARACTERS else None


# The same few addresses call again and again; strangers can send others, but not longer ones.
@lru_cache(maxsize=4096)
def _parse_address(text: str) -> Address | None:
    if "%" in text or not text.isascii():
        return None
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def identify_source(address: str) -> str:
    """Return what counts as one source of failures: of an IPv6 address its /64, which is one connection.

    Its owner can call from any address in it. Text that is no address counts as itself.
    """
    found = canonicalise_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(found), 64), strict=False))
    return str(found) if found is not None else address


def name_network(address: str | None) -> str:
    """Return the site that an address belongs to, roughly: its /24, or /48 of IPv6."""
    found = canonicalise_address(address) if address is not None else None
    if found is None:
        return ""
    return str(ipaddress.ip_network((int(found), 24 if found.version == 4 else 48), strict=False))


def is_in_ranges(address: str | None, ranges: Sequence[str]) -> bool:
    """Tell whether the address is in one of the ranges;
    false for an unknown address, a malformed one, or no range.
    """
    found = canonicalise_address(address) if address is not None else None
    return found is not None and any(found in network for network in _parse_networks(tuple(ranges)))


def is_in_narrow_range(address: str | None, ranges: Sequence[str]) -> bool:
    """Tell whether an entry holds the address that is no wider than one site: /24, or /48 of IPv6."""
    narrow = [one for one in ranges if _is_narrow(one)]
    return is_in_ranges(address, narrow)


def _is_narrow(entry: str) -> bool:
    return all(one.prefixlen >= (24 if one.version == 4 else 48) for one in _parse_networks((entry,)))


def find_client_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[str]) -> str | None:
    """Find the client's address: the peer's own, or what trusted proxies report (security rule 49).

    ``forwarded_for`` are the header's values as received. The header counts only if the peer is trusted; then
    the search goes from right to left to the first address that is not a trusted proxy. A header that is
    empty or malformed anywhere gives ``None``, which every range refuses. If it has only trusted proxies: the
    leftmost.
    """
    own = canonicalise_address(peer or "")
    if own is None:
        return None
    if not forwarded_for or not is_in_ranges(str(own), trusted):
        return str(own)
    hops = _parse_hops(forwarded_for)
    if any(hop is None for hop in hops):
        return None
    untrusted = (str(hop) for hop in reversed(hops) if not is_in_ranges(str(hop), trusted))
    return next(untrusted, str(hops[0]))


def find_asserted_address(
    peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[str]
) -> str | None:
    """Find the user's address as the *client* reports it: the hop before the client's;
    ``None`` if there is none.

    Anybody can write it, so it can only lead to a refusal (security rule 50). A malformed header gives the
    empty text, which matches no address.
    """
    hops = _parse_hops(forwarded_for)
    if any(hop is None for hop in hops):
        return ""
    if is_in_ranges(peer or "", trusted):
        while hops and is_in_ranges(str(hops[-1]), trusted):
            hops.pop()
        hops = hops[:-1]
    return str(hops[-1]) if hops else None


def _parse_hops(forwarded_for: Sequence[str]) -> list[Address | None]:
    """Parse every hop, ``None`` for a malformed one. A port is left out, as some proxies write one."""
    return [_parse_hop(hop.strip(" \t")) for value in forwarded_for for hop in value.split(",")]


def _parse_hop(hop: str) -> Address | None:
    found = HOP_V4.fullmatch(hop) or HOP_V6.fullmatch(hop)
    if found is None:
        return canonicalise_address(hop)
    return canonicalise_address(found[1]) if int(found[2] or 0) <= MOST_PORT else None


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the public internet, so that a server may call what stands there.

    Not what is private, of one link or machine, of a group, or reserved; nor the same behind a translation.
    False for a malformed address.
    """
    found = canonicalise_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.sixtofour or _find_translated(found)
        if inside is not None:
            return is_public(str(inside))
        if found.is_site_local:
            return False
    if found is None or found in METADATA:
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def _find_translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in TRANSLATED else None


def trusts_everyone(trusted: Sequence[str]) -> bool:
    """Tell whether the entries together cover a whole address family."""
    for family in (4, 6):
        networks = [network for network in _parse_networks(tuple(trusted)) if network.version == family]
        if any(network.prefixlen == 0 for network in ipaddress.collapse_addresses(networks)):  # type: ignore[type-var]
            return True
    return False


@lru_cache(maxsize=4096)
def _parse_networks(ranges: tuple[str, ...]) -> tuple[Network, ...]:
    """Parse the stored ranges once; an unreadable one matches nothing."""
    parsed = []
    for entry in ranges:
        try:
            parsed.append(ipaddress.ip_network(parse_range(entry)))
        except InvalidRange:
            continue
    return tuple(parsed)


def _unmap(network: Network) -> Network:
    """Convert an IPv4-mapped IPv6 network to IPv4; leave every other network as it is."""
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((int(mapped), network.prefixlen - 96))
    return network


def pick_address(ranges: Sequence[str]) -> str | None:
    """Return some address in the ranges, for questions about a client that calls correctly;
    ``None`` without a range.
    """
    return str(ipaddress.ip_network(ranges[0]).network_address) if ranges else None


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
