"""Client authentication methods: which of them serves which kind of client."""

from __future__ import annotations

import pytest

from app.policy import client_methods


@pytest.mark.parametrize("name", [*client_methods.METHOD_NAMES, "client_secret_jwt", "argus", ""])
def test_a_method_fits_one_kind_of_client(name: str) -> None:
    """With a secret or without, never both; an unknown method fits nobody."""
    found = [has for has in (True, False) if client_methods.may_use_method(name, has_secret=has)]
    assert found == {"client_secret_basic": [True], "client_secret_post": [True], "none": [False]}.get(
        name, []
    )
