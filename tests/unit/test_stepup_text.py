"""The text of a step-up token: ours is read, anything else is nothing, and nothing raises (rule 42)."""

from __future__ import annotations

import base64
import json

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from app.services.tokens import stepup_text

ID = bytes(range(16))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HEADER = JSON | st.fixed_dictionaries(
    {}, optional={name: JSON | st.just("HS256") for name in ("alg", "kid", "typ", "crit", "b64", "jwk")}
)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_ours(app: Flask) -> None:
    with app.app_context():
        text = stepup_text.mint(ID)
        assert text.count(".") == 2
        assert stepup_text.read(text) == ID
        assert stepup_text.mint(ID) != text


@pytest.mark.parametrize("part", [0, 1, 2])
def test_bent(app: Flask, part: int) -> None:
    with app.app_context():
        parts = stepup_text.mint(ID).split(".")
        parts[part] = ("B" if parts[part][0] == "A" else "A") + parts[part][1:]
        assert stepup_text.read(".".join(parts)) is None


def test_a_deep_header(app: Flask) -> None:
    with app.app_context():
        assert stepup_text.read(encoded(b"[" * 3000) + ".AA.AA") is None
        assert stepup_text.read("A" * 5000) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=HEADER, rest=st.text(alphabet="AZaz09-_.", max_size=40))
def test_foreign(app: Flask, header: object, rest: str) -> None:
    with app.app_context():
        assert stepup_text.read(f"{encoded(json.dumps(header).encode())}.{rest}") is None
