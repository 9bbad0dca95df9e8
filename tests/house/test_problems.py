"""Every expected problem says how it is answered, by its class, and a subclass answers as its parent does."""

from __future__ import annotations

import ast

import pytest
from flask import Flask

from app.services.problems import Conflict
from app.services.problems import Missing
from app.services.problems import Problem
from app.services.problems import Throttled
from app.services.problems import Unavailable
from app.web.words.problems import WORDS
from app.web.words.problems import find_words
from tests.house.catalogue import APP
from tests.house.catalogue import all_problems

PROBLEMS = all_problems()
# Where a problem becomes an answer: the envelope, the page, and what the protocol itself wants otherwise.
RENDERED_IN = {
    "api/errors.py": {"Problem"},
    # 412 with the reason as data too (contract 3.5).
    "api/authentication/password.py": {"PasswordRefused"},
    # RFC 6749 5.2 and 6750 3.1, not the envelope.
    "oauth/routes.py": {"NonceNeeded", "Throttled", "Unavailable"},
    "web/problems.py": {"Problem", "Denied", "Invalid", "Throttled"},
    # A page of its own, also for what the database driver raises.
    "web/errors.py": {"Unavailable"},
}


class NoSuchClient(Missing):
    """A class that nobody has registered."""


class Outrun(Conflict):
    """Another."""


def test_all_are_walked() -> None:
    """The walk reaches every layer that defines one."""
    layers = {problem.__module__.split(".")[1] for problem in PROBLEMS}
    assert layers == {"services", "oauth", "api"}
    assert len(PROBLEMS) == len(set(PROBLEMS)) >= 18


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda one: one.__name__)
def test_each_says_how_it_is_answered(app: Flask, problem: type[Problem]) -> None:
    """Status and code of HTTP and the contract, a sentence for programs, and words for pages."""
    assert 400 <= problem.status < 600
    assert problem.page_status is None or 400 <= problem.page_status < 600
    assert problem.code.isupper()
    assert problem.sentence[0].isupper()
    assert problem.sentence.endswith(".")
    with app.test_request_context("/"):
        title, message = find_words(problem)
    assert title
    assert message.endswith(".")


def test_only_the_base_is_without_an_answer_of_its_own() -> None:
    """Each class but the base names its code, or inherits one from a class that does."""
    vague = {one for one in PROBLEMS if one.code == Problem.code}
    assert {one.__name__ for one in vague} == {"Problem", "Denied", "Refused"}


def test_words_are_of_problems() -> None:
    """Nothing is worded that nobody raises."""
    assert set(WORDS) <= set(PROBLEMS)


@pytest.mark.parametrize(
    ("problem", "api", "code", "page"),
    [
        (NoSuchClient(), 404, "NOT_FOUND", 404),
        (Outrun(), 412, "CONFLICT", 409),
        (Problem(), 412, "REFUSED", 412),
        (Throttled(7), 429, "THROTTLED", 429),
        (Unavailable(), 503, "UNAVAILABLE", 503),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Problem) else "",
)
def test_a_subclass_answers_as_its_parent(
    app: Flask, problem: Problem, api: int, code: str, page: int
) -> None:
    """Also one that was made up a moment ago. A page calls a conflict 409, the contract's API 412."""
    with app.test_request_context("/authentication/v1/session"):
        answer = app.make_response(app.handle_user_exception(problem))
    assert (answer.status_code, answer.json["responseCode"]) == (api, api)
    assert answer.json["messages"][0]["messageTemplate"] == code
    assert answer.json["messages"][0]["message"] == type(problem).sentence
    with app.test_request_context("/"):
        shown = app.make_response(app.handle_user_exception(problem))
    assert (shown.status_code, shown.mimetype) == (page, "text/html")


def test_problems_become_answers_in_these_places_only() -> None:
    """A handler more would be a second place that says what a class says already."""
    names = {problem.__name__ for problem in PROBLEMS}
    found: dict[str, set[str]] = {}
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                handled = node.args[0].id if isinstance(node.args[0], ast.Name) else ""
                if node.func.attr in ("register_error_handler", "errorhandler") and handled in names:
                    found.setdefault(path.relative_to(APP).as_posix(), set()).add(handled)
    assert found == RENDERED_IN
