"""Server time, queries and weight of every page that can be reached by links."""

from __future__ import annotations

from flask import Flask

from bench.measure import Row
from bench.measure import measured
from tests.drivers.person import Person
from tests.web.crawler import Crawl
from tests.web.crawler import weight

ROUNDS = 40
STARTS = ("/", "/account/", "/console/", "/account/password", "/logout", "/login")


def pages(app: Flask, person: Person, counter: list[str]) -> list[Row]:
    """One row for each kind of page, as the administrator sees it."""
    person.logs_in()
    browser = app.test_client()
    found = {page.endpoint: page for page in reversed(Crawl(app, person, *STARTS).pages)}
    return [
        measured(
            endpoint,
            lambda path=page.path: person.visits(path),  # type: ignore[misc]
            counter,
            ROUNDS,
            weight(browser, page) / 1000,
        )
        for endpoint, page in sorted(found.items())
    ]
