"""Names in the OpenAPI document stay when a file moves."""

from __future__ import annotations

from flask import Flask


def test_no_schema_is_named_by_its_module(app: Flask) -> None:
    """Two models of one name get their modules into the public names."""
    schemas = app.test_client().get("/openapi.json").json["components"]["schemas"]
    assert [name for name in schemas if "__" in name] == []
