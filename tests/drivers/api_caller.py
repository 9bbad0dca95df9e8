"""A caller of the JSON API, by key."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse


class ApiCaller:
    """Calls with one API key, from one address."""

    def __init__(self, app: Flask, key: str | None, *, address: str = "127.0.0.1") -> None:
        self.app = app
        self.key = key
        self.address = address

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        headers = {"Argus-API-Key": self.key} if self.key is not None else {}
        headers.update(options.pop("headers", {}))
        if body is not None:
            options["json"] = body
        return self.app.test_client().open(
            path, method=method, headers=headers, environ_overrides={"REMOTE_ADDR": self.address}, **options
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)
