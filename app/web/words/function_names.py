"""Functions as a person is told of them in a sentence: what each is for, then its name."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace

from app.policy.facts import Finding
from app.services.access import directory
from app.web.words.labels import function_words


def words_of(names: Iterable[str]) -> Mapping[str, str]:
    """The words for these functions, by name; none for a name that is not known. One query at most."""
    asked = set(names)
    return {one.name: function_words(one) for one in directory.functions_named(asked)} if asked else {}


def with_words(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, each telling of its function in words."""
    words = words_of(one.told["function"] for one in findings if "function" in one.told)
    return [
        replace(one, told={**one.told, "function": words[one.told["function"]]})
        if one.told.get("function") in words
        else one
        for one in findings
    ]
