"""Public documents: compressed, with an ETag, and made once."""

from __future__ import annotations

import gzip
import json

import pytest
from flask import Flask

from app import documents
from app.services.tokens import signing_keys
from app.services.unit_of_work import run_in_transaction

DOCUMENTS = [
    "/openapi.json",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth/jwks",
    "/docs/assets/swagger-ui.css",
    "/docs/assets/swagger-ui-bundle.js",
]
GZIP = {"Accept-Encoding": "br, gzip"}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_it_is_compressed_for_whoever_takes_that(app: Flask, path: str) -> None:
    client = app.test_client()
    plain, packed = client.get(path), client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data)
    for answer in (plain, packed):
        assert "accept-encoding" in answer.vary
        assert answer.headers["Cache-Control"].startswith("public, max-age=")
        assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip;q=0"}).headers


@pytest.mark.parametrize("headers", [{}, GZIP])
@pytest.mark.parametrize("path", DOCUMENTS)
def test_whoever_has_it_gets_nothing_more(app: Flask, path: str, headers: dict[str, str]) -> None:
    client = app.test_client()
    first = client.get(path, headers=headers)
    again = client.get(path, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert client.get(path, headers={**headers, "If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
def test_it_is_compressed_once(app: Flask, path: str) -> None:
    client = app.test_client()
    client.get(path)
    made = documents._pack.cache_info().misses
    for _ in range(3):
        assert client.get(path, headers=GZIP).status_code == 200
    assert documents._pack.cache_info().misses == made


def test_what_would_grow_is_not_compressed(app: Flask) -> None:
    answer = app.test_client().get("/docs/assets/favicon-32x32.png", headers=GZIP)
    assert answer.data.startswith(b"\x89PNG")
    assert answer.mimetype == "image/png"


def test_a_new_key_is_a_new_document(app: Flask) -> None:
    client = app.test_client()
    before = client.get("/oauth/jwks")
    with app.app_context():
        run_in_transaction(signing_keys.rotate_keys)
    after = client.get("/oauth/jwks", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert len(json.loads(after.data)["keys"]) == 2 * len(json.loads(before.data)["keys"])
