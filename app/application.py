"""Flask's application, without what every request or start would pay for and nobody here uses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import Rule


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


class Application(Flask):
    """Compiles URLs when they are built, and does not ask each function of ours whether it is a coroutine."""

    url_rule_class = LazyRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: none of this application is asynchronous."""
        return func
