"""Health: anybody may ask, as often as they like."""

from __future__ import annotations

from flask import Flask

from app.services.ops import versions
from tests.fixtures import Counter


def test_readiness_is_cheap(app: Flask, queries: Counter) -> None:
    """Each call read every migration, which took 58 ms."""
    client = app.test_client()
    assert client.get("/readyz").json["status"] == "ready"
    read = versions.find_head.cache_info().misses
    queries.reset()
    for _ in range(3):
        assert client.get("/readyz").status_code == 200
    assert versions.find_head.cache_info().misses == read == 1
    assert len(queries.statements) <= 3 * 4
