"""``docs/security.md``: each test it names is there, and each row has a test or says why it has none."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.house.architecture import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
STATES = ("met", "in part", "not met", "not applicable")
REASON = re.compile(r"^not (met|applicable)( for \w+)?: ")
# How many requirements each section of ASVS 5.0 has.
SECTIONS = {
    "6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.5": 8, "6.6": 4, "6.7": 2, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2,
    "8.1": 4, "8.2": 4, "8.3": 3, "8.4": 2,
    "10.1": 2, "10.2": 3, "10.3": 5, "10.4": 16, "10.5": 5, "10.6": 2, "10.7": 3,
}  # fmt: skip
Row = tuple[str, ...]


def part(title: str) -> str:
    """The text under a heading of the second level."""
    (found,) = re.findall(rf"(?ms)^## {re.escape(title)}[^\n]*\n(.*?)(?=^## |\Z)", TEXT)
    return str(found)


def rows(title: str, columns: int) -> list[Row]:
    """The rows of its tables whose last column is tests, by their number of columns."""
    found, of_tests = [], False
    for line in part(title).splitlines():
        if not line.startswith("|"):
            continue
        row = tuple(cell.strip() for cell in line.removeprefix("|").removesuffix("|").split(" | "))
        if row[-1] == "shown by":
            of_tests = len(row) == columns
        elif set(line) <= set("|- "):
            continue
        elif len(row) != columns:
            of_tests = False
        elif of_tests:
            found.append(row)
    return found


RULES = rows("The rules", 3)
PRACTICE = rows("RFC 9700", 5)
REQUIREMENTS = rows("OWASP ASVS 5.0", 5)


@cache
def names_in(path: str) -> frozenset[str]:
    """Every test function of a file, read and not run."""
    file = ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, kinds))


@pytest.mark.parametrize("path", sorted({path for path, _ in TEST.findall(TEXT)}))
def test_each_test_it_names_is_there(path: str) -> None:
    named = {name for file, name in TEST.findall(TEXT) if file == path}
    assert named - names_in(path) == set()
    assert not Path(path).is_absolute()


def test_a_cell_of_tests_holds_nothing_else() -> None:
    """A name that is misspelt is not simply read over."""
    for row in (*RULES, *PRACTICE, *REQUIREMENTS):
        left = TEST.sub("", row[-1]).replace("<br>", "")
        assert left == "", row


def test_each_rule_is_shown() -> None:
    """Eighty, each once, each by a test."""
    assert [row[0] for row in RULES] == [str(n) for n in range(1, 81)]
    assert [row[0] for row in RULES if not TEST.search(row[-1])] == []


def test_each_practice_is_shown_or_answered() -> None:
    """What is not met says why, beside what shows the rest."""
    assert len(PRACTICE) > 30
    for _section, word, _asked, done, shown in PRACTICE:
        assert re.match(r"(MUST|SHOULD|RECOMMENDED|REQUIRED|encouraged)", word)
        assert TEST.search(shown) or REASON.match(done), done


def test_each_requirement_is_answered() -> None:
    """All of the four chapters, each once; met means shown, anything else says why."""
    wanted = [f"{section}.{n}" for section, count in SECTIONS.items() for n in range(1, count + 1)]
    assert sorted(row[0] for row in REQUIREMENTS) == sorted(wanted)
    for number, level, state, reason, shown in REQUIREMENTS:
        assert level in ("1", "2", "3"), number
        assert state in STATES, number
        assert len(reason) > 10, number
        assert state not in ("met", "in part") or TEST.search(shown), number
