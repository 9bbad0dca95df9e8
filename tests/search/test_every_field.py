"""Each list, by each field that it can be searched by: the set that the contract describes, computed apart.

Every field is then excluded, required, joined by OR and put beside another: a row without a value is neither
lost nor gained. ``helen`` sees ``group`` and what is below it, and finds nothing else by any field.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.search.fields import LISTS
from tests.search.fields import Listing
from tests.search.world import build
from tests.world import World

WITHOUT_INCLUDE_DELETED = {"clients", "basic functions"}


class Searcher:
    """helen, at one list."""

    def __init__(self, helen: ApiCaller, listing: Listing) -> None:
        self.helen, self.listing = helen, listing

    def post(self, **criteria: Any) -> set[Any]:
        return self._ids(self.helen.post(f"{self.listing.path}/search", {"limit": 0, **criteria}))

    def get(self, criteria: Mapping[str, Any]) -> set[Any]:
        query = {self.listing.renamed.get(name, name): value for name, value in criteria.items()}
        return self._ids(self.helen.get(self.listing.path, query_string={"limit": 0, **query}))

    def _ids(self, answer: Any) -> set[Any]:
        assert answer.status_code == 200, answer.data
        found = [one["id"] for one in answer.json["data"]]
        assert len(found) == len(set(found)) == answer.json["count"]
        return set(found)


@pytest.mark.parametrize("name", LISTS)
def test_every_field_of_a_list(app: Flask, admin: ApiCaller, name: str) -> None:
    """Alone by POST and GET, excluded, required, as one of two, beside another, and with what is hidden."""
    facts, listing = build(app, admin), LISTS[name]
    who = Searcher(ApiCaller(app, World(app).api_key("helen")), listing)
    rows = listing.rows(facts)
    shown = {one.id for one in rows if not listing.hides(facts, one)}
    assert shown
    assert who.post() == who.get({}) == shown
    expected = {}
    for title, (criteria, matches) in listing.fields.items():
        every = {one.id for one in rows if matches(facts, one)}
        expected[title] = found = every & shown
        assert who.post(**criteria) == found, title
        if title not in listing.post_only:
            assert who.get(criteria) == found, f"{title} by GET"
        assert who.post(subCriteria=[{**criteria, "exclude": True}]) == shown - found, f"not {title}"
        assert who.post(subCriteria=[{**criteria, "required": True}]) == found, f"required {title}"
        if name not in WITHOUT_INCLUDE_DELETED:
            assert who.post(**criteria, includeDeleted=True) == every, f"{title} with deleted ones"
            assert who.post(subCriteria=[{**criteria, "includeDeleted": True}]) == every, (
                f"sub {title}, deleted"
            )
    for (one, (first, _)), (other, (second, _)) in pairwise(listing.fields.items()):
        either = [{**first, "sortBy": ["id"]}, second]
        assert who.post(subCriteria=either) == expected[one] | expected[other], f"{one} or {other}"
        both = {"subCriteria": [{**second, "required": True}]}
        assert who.post(**first, **both) == expected[one] & expected[other], f"{one} and {other}"
    assert any(shown - found and found for found in expected.values())
