"""Functions in sentences for users: first the purpose, then the name."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace

from app.policy.facts import Finding
from app.services.access import directory
from app.web.words.labels import describe_function_with_name


def load_function_words(names: Iterable[str]) -> Mapping[str, str]:
    """Load the words for these functions, by name; nothing for an unknown name. At most one query."""
    asked = set(names)
    return (
        {one.name: describe_function_with_name(one) for one in directory.list_functions_by_name(asked)}
        if asked
        else {}
    )


def add_function_words(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with their functions described in words."""
    words = load_function_words(one.told["function"] for one in findings if "function" in one.told)
    return [
        replace(one, told={**one.told, "function": words[one.told["function"]]})
        if one.told.get("function") in words
        else one
        for one in findings
    ]
