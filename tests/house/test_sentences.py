"""Every reason has every voice, each sentence stands once, and no file does two things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.policy.access import RULES
from app.policy.reasons import REASONS
from app.services.guards import Guard

APP = Path(__file__).parents[2] / "app"
SOURCES = sorted(APP.rglob("*.py"))
OAUTH_TEXT = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)


@pytest.mark.parametrize("code", REASONS)
def test_each_reason_has_each_voice(code: str) -> None:
    """Public, private and OAuth text, OAuth error and status; RFC 6749 5.2 for what goes into JSON."""
    reason = REASONS[code]
    assert reason.code == code
    assert re.fullmatch(r"[a-z_]+", code)
    for sentence in (reason.public, reason.private, reason.oauth_text):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0] == "{"
    assert OAUTH_TEXT.fullmatch(reason.oauth_text)
    assert reason.oauth_error in ("invalid_grant", "invalid_client", "invalid_token", "access_denied")
    assert reason.status in (401, 403)


def test_no_sentence_stands_twice() -> None:
    """A public sentence in another file would be a second copy."""
    for reason in REASONS.values():
        for path in SOURCES:
            if path.name != "reasons.py" and len(reason.public) > 30:
                assert reason.public not in path.read_text(encoding="utf-8"), (reason.code, path)


def test_rules_speak_once_each() -> None:
    names = [rule.__name__ for rule in RULES]
    assert len(names) == len(set(names)) == 10


def test_guards_are_alphabetised() -> None:
    """House style 3.3: one list, in order, so that a name is found or is not there."""
    values = [str(guard) for guard in Guard]
    assert values == sorted(values, key=str.lower)


def test_a_guard_is_never_a_bare_string() -> None:
    """The spelling of a function that guards our own API stands in one place."""
    for path in SOURCES:
        if path.name in ("guards.py",):
            continue
        text = path.read_text(encoding="utf-8")
        for guard in Guard:
            assert f'"{guard}"' not in text, (guard, path)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(APP)))
def test_each_module_says_its_job(path: Path) -> None:
    """A docstring at the top, and a size that one can read."""
    text = path.read_text(encoding="utf-8")
    assert not text or text.startswith('"""'), path
    assert len(text.splitlines()) <= 360
