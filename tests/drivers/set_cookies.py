"""Watches every ``Set-Cookie`` of an application under test: it is in the table, with exactly its flags."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any

from flask import Flask

from app import clock
from app import cookies
from app.config import Settings


class Watch:
    """Around an application. ``seen``: the name of each cookie, and whether it was set or cleared."""

    def __init__(self, app: Flask) -> None:
        self.settings: Settings = app.extensions["argus"]["settings"]
        self.inner = app.wsgi_app
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            for name, value in headers:
                if name.lower() == "set-cookie":
                    self.judge(value)
            return start_response(status, headers, *more)

        return self.inner(environ, start)

    def judge(self, line: str) -> None:
        """Refuse a cookie that is in no table, or has other flags than the table says."""
        given, *rest = [part.strip() for part in line.split(";")]
        flags = {name.lower(): value for name, _, value in (part.partition("=") for part in rest)}
        name, _, value = given.partition("=")
        known = {cookie.name_under(self.settings): cookie for cookie in cookies.ALL}
        assert name in known, f"not in app/cookies.py: {line}"
        cookie, expires = known[name], flags.pop("expires", None)
        cleared = value == "" and flags.pop("max-age", "0") == "0"
        if cleared:
            assert expires is not None, line
            assert parsedate_to_datetime(expires) < clock.now(), line
        else:
            age = flags.pop("max-age", None)
            lifetime = cookie.lifetime
            assert age == (str(int(lifetime.total_seconds())) if lifetime is not None else None), line
            assert lifetime is not None or expires is None, line
        wanted = {"path": cookie.path, "samesite": cookie.same_site}
        wanted |= {"httponly": ""} if cookie.http_only else {}
        wanted |= {"secure": ""} if self.settings.is_https else {}
        assert flags == wanted, line
        self.seen.add((cookie.name, "cleared" if cleared else "set"))


def watch(app: Flask) -> Watch:
    """Put a watch around an application."""
    found = Watch(app)
    app.wsgi_app = found  # type: ignore[method-assign]
    return found
