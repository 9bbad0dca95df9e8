"""What is shown once can be copied by a button: on each page that shows such a thing, and on no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

import app as package
from tests.drivers.person import Person
from tests.fixtures import Template
from tests.world import World

TEMPLATES = Path(package.__file__).parent / "templates"
SHOWN = re.compile(r'class="(once|copy)"|\{\{ developer\(')


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_each_page_with_a_secret_has_the_script(path: Path) -> None:
    """``_developer.html`` is a part of pages; each of them has it."""
    text = path.read_text(encoding="utf-8")
    if not path.name.startswith("_"):
        assert bool(SHOWN.search(text)) == ("ui.copying()" in text)


@pytest.mark.parametrize(
    ("language", "words"),
    [("english", ("Copy", "Copied")), ("norwegian", ("Kopier", "Kopiert"))],
)
def test_its_words_are_of_the_page(
    app: Flask, world: World, template: Template, language: str, words: tuple[str, str]
) -> None:
    """The script brings none of its own."""
    world.change_user("admin", language=language)
    client = world.client("portal")
    root = Person(app, "admin", template.secrets.password)
    root.logs_in()
    html = root.visits(f"/console/clients/{client}").get_data(as_text=True)
    assert f'copy.js" defer data-copy="{words[0]}" data-copied="{words[1]}"></script>' in html
    assert "copy.js" not in root.visits("/console/clients/").get_data(as_text=True)
