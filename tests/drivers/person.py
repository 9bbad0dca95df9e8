"""A person with a browser: follows forms as they are on the page, keeps cookies, runs no script."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.world import PASSWORD


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "form":
            self.forms.append({"action": held.get("action") or "", "fields": {}})
        elif tag == "input" and self.forms and held.get("name") and held.get("type") not in ("submit",):
            self.forms[-1]["fields"][held["name"]] = held.get("value") or ""
        elif tag == "textarea" and self.forms and held.get("name"):
            self.forms[-1]["fields"][held["name"]] = ""


class Person:
    """Drives the pages through Flask's test client."""

    def __init__(self, app: Flask, name: str = "alice", password: str = PASSWORD) -> None:
        self.app = app
        self.name = name
        self.password = password
        self.browser = app.test_client()

    def visits(self, url: str) -> TestResponse:
        return self.browser.get(url)

    def logs_in(self, at: str = "/login") -> TestResponse:
        """Fill in the login form at this address and send it."""
        page = self.visits(at)
        return self.submits(page, at, username=self.name, password=self.password)

    def submits(self, page: TestResponse, at: str, *, form: int | None = None, **fields: str) -> TestResponse:
        """Send a form of a page with these fields filled in; the last form that has them, unless told."""
        found = _Forms()
        found.feed(page.get_data(as_text=True))
        choices = [
            f for f in found.forms if form is not None or set(fields) - {"decision"} <= set(f["fields"])
        ]
        chosen = found.forms[form] if form is not None else choices[-1]
        return self.browser.post(chosen["action"] or at, data={**chosen["fields"], **fields})

    def approves(self, url: str) -> str:
        """Go through login and consent as needed; returns where the browser is sent at the end."""
        return self._answers(url, "approve")

    def denies(self, url: str) -> str:
        return self._answers(url, "deny")

    def logs_out(self) -> TestResponse:
        page = self.visits("/logout")
        return self.submits(page, "/logout", form=-1)

    def _answers(self, url: str, decision: str) -> str:
        page = self.visits(url)
        for _ in range(6):
            if page.status_code in (302, 303, 307):
                target = page.headers["Location"]
                own = urlsplit(self.browser.get("/healthz").request.url).netloc
                # An app's address has a scheme and may have no host.
                if urlsplit(target).scheme not in ("", "http") or urlsplit(target).netloc not in ("", own):
                    return target
                page, url = self.visits(target), target
            elif b'name="password"' in page.data:
                page = self.submits(page, url, username=self.name, password=self.password)
            elif b'name="transaction"' in page.data:
                page = self.submits(page, url, decision=decision, transaction=_transaction(page))
            else:
                raise AssertionError(f"stopped at {page.status_code}: {page.get_data(as_text=True)[:2000]}")
        raise AssertionError("the browser goes round in circles")


def forms(html: str) -> list[tuple[str, dict[str, str]]]:
    """Action and fields of every form of a page."""
    found = _Forms()
    found.feed(html)
    return [(form["action"], form["fields"]) for form in found.forms]


def first_form(html: str, fields: set[str]) -> tuple[str, dict[str, str]]:
    """Action and fields of the last form of a page that has these fields (or a transaction, or a token)."""
    choices = [form for form in forms(html) if fields <= set(form[1])]
    with_transaction = [form for form in choices if "transaction" in form[1]]
    return (with_transaction or choices)[-1]


def _transaction(page: TestResponse) -> str:
    found = _Forms()
    found.feed(page.get_data(as_text=True))
    return next(f["fields"]["transaction"] for f in found.forms if "transaction" in f["fields"])
