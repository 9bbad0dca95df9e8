"""The text of a token: what is random in it, and that nothing of it can be changed (rules 12, 20, 21)."""

from __future__ import annotations

import base64

import pytest
from flask import Flask

from app.services.tokens import token_text
from app.services.tokens.token_text import Kind

NAMES = {
    Kind.LOGIN: "alice",
    Kind.ACCESS: "alice@example.com",
    Kind.REFRESH: "alice",
    Kind.CODE: "",
    Kind.DEVICE: "",
}


def minted(kind: Kind) -> str:
    return token_text.mint_token(kind, NAMES[kind], token_text.make_id()).text


@pytest.mark.parametrize("kind", Kind)
def test_what_is_random(app: Flask, kind: Kind) -> None:
    """RFC 6749 10.10: 256 bits that nobody can guess, beside an id of 128; no two are alike."""
    with app.app_context():
        texts = [minted(kind) for _ in range(50)]
    raws = [base64.urlsafe_b64decode(text.rpartition("/")[2]) for text in texts]
    assert {len(raw) for raw in raws} == {token_text.RAW_BYTES}
    assert len({raw[:16] for raw in raws}) == 50
    assert len({raw[21:53] for raw in raws}) == 50


@pytest.mark.parametrize("kind", Kind)
def test_it_is_read_as_what_it_is(app: Flask, kind: Kind) -> None:
    """By its own kind only."""
    with app.app_context():
        text = minted(kind)
        read = token_text.read_token(text, kind)
        assert read is not None
        assert (read.kind, read.name) == (kind, NAMES[kind])
        assert token_text.read_token(text, *(other for other in Kind if other is not kind)) is None


@pytest.mark.parametrize("kind", Kind)
def test_one_changed_bit_makes_it_nothing(app: Flask, kind: Kind) -> None:
    """Id, kind, key, generation, secret, tag: each byte of it, and the name before it."""
    with app.app_context():
        text = minted(kind)
        name, slash, encoded = text.rpartition("/")
        raw = base64.urlsafe_b64decode(encoded)
        for place in range(len(raw)):
            bent = bytearray(raw)
            bent[place] ^= 1
            other = name + slash + base64.urlsafe_b64encode(bytes(bent)).decode()
            assert token_text.read_token(other, *Kind) is None, place
        for other in (text + "A", text[:-1], "x" + text, text.upper(), text + "\n", " " + text):
            assert token_text.read_token(other, *Kind) is None


def test_a_successor_needs_both_the_key_and_the_seed(app: Flask) -> None:
    """Rule 17: the same presented token and the same seed give the same text; another seed another."""
    with app.app_context():
        first = token_text.mint_token(Kind.REFRESH, "alice", token_text.make_id())
        seed, other = b"a" * 32, b"b" * 32
        texts = [
            found.text
            for kind, with_seed in (
                (Kind.REFRESH, seed), (Kind.REFRESH, seed), (Kind.REFRESH, other), (Kind.ACCESS, seed)
            )
            if (found := token_text.derive_successor(first, kind, with_seed, first.key_id)) is not None
        ]  # fmt: skip
    assert len(texts) == 4
    assert texts[0] == texts[1]
    assert len({text.rpartition("/")[2][28:71] for text in texts}) == 3
