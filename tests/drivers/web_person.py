"""A person with a browser over real sockets: forms as they are on the page, cookies, no script."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from tests.drivers.person import first_form
from tests.drivers.person import forms


class WebPerson:
    """One browser, logged in when a page asks for it."""

    def __init__(self, base: str, name: str, password: str) -> None:
        self.base = base
        self.name = name
        self.password = password
        self.browser = requests.Session()

    def approves(self, url: str) -> str:
        """Go through login and consent as needed; the address at the client where the browser is sent."""
        return self._walks(url, decision="approve")

    def denies(self, url: str) -> str:
        """As ``approves``, pressing the other button."""
        return self._walks(url, decision="deny")

    def logs_in(self) -> requests.Response:
        page = self._get(self.base + "/login")
        return self._submits(page, username=self.name, password=self.password)

    def logs_out(self) -> requests.Response:
        return self._submits(self._get(self.base + "/logout"))

    def withdraws(self) -> requests.Response:
        """Withdraw the first consent on the home page."""
        page = self._get(self.base + "/")
        action, hidden = next(form for form in forms(page.text) if "withdraw" in form[0])
        return self.browser.post(self.base + action, data=hidden, allow_redirects=False, timeout=30)

    def _walks(self, url: str, *, decision: str) -> str:
        page = self._get(url)
        for _ in range(8):
            if page.is_redirect:
                target = requests.compat.urljoin(page.url, page.headers["Location"])
                if urlsplit(target).netloc != urlsplit(self.base).netloc:
                    return str(target)
                page = self._get(target)
            elif 'name="password"' in page.text:
                page = self._submits(page, username=self.name, password=self.password)
            elif 'name="transaction"' in page.text:
                page = self._submits(page, decision=decision)
            else:
                raise AssertionError(f"stopped at {page.status_code}: {page.text[:2000]}")
        raise AssertionError("the browser goes round in circles")

    def _get(self, url: str) -> requests.Response:
        return self.browser.get(url, allow_redirects=False, timeout=30)

    def _submits(self, page: requests.Response, **fields: str) -> requests.Response:
        action, hidden = first_form(page.text, set(fields) - {"decision"})
        url = self.base + action if action else page.url
        answer = self.browser.post(url, data={**hidden, **fields}, allow_redirects=False, timeout=30)
        assert answer.status_code < 400, answer.text
        return answer
