"""The architecture page: its picture is today's, and what it points to is there."""

from __future__ import annotations

from tests.house import architecture

REPAIR = "run `make architecture` and commit docs/architecture.svg"


def test_the_picture_is_todays() -> None:
    """Drawn from the imports and the contracts, it cannot drift."""
    assert architecture.PICTURE.read_text(encoding="utf-8") == architecture.draw(), REPAIR


def test_each_part_says_what_it_is_for() -> None:
    """A part that nobody described cannot be drawn: describe it in ``PURPOSES``."""
    assert {part.module for part in architecture.parts()} - architecture.PURPOSES.keys() == set()


def test_imports_point_down() -> None:
    """What the picture claims: in its order of rows, no part imports one above it."""
    found = architecture.parts()
    pairs = architecture.imports(found)
    rows = [part.module for part in architecture.in_order(found, pairs)]
    assert len(pairs) > 100
    assert [pair for pair in sorted(pairs) if rows.index(pair[0]) > rows.index(pair[1])] == []
