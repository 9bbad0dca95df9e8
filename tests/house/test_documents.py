"""The documents point to files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.architecture import ROOT

DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(path for path in ROOT.glob("docs/**/*.md") if "node_modules" not in path.parts),
]
TOP = "app|bench|docs|migrations|tests|theme"
# A path in a code span, from the top; a function or a pattern may follow it.
NAMED = re.compile(rf"`((?:{TOP})/[\w./-]*|\w+\.(?:cfg|toml|py)|Makefile)(?=[`: ])")
LINKED = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
# What an operator or a contributor makes.
MADE = {"theme/", "theme/theme.toml"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_it_names_is_there(document: Path) -> None:
    """Each path from the top of the tree, each link, and each bare file name somewhere in the tree."""
    text = document.read_text(encoding="utf-8")
    named = [name for name in NAMED.findall(text) if name not in MADE]
    missing = [name for name in named if not _is_there(name)]
    missing += [link for link in LINKED.findall(text) if not (document.parent / link).exists()]
    assert missing == []


def _is_there(name: str) -> bool:
    if "/" in name or (ROOT / name).exists():
        return (ROOT / name).exists()
    return any(ROOT.glob(f"tests/**/{name}")) or any(ROOT.glob(f"app/**/{name}"))


def test_the_architecture_answers_many_questions() -> None:
    """The table is found by the test above: it is not empty, and its files are."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.fullmatch(r"\| [^|]+ \| `(?:app|docs)/[^|]+ \|", line)]
    assert len(rows) >= 15


def test_the_glossary_is_short() -> None:
    """What is long is not read."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 25
