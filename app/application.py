"""Flask's application, without what every request or start would pay for and nobody here uses, and with
addresses that stay as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

from flask import Flask
from flask import Request
from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.routing import Rule

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class LazyRule(Rule):
    """A rule that compiles how to build its URL when one is built.

    Werkzeug compiles two functions for each rule at once, half of what it takes to make the application, and
    most are never called. The method is Werkzeug's own affair: should it go, rules compile at once again.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = functools.partial(super()._compile_builder, append_unknown)
        builder: Callable[..., tuple[str, str]] | None = None

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            nonlocal builder
            if builder is None:
                builder = compile_now()
            return builder(rule, **values)

        return build


class Answer(Response):
    """Sends ``Location`` as it was set. Werkzeug would escape brackets in it, make its host small and drop an
    empty query, but a registered redirect URI is kept byte by byte (RFC 6749 3.1.2).
    """

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        location = self.headers.get("Location")
        if location is not None and location.isascii():
            headers["Location"] = location
        return headers


class Application(Flask):
    """Compiles URLs when they are built, and does not ask each function of ours whether it is a coroutine."""

    url_rule_class = LazyRule
    response_class = Answer

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """As Flask, but with a host that cannot even be read: the page that refuses it has links too."""
        try:
            return super().create_url_adapter(request)
        except HTTPException:
            if request is None:
                raise
            return self.url_map.bind_to_environ({**request.environ, "HTTP_HOST": "localhost"})

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: none of this application is asynchronous."""
        return func
