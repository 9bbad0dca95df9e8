"""Every route with every kind of wrong request, by everybody (design decision 18).

No 5xx, no status that the document does not name, no stack trace, and each error in the form of its place.
A failure tells the seed; ``ARGUS_TEST_TORTURE_SEED`` makes the same requests again.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.api.test_credentials import csrf
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import Template
from tests.torture import state
from tests.torture.fuzz import Fuzzer
from tests.torture.fuzz import Shot
from tests.torture.scale import IS_FULL
from tests.torture.scale import figure
from tests.torture.use_cases import API
from tests.web.crawler import Crawl
from tests.world import World

# So many requests until everything is as at the beginning: a deleted administrator tries nothing out.
STAINED_AFTER = 200
API_ROOTS = ("/authentication/", "/currentuser/", "/users/", "/useradmin/", "/customers/", "/customeradmin/")
OAUTH = re.compile(
    r"/authentication/v1/oauth/(token|userinfo|par|device)|/oauth/(token|introspect|revoke|userinfo|par|device)"
)
TRACES = re.compile(
    r"Traceback \(most|site-packages|\.py\", line|sqlalchemy|psycopg|sqlite3\.|werkzeug|pydantic_core"
)
MESSAGE = {"type", "message", "messageTemplate", "field", "parameter"}


@dataclass
class Somebody:
    """Who sends, and with what."""

    name: str
    headers: dict[str, str]
    session_key: str = ""

    def credentials(self, path: str) -> dict[str, str]:
        """The headers for a call of this path."""
        signed = (
            {"Argus-Csrf-Token": csrf(self.session_key, f"http://localhost{path}")}
            if self.session_key
            else {}
        )
        return self.headers | signed


class Range:
    """An application with everybody in it, and what they can name."""

    def __init__(self, template: Template, world: World, engine: Engine, seed: int) -> None:
        self.app: Flask = template.app
        self.engine, self.seed = engine, seed
        self.template = template
        client = world.client()
        rp = RelyingParty(self.app, client)
        alice = Person(self.app, "alice")
        tokens = rp.obtains(alice)
        admin = Person(self.app, "admin", template.secrets.password)
        admin.logs_in()
        self.people = [
            Somebody("anonymous", {}),
            Somebody("administrator's key", {"Argus-API-Key": template.secrets.api_key}),
            Somebody("administrator's key", {"Argus-API-Key": template.secrets.api_key}),
            Somebody("user's key", {"Argus-API-Key": world.api_key("alice")}),
            Somebody("application", {"Authorization": f"Bearer {tokens['access_token']}"}),
            self._browser("administrator", admin),
            self._browser("user", alice),
        ]
        known = [
            "alice",
            "admin",
            "acme",
            "root",
            "group",
            "app",
            "useApp",
            "APP-ROLE",
            "ALL-FUNCTIONS",
            "1",
            "2",
            "3",
        ]
        known += [client, tokens["access_token"], tokens["refresh_token"], rp.sends(alice)["code"]]
        forms = dict[str, dict[str, str]]()
        for _, form in Crawl(self.app, admin, "/", "/account/security", "/console/").forms:
            forms.setdefault(self._endpoint(form.action), {}).update(form.fields)
        document = self.app.test_client().get("/openapi.json").json
        self.document = document
        self.fuzzer = Fuzzer(seed, self.app.url_map, document, known, forms)
        self.rows = state.read(self.engine)

    def _browser(self, name: str, person: Person) -> Somebody:
        cookies = {c.key: c.value for c in person.browser._cookies.values()}
        held = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())}
        bearer = {"Authorization": f"Bearer {cookies['argus_session']}"}
        told = self.app.test_client().get(f"{API}/session", headers=bearer)
        assert told.status_code == 200, told.text
        return Somebody(name, held, told.json["data"]["sessionKey"])

    def _endpoint(self, path: str) -> str:
        try:
            return str(self.app.url_map.bind("localhost").match(path.partition("?")[0], method="POST")[0])
        except Exception:
            return ""

    def cleans(self) -> None:
        kept = self.app.extensions["argus"]
        for factory in [key for key in kept if key != "settings"]:
            del kept[factory]
        state.restore(self.engine, self.rows)

    def shoots(self) -> tuple[Somebody, Shot, TestResponse]:
        who = self.fuzzer.random.choice(self.people)
        shot = self.fuzzer.make(who.headers)
        if who.session_key:
            shot.headers += [h for h in who.credentials(shot.path).items() if h[0] not in who.headers]
        return who, shot, self.sends(shot)

    def sends(self, shot: Shot) -> TestResponse:
        return self.app.test_client(use_cookies=False).open(
            shot.path, method=shot.method, query_string=shot.query, data=shot.body, headers=shot.headers
        )


def judge(shot: Shot, answer: TestResponse, document: Any) -> Iterator[str]:
    """What is wrong with this answer."""
    status, text = answer.status_code, answer.get_data(as_text=True)
    if status >= 500:
        yield f"answered {status}"
    if TRACES.search(text):
        yield f"tells its insides: {text[:300]}"
    if shot.operation is not None and not _is_before_all(shot, status):
        path, method = shot.operation
        told = document["paths"][path][method]["responses"]
        if str(status) not in told and f"{status // 100}XX" not in told and "default" not in told:
            yield f"answered {status}, documented are {sorted(told)}"
    if status >= 400 and shot.method != "HEAD":
        yield from _judge_form(shot.path, status, answer, text)


def _is_before_all(shot: Shot, status: int) -> bool:
    """No operation was reached: it is another method, or a name of this server that redirects to its own."""
    return status == 405 or (status == 307 and any(name == "Host" for name, _ in shot.headers))


def _judge_form(path: str, status: int, answer: TestResponse, text: str) -> Iterator[str]:
    if OAUTH.match(path):
        # RFC 6750 3.1: of a call without a token the challenge says all.
        if status == 401 and answer.json == {} and "error" not in answer.headers["WWW-Authenticate"]:
            return
        if not answer.is_json or not isinstance(answer.json.get("error"), str):
            yield f"{status} is no OAuth error: {text[:200]}"
    elif path.startswith(API_ROOTS):
        told = answer.json if answer.is_json else {}
        good = told.get("responseCode") == status and all(
            one.keys() >= MESSAGE for one in told.get("messages", ())
        )
        if not good or not told["messages"]:
            yield f"{status} is no envelope: {text[:200]}"
    elif not answer.is_json and answer.mimetype not in ("text/html", "text/plain"):
        yield f"{status} is {answer.mimetype}: {text[:200]}"


@pytest.fixture
def range_(template: Template, world: World, settings: Any) -> Iterator[Range]:
    settings(throttle_login_failures=10_000, throttle_client_failures=10_000)
    # In each run the same requests: what is found by chance is found by ``make torture``.
    chance = random.SystemRandom().randrange(2**32) if IS_FULL else 1
    seed = int(os.environ.get("ARGUS_TEST_TORTURE_SEED", chance))
    with state.connected_as(template.app) as engine:
        yield Range(template, world, engine, seed)


def test_no_request_breaks_anything(range_: Range) -> None:
    problems, statuses = Counter[str](), Counter[int]()
    reached = set[str]()
    examples: dict[str, str] = {}
    for number in range(figure("shots")):
        if number % STAINED_AFTER == 0:
            range_.cleans()
        who, shot, answer = range_.shoots()
        statuses[answer.status_code] += 1
        reached.add(shot.endpoint)
        for line in judge(shot, answer, range_.document):
            kind = f"{shot.operation or re.sub('[^a-z/]+', '*', shot.path)}: {line}"
            problems[kind] += 1
            examples.setdefault(kind, f"{who.name}: {shot}")
    print(f"seed {range_.seed}:", dict(sorted(statuses.items())))  # noqa: T201 - the figures of this run
    told = "\n".join(f"{count} x {kind}\n    {examples[kind]}" for kind, count in problems.most_common(30))
    assert not problems, f"seed {range_.seed}, {len(problems)} kinds:\n{told}"
    # Not only refused at the door: everything has been reached.
    assert statuses[200] > figure("shots") // 50
    assert not IS_FULL or range_.fuzzer.endpoints <= reached
