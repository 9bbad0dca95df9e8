"""Git keeps the pictures that the documents show, and no others."""

from __future__ import annotations

from tests.browser.pictures import MOST_BYTES
from tests.browser.pictures import SHOWN
from tests.browser.pictures import named


def test_the_pictures_are_those_that_are_shown() -> None:
    """`make screenshots pictures` makes them anew."""
    assert {path.name for path in SHOWN.iterdir()} == named()
    assert len(named()) == 8
    for path in SHOWN.iterdir():
        assert path.stat().st_size < MOST_BYTES, path.name
