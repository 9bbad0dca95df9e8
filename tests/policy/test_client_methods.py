"""Client authentication methods: which of them serves which kind of client."""

from __future__ import annotations

import pytest

from app.policy import client_methods


@pytest.mark.parametrize("name", [*client_methods.METHOD_NAMES, "client_secret_jwt", "argus", ""])
def test_a_method_fits_one_kind_of_client(name: str) -> None:
    """With a secret, without, or with a key, never two of them; an unknown method fits nobody."""
    found = [
        kind
        for kind in ("password", "none", "privateKey", "", "x")
        if client_methods.may_use_method(name, kind)
    ]
    assert found == {
        "client_secret_basic": ["password"],
        "client_secret_post": ["password"],
        "none": ["none"],
        "private_key_jwt": ["privateKey"],
    }.get(name, [])
