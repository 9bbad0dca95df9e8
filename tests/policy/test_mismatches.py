"""Which part of an address is told to differ, and that nothing else is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import mismatches
from app.policy import redirects
from app.policy.mismatches import Part

OWN = "https://app.example.com:8443/callback?own=1"
LOOP = "http://127.0.0.1/cb"
TOLD: list[tuple[str, list[str], Part | None]] = [
    ("http://app.example.com:8443/callback?own=1", [OWN], Part.SCHEME),
    ("HTTPS://app.example.com:8443/callback?own=1", [OWN], Part.SCHEME),
    ("https://App.example.com:8443/callback?own=1", [OWN], Part.HOST),
    ("https://u@app.example.com:8443/callback?own=1", [OWN], Part.HOST),
    ("https://app.example.com/callback?own=1", [OWN], Part.PORT),
    ("https://app.example.com:8443/callback/?own=1", [OWN], Part.PATH),
    ("https://app.example.com:8443/callback", [OWN], Part.QUERY),
    ("https://app.example.com:8443/callback?own=1&x", [OWN], Part.QUERY),
    (OWN + "#x", [OWN], Part.FRAGMENT),
    ("https://app.example.com:8443/callback?", ["https://app.example.com:8443/callback"], Part.QUERY),
    ("https://app.example.com:443/", ["https://app.example.com/"], Part.PORT),
    # The nearest is meant, whatever the order.
    ("https://app.example.com:8443/other?own=1", ["https://other.example/x", OWN, "oc:/cb"], Part.PATH),
    ("https://app.example.com:8443/x", [OWN, "https://app.example.com:8443/y?z"], Part.PATH),
    ("http://localhost:5000/cb", [LOOP], Part.HOST),
    ("http://127.0.0.1:5000/other", [LOOP], Part.PATH),
    ("com.example.app:/other", ["com.example.app:/cb", OWN], Part.PATH),
    ("com.example.app:/cb", ["com.example.app://cb"], Part.HOST),
    ("", [OWN], Part.SCHEME),
    ("nonsense", [OWN], Part.SCHEME),
    (OWN, [], None),
    (OWN, [OWN], None),
    (OWN, [LOOP, OWN], Part.SCHEME),
]


@pytest.mark.parametrize(("asked", "registered", "part"), TOLD)
def test_the_part_that_differs(asked: str, registered: list[str], part: Part | None) -> None:
    assert mismatches.find_difference(asked, registered, public_client=True) is part


def test_a_confidential_client_is_told_of_the_port() -> None:
    assert mismatches.find_difference(LOOP.replace("/cb", ":5/cb"), [LOOP], public_client=False) is Part.PORT


@given(st.text(max_size=80), st.lists(st.sampled_from([OWN, LOOP, "oc:", "app.immich:///cb"]), min_size=1),
       st.booleans())  # fmt: skip
def test_whatever_does_not_match_differs_in_a_part(asked: str, registered: list[str], public: bool) -> None:
    told = mismatches.find_difference(asked, registered, public_client=public)
    assert told is not None or redirects.matches(asked, registered, public_client=True)
