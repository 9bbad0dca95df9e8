"""English and Norwegian Bokmål are complete: no message without a translation, no placeholder lost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo

from tests.house.catalogue import LOCALES
from tests.house.catalogue import catalogue
from tests.house.catalogue import held
from tests.house.catalogue import is_done
from tests.house.catalogue import path_of

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
REPAIR = "run `make translations` and translate what is new in app/translations"


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_missing(locale: str) -> None:
    """Each message of the sources has its translation, and none is kept that no source has."""
    sources = {message.id for message in catalogue() if message.id}
    translated = {message.id for message in held(locale) if message.id and is_done(message.string)}
    assert sorted(map(str, sources - translated)) == [], REPAIR
    assert sorted(map(str, translated - sources)) == [], REPAIR


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_stay(locale: str) -> None:
    """A lost placeholder would be a KeyError on somebody's page, or a name that is not told."""
    for message in held(locale):
        if not message.id:
            continue
        asked, given = (
            [part] if isinstance(part, str) else list(part) for part in (message.id, message.string)
        )
        wanted = set(PLACEHOLDER.findall(asked[-1]))
        for text in given:
            found = set(PLACEHOLDER.findall(text))
            assert found == wanted or (len(given) > 1 and found <= wanted), message.id


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_compiled_is_what_is_written(locale: str) -> None:
    """The .mo that runs says what the .po says."""
    compiled = read_mo(BytesIO(path_of(locale).with_suffix(".mo").read_bytes()))
    done = [message for message in held(locale) if is_done(message.string)]
    assert _texts(compiled) == _texts(done), REPAIR


def _texts(messages: Iterable[Message]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Every form of every message; the header is not one."""
    return {_forms(one.id): _forms(one.string) for one in messages if one.id}


def _forms(text: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)
