"""URL rules that are ready when they are needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule that compiles how to build its URL when one is built.

    Werkzeug compiles two functions for each rule at once. That was a quarter of a second at every start, and
    most are never called.
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
