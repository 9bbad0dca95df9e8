"""The text of a step-up token: only what this server signed, for this purpose, is read; nothing raises."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

import pytest
from flask import Flask
from joserfc import jws
from joserfc.jwk import OctKey

from app.services.tokens import stepup_text
from app.services.tokens.keyring import keyring

HEADER = {"alg": "HS256", "kid": "1", "typ": "argus-step-up"}


def part(told: Any) -> str:
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.fixture
def key(app: Flask) -> OctKey:
    """The key of step-up tokens, to sign what the server would not."""
    with app.app_context():
        return OctKey.import_key(keyring().derive("step-up", keyring().order[0]) or b"")


def test_there_and_back(app: Flask) -> None:
    with app.app_context():
        row_id = secrets.token_bytes(16)
        one, other = stepup_text.mint(row_id), stepup_text.mint(row_id)
        assert one != other
        assert stepup_text.read(one) == stepup_text.read(other) == row_id
        assert stepup_text.read(one + "A" * stepup_text.MOST_CHARACTERS) is None


@pytest.mark.parametrize(
    "header",
    [
        {}, [], ["alg"], ["alg", "crit"], "alg", 5, None, b"\xff", b"[" * 300,
        {"alg": "none"}, {"alg": None}, {"alg": ["HS256"]}, {"alg": {}}, {"alg": "RS256", "kid": "1"},
        HEADER | {"kid": "99"}, HEADER | {"kid": 1}, HEADER | {"kid": ["1"]}, HEADER | {"crit": ["x"]},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("rest", ["", ".", "..", ".e30.", ".e30.AA", ".%%.%%", ".e30.AA.AA"])
def test_what_was_not_signed(app: Flask, header: Any, rest: str) -> None:
    """Headers of any shape, signatures of nobody."""
    with app.app_context():
        assert stepup_text.read(part(header) + rest) is None


@pytest.mark.parametrize(
    "header", [HEADER | {"typ": "JWT"}, HEADER | {"alg": "HS512"}, {"alg": "HS256", "kid": "1"}]
)
def test_what_was_signed_for_something_else(app: Flask, key: OctKey, header: dict[str, str]) -> None:
    """Our key is not enough: type and algorithm must be those of a step-up token."""
    row_id = secrets.token_bytes(16)
    algorithms = ["HS256", "HS512"]
    with app.app_context():
        assert stepup_text.read(jws.serialize_compact(HEADER, row_id, key, algorithms)) == row_id
        assert stepup_text.read(jws.serialize_compact(header, row_id, key, algorithms)) is None
