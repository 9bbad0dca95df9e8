"""What pages say, gathered from the sources: templates, views, and the sentences of the layers below.

``make translations`` brings ``app/translations`` up to date; ``test_translations.py`` refuses what is not.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.messages.pofile import write_po

import app.api
import app.web  # noqa: F401
from app.policy.claims import WORDS as CLAIM_WORDS
from app.policy.reasons import REASONS
from app.policy.reasons import UNNAMED_CUSTOMER
from app.policy.scopes import OTHER
from app.policy.scopes import WORDS
from app.services.clients.fields import FIELDS
from app.services.problems import Problem

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
LOCALES = ("nb",)
# Where sentences are written in plain English; a page translates the one it shows (``say``).
WRITTEN_IN = ("policy", "services", "schemas", "web", "oauth/authorize.py")
# What these write is for the operator's terminal, or is data.
NOT_SHOWN = {"bootstrap.py", "demo.py", "readiness.py", "redis_or_memory.py", "restored.py", "structure.py"}
SENTENCE = re.compile(r"[A-Z{].*[a-z}].*[.?]", re.S)


def catalogue() -> Catalog:
    """Every message there is, each with where it stands."""
    found = Catalog(project="argus-idp", charset="utf-8")
    options = {"**.html": {"silent": "false"}, "**.txt": {"silent": "false"}}
    methods = [("web/**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None}
    rows = extract_from_dir(str(APP), methods, options, keywords=keywords)
    for name, _line, message, comments, context in sorted(rows, key=str):
        found.add(message, locations=[(f"app/{name}", 0)], auto_comments=comments, context=context)
    for name, sentence in sentences():
        found.add(sentence, locations=[(name, 0)])
    return found


def sentences() -> Iterator[tuple[str, str]]:
    """Where and what: each sentence of the layers below, and the words of their catalogues."""
    # Spoken to programs, in English (RFC 6749 5.2).
    to_programs = {reason.oauth_text for reason in REASONS.values()}
    to_programs |= {problem.sentence for problem in all_problems()}
    for path in sorted(path for part in WRITTEN_IN for path in _files(APP / part)):
        if path.name not in NOT_SHOWN:
            name = str(path.relative_to(ROOT))
            module = importlib.import_module(
                name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            )
            for sentence in _of_module(ast.parse(path.read_text(encoding="utf-8")), vars(module)):
                if sentence not in to_programs:
                    yield name, sentence
    for words in (*WORDS.values(), OTHER):
        yield "app/policy/scopes.py", words
    for words in CLAIM_WORDS.values():
        yield "app/policy/claims.py", words
    for field in FIELDS:
        for words in (field.label, field.hint, *(called for _value, called in field.options)):
            if words:
                yield "app/services/clients/fields.py", words
    yield "app/policy/reasons.py", UNNAMED_CUSTOMER


def all_problems(base: type[Problem] = Problem) -> list[type[Problem]]:
    """Every class of problem of the product, whichever layer defines it."""
    deeper = [found for one in base.__subclasses__() for found in all_problems(one)]
    return [one for one in (base, *deeper) if one.__module__.startswith("app.")]


def _files(part: Path) -> list[Path]:
    return [part] if part.is_file() else list(part.rglob("*.py"))


def path_of(locale: str) -> Path:
    """The catalogue of one language, as people edit it."""
    return APP / "translations" / locale / "LC_MESSAGES" / "messages.po"


def held(locale: str) -> Catalog:
    """The messages of one language as they stand."""
    path = path_of(locale)
    if not path.exists():
        return Catalog(locale=locale, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def _of_module(tree: ast.Module, names: dict[str, Any]) -> Iterator[str]:
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    skipped |= {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    skipped |= {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.BinOp) for part in (node.left, node.right)
    }
    for node in ast.walk(tree):
        if id(node) in skipped or not isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp)):
            continue
        text = _value(node, names)
        if text is not None and " " in text and SENTENCE.fullmatch(text):
            yield text


def _value(node: ast.expr, names: dict[str, Any]) -> str | None:
    """The text of a constant, or of what is put together from constants of its module; else ``None``."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    if (
        any(isinstance(one, (ast.Call, ast.Attribute, ast.Subscript)) for one in ast.walk(node))
        or used - names.keys()
    ):
        return None
    try:
        text = eval(compile(ast.Expression(node), "<sentence>", "eval"), names)
    except TypeError:
        return None
    return text if isinstance(text, str) else None


def main() -> None:
    """Bring each language's catalogue up to date and compile it; what is new has no text yet."""
    fresh = catalogue()
    for locale in LOCALES:
        there = held(locale)
        there.update(fresh, no_fuzzy_matching=True)
        there.obsolete.clear()
        there.revision_date = there.creation_date = datetime(2026, 1, 1, tzinfo=UTC)
        path = path_of(locale)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, there, width=110, sort_output=True, no_location=True, omit_header=False)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, there)
        missing = [message.id for message in there if message.id and not is_done(message.string)]
        sys.stdout.write(f"{locale}: {len(there)} messages, {len(missing)} without a translation\n")


def is_done(text: Any) -> bool:
    """Whether a message is translated, in each of its forms."""
    return all(text) if isinstance(text, (list, tuple)) else bool(text)


if __name__ == "__main__":
    main()
