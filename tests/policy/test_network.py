"""Ranges and client addresses: what is taken, what is refused, and that refusing is the default."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import network
from app.policy.network import InvalidRange

IPV4 = st.ip_addresses(v=4).map(str)
ADDRESSES = st.ip_addresses().map(str)


def networks(version: int) -> st.SearchStrategy[str]:
    bits = 32 if version == 4 else 128
    return st.tuples(st.ip_addresses(v=version), st.integers(0, bits)).map(
        lambda pair: str(ipaddress.ip_network(pair, strict=False))
    )


@pytest.mark.parametrize(
    ("entry", "canonical"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        (" 10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/8 \n", "10.0.0.0/8"),
        ("::1", "::1/128"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("64:ff9b::a00:1", "64:ff9b::a00:1/128"),
        ("::fffe:0:0/95", "::fffe:0:0/95"),
    ],
)
def test_what_is_taken(entry: str, canonical: str) -> None:
    """Design decision 6: plain addresses become /32 or /128, mapped IPv6 becomes IPv4, nothing else does;
    blanks around do not count (decision 26).
    """
    assert network.parse_range(entry) == canonical


@pytest.mark.parametrize(
    "entry",
    [
        "", " ", "10.0.0.1/8", "fe80::1%eth0/64", "fe80::1%eth0", "10.0.0.0/255.0.0.0",
        "10.0.0.0/0.255.255.255",
        "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/", "/8", "10.0.0", "010.0.0.0/8", "10.0.0.0 /8",
        "10.0.0.0/33", "::/129", "\uff11\uff10.0.0.0/8", "10.0.0.0/\u0668", "anywhere", "*", "0",
        "1", "1.2.3.4:80",
        "[::1]", "x" * 10_000, "10.0.0.0/8/8", None, 0, 1, True, False, 1.5,
        b"10.0.0.0/8", [], {},
    ],
)  # fmt: skip
def test_what_is_refused(entry: object) -> None:
    """Security rule 51: each is named and told what to write instead; nothing long or strange is echoed."""
    with pytest.raises(InvalidRange) as refused:
        network.parse_range(entry)
    assert refused.value.problem.endswith(".")
    assert len(refused.value.entry) <= 64
    assert refused.value.entry.isascii()


@pytest.mark.parametrize(
    ("entry", "told"), [(" ", "anywhere is 0.0.0.0/0"), ("fe80::1%eth0", "Leave out the zone")]
)
def test_what_is_refused_says_why(entry: str, told: str) -> None:
    """A blank entry is no range, least of all the widest; a zone is no part of one."""
    with pytest.raises(InvalidRange, match=told):
        network.parse_range(entry)


def test_lists() -> None:
    """At least one, at most a hundred, each once, every wrong one reported."""
    assert network.parse_ranges(["10.0.0.0/8", "::1", "10.0.0.0/8"]) == ("10.0.0.0/8", "::1/128")
    assert [index for index, _ in network.list_range_problems(["10.0.0.0/8", "x", "::1", 1])] == [1, 3]
    for wrong in ([], "10.0.0.0/8", None, ["::1"] * 101):
        assert [index for index, _ in network.list_range_problems(wrong)] == [-1]
        with pytest.raises(InvalidRange):
            network.parse_ranges(wrong)


@pytest.mark.parametrize(
    "address", [None, "", "unknown", "1.2.3.4:80", "fe80::1%eth0", "\u0661.2.3.4", "1.2.3"]
)
def test_what_is_no_address_is_nowhere(address: str | None) -> None:
    assert not network.is_in_ranges(address, ("0.0.0.0/0", "::/0"))


def test_no_range_and_broken_ranges_let_nobody_in() -> None:
    """Emptiness is never permission, and neither is a stored value that cannot be read."""
    assert not network.is_in_ranges("10.0.0.1", ())
    assert not network.is_in_ranges("10.0.0.1", ("nonsense", "10.0.0.1/8"))
    assert network.trusts_everyone(("10.0.0.0/8", "::/0"))
    assert not network.trusts_everyone(("10.0.0.0/8", "nonsense"))


@given(st.one_of(networks(4), networks(6)))
def test_parsing_is_idempotent(entry: str) -> None:
    once = network.parse_range(entry)
    assert network.parse_range(once) == once


@given(IPV4, networks(4))
def test_a_mapped_address_decides_as_its_ipv4(address: str, entry: str) -> None:
    mapped = f"::ffff:{address}"
    assert network.is_in_ranges(mapped, (entry,)) == network.is_in_ranges(address, (entry,))


@given(ADDRESSES, st.integers(0, 128), st.integers(0, 128))
def test_widening_a_prefix_never_loses_an_address(address: str, one: int, other: int) -> None:
    # An IPv4-mapped address is its IPv4: no IPv6 range holds it, not even ::/0.
    address = str(network.canonicalise_address(address))
    bits = 32 if "." in address else 128
    narrow, wide = max(one, other) % (bits + 1), min(one, other) % (bits + 1)
    if narrow < wide:
        narrow, wide = wide, narrow
    inside = str(ipaddress.ip_network((address, narrow), strict=False))
    outside = str(ipaddress.ip_network((address, wide), strict=False))
    assert network.is_in_ranges(address, (inside,))
    assert network.is_in_ranges(address, (outside,))


TRUSTED = ("10.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [""], None),
        ("10.0.0.1", ["unknown"], None),
        ("10.0.0.1", ["unknown, 198.51.100.1"], None),
        ("10.0.0.1", ["198.51.100.1,"], None),
        ("10.0.0.1", ["198.51.100.1:80"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.7:51008, 10.0.0.2:443"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", [" [2001:db8::1]\t,10.0.0.2"], "2001:db8::1"),
        ("10.0.0.1", ["[::ffff:198.51.100.1]:65535"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.7:0"], "203.0.113.7"),
        (None, ["198.51.100.1"], None),
        ("", [], None),
        ("unix:", [], None),
    ],
)
def test_the_walk_through_proxies(peer: str | None, forwarded: list[str], expected: str | None) -> None:
    """Security rule 49: the header counts only from a trusted peer; one malformed hop refuses."""
    assert network.find_client_address(peer, forwarded, TRUSTED) == expected


MALFORMED = (
    "198.51.100.1:", "198.51.100.1:65536", "198.51.100.1:123456", "198.51.100.1:8o", "198.51.100.1:+80",
    ":80", "198.51.100.1:80:80", "[198.51.100.1]", "[198.51.100.1]:80", "[2001:db8::1", "2001:db8::1]",
    "[2001:db8::1]:", "[2001:db8::1]:65536", "[2001:db8::1]443", "[2001:db8::1%eth0]:443", "[]",
    "[]:80", "[:]", "[[::1]]", "198.51.100:80", "198.51.100.01:80", "198.51.100.1\u0660:80",
    "198.51.100.1:8\u0660", "[2001:db8::1] :443", "host:80", "198.51.100.1 :80",
)  # fmt: skip


@pytest.mark.parametrize("hop", MALFORMED)
def test_a_malformed_hop_is_no_address(hop: str) -> None:
    """Security rule 49: wherever it stands, and for what a client reports too."""
    assert network.find_client_address("10.0.0.1", [hop], TRUSTED) is None
    assert network.find_client_address("10.0.0.1", [f"{hop}, 198.51.100.1"], TRUSTED) is None
    assert network.find_asserted_address("192.0.2.1", [hop], TRUSTED) == ""


def test_what_a_client_reports_may_have_a_port() -> None:
    assert network.find_asserted_address("192.0.2.1", ["198.51.100.1:80"], TRUSTED) == "198.51.100.1"
    assert (
        network.find_asserted_address("10.0.0.1", ["[2001:db8::1]:9, 192.0.2.1:80"], TRUSTED) == "2001:db8::1"
    )


@given(ADDRESSES, st.lists(ADDRESSES, max_size=4))
def test_the_walk_never_returns_a_trusted_proxy_before_a_stranger(peer: str, hops: list[str]) -> None:
    found = network.find_client_address(peer, [", ".join(hops)] if hops else [], TRUSTED)
    assert found is not None
    chain = [*hops, peer]
    if any(not network.is_in_ranges(one, TRUSTED) for one in chain):
        assert not network.is_in_ranges(found, TRUSTED) or network.is_in_ranges(peer, TRUSTED)
    if not network.is_in_ranges(peer, TRUSTED):
        assert found == str(network.canonicalise_address(peer))


def test_trusting_everyone_is_seen_through_its_pieces() -> None:
    assert network.trusts_everyone(("0.0.0.0/0",))
    assert network.trusts_everyone(("::/0",))
    assert network.trusts_everyone(("0.0.0.0/1", "128.0.0.0/1"))
    assert not network.trusts_everyone(("10.0.0.0/8", "::1/128"))


def test_some_address_inside() -> None:
    """The first of the first range; nothing from nothing."""
    assert network.pick_address(["10.1.0.0/16", "::/0"]) == "10.1.0.0"
    assert network.pick_address([]) is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", [], None),
        ("192.0.2.1", ["198.51.100.7"], "198.51.100.7"),
        ("192.0.2.1", ["203.0.113.1, ::ffff:198.51.100.7"], "198.51.100.7"),
        ("192.0.2.1", ["nonsense"], ""),
        ("192.0.2.1", [""], ""),
        ("10.0.0.1", ["198.51.100.7, 192.0.2.1"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, 192.0.2.1, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["192.0.2.1"], None),
        ("10.0.0.1", ["10.0.0.2"], None),
        (None, ["198.51.100.7"], "198.51.100.7"),
    ],
)
def test_what_a_client_says_of_its_user(peer: str | None, forwarded: list[str], expected: str | None) -> None:
    """The hop before the client's own, whoever wrote it; the proxies we trust stand behind the client."""
    assert network.find_asserted_address(peer, forwarded, ["10.0.0.0/8"]) == expected


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("totp/5", "totp/5"),
    ],
)
def test_source_of(address: str, source: str) -> None:
    """Failures are counted by what one caller has: an address, or an IPv6 line of them."""
    assert network.identify_source(address) == source


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::5", "2001:db8:1::/48"),
        ("::5", "::/48"),
        ("nonsense", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_site_of_an_address(address: str | None, site: str) -> None:
    assert network.name_network(address) == site


@pytest.mark.parametrize(
    ("address", "ranges", "narrow"),
    [
        ("192.0.2.7", ["192.0.2.0/24"], True),
        ("192.0.2.7", ["192.0.2.7"], True),
        ("192.0.2.7", ["192.0.2.0/23"], False),
        ("192.0.2.7", ["0.0.0.0/0", "192.0.2.0/24"], True),
        ("192.0.2.7", ["0.0.0.0/0", "198.51.100.0/24"], False),
        ("2001:db8::7", ["2001:db8::/48"], True),
        ("2001:db8::7", ["2001:db8::/47"], False),
        ("192.0.2.7", [], False),
        (None, ["192.0.2.0/24"], False),
    ],
)
def test_a_range_of_one_site(address: str | None, ranges: list[str], narrow: bool) -> None:
    """No wider than /24, or /48 of IPv6; another narrow entry does not count."""
    assert network.is_in_narrow_range(address, ranges) is narrow


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("2002:808:808::1", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("168.63.129.16", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a83f:8110", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("app.example.com", False),
        ("", False),
    ],
)
def test_what_a_server_may_call(address: str, public: bool) -> None:
    assert network.is_public(address) is public


@given(IPV4)
def test_a_translated_address_is_as_public_as_itself(address: str) -> None:
    number = int(ipaddress.IPv4Address(address))
    translated = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    assert network.is_public(str(translated)) is network.is_public(address)
