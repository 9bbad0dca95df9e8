"""Finds every page a person can reach by following links, as a browser would, and keeps each page's forms."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from dataclasses import field
from html.parser import HTMLParser
from urllib.parse import urljoin
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.drivers.person import Person

MOST_PAGES = 400
# Pages of one kind look alike: so many of each are looked at.
MOST_OF_A_KIND = 3
# Not pages of these, or the same pages in another language.
OTHERS = ("/static/", "/theme", "/docs", "/language/")


@dataclass
class Form:
    """A form as it is on a page: where it goes, how, and the names and values it would send."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """A page as it was answered."""

    path: str
    endpoint: str
    response: TestResponse
    html: str
    links: list[str]
    forms: list[Form]


class Crawl:
    """Everything one person sees from these addresses on. Nothing is sent, only followed.

    ``leading_on``: endpoints that answered with a redirect, which was followed.
    """

    def __init__(self, app: Flask, person: Person, *starts: str) -> None:
        self.app = app
        self.person = person
        self.pages: list[Seen] = []
        self.leading_on: set[str] = set()
        waiting, known, kinds = list(starts), set(starts), dict[str, int]()
        while waiting and len(self.pages) < MOST_PAGES:
            path = waiting.pop(0)
            endpoint = self._endpoint(path)
            kinds[endpoint] = kinds.get(endpoint, 0) + 1
            if not endpoint or kinds[endpoint] > MOST_OF_A_KIND:
                continue
            response = person.visits(path)
            if response.is_json or response.mimetype != "text/html":
                continue
            if response.status_code in (302, 303):
                self.leading_on.add(endpoint)
                found = [response.headers["Location"]]
            else:
                found = self.looks_at(path, response).links
            for link in found:
                target = urljoin("http://localhost" + path, link).split("#")[0]
                if urlsplit(target).netloc == "localhost":
                    inside = target.removeprefix("http://localhost")
                    if inside not in known and not inside.startswith(OTHERS):
                        known.add(inside)
                        waiting.append(inside)

    def looks_at(self, path: str, response: TestResponse) -> Seen:
        """Take a page in that was answered."""
        page = looked_at(path, self._endpoint(path), response)
        self.pages.append(page)
        return page

    @property
    def endpoints(self) -> set[str]:
        return {page.endpoint for page in self.pages}

    @property
    def forms(self) -> list[tuple[Seen, Form]]:
        """Every form that sends, once for each address it sends to."""
        found = {(page.endpoint, form.action): (page, form) for page in self.pages for form in page.forms}
        return [pair for pair in found.values() if pair[1].method == "post"]

    def _endpoint(self, path: str) -> str:
        adapter = self.app.url_map.bind("localhost")
        try:
            return str(adapter.match(urlsplit(path).path, method="GET")[0])
        except Exception:
            return ""


def looked_at(path: str, endpoint: str, response: TestResponse) -> Seen:
    """A page taken apart."""
    html = response.get_data(as_text=True)
    parser = _Page()
    parser.feed(html)
    return Seen(path, endpoint, response, html, parser.links, parser.forms)


def weight(browser: FlaskClient, page: Seen) -> int:
    """Bytes of a page with its style, scripts and pictures, uncompressed."""
    total = len(page.response.data)
    for part in set(re.findall(r'(?:src|href)="(/static/[^"]+|/theme[^"]*)"', page.html)):
        with closing(browser.get(part)) as answer:
            total += len(answer.data)
    return total


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        if tag == "a" and held.get("href") and re.match(r"https?:|/|\?|[a-z]", held["href"]):
            self.links.append(held["href"])
        elif tag == "form":
            self.forms.append(Form(held.get("method", "get").lower(), held.get("action", "")))
        elif tag in ("input", "textarea", "select", "button") and self.forms and held.get("name"):
            self.forms[-1].fields.setdefault(held["name"], held.get("value", ""))
