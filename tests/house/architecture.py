"""``docs/architecture.svg``: the layers and rooms of ``setup.cfg``, and who imports whom, read from the code.

``make architecture`` draws it; ``test_architecture.py`` refuses a picture that is not today's. It tells that
one part imports another, not how often: it changes when the architecture does, not with each import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "architecture.svg"

CONTRACTS = ConfigParser()
CONTRACTS.read(ROOT / "setup.cfg", encoding="utf-8")
# What only the gate may import: the decision.
DOOR = CONTRACTS["importlinter:contract:one-door"]["protected_modules"].strip()

# What each part is for. A part without an entry cannot be drawn.
PURPOSES = {
    "app.cli": "commands of the operator",
    "app.serving": "the server that runs it",
    "app.ops": "health checks",
    "app.api": "JSON for machines",
    "app.web": "pages for people",
    "app.oauth": "the protocol, through Authlib",
    "app.edge": "who calls, from where, with what",
    "app.schemas": "requests and answers of the API",
    "app.services.inspection": "explain, what-if, audit search",
    "app.services.ops": "first start, demo, pruning",
    "app.services.clients": "register and change OAuth clients",
    "app.services.administration": "users, groups, permissions",
    "app.services.login": "passwords, codes, passkeys, step-up",
    "app.services.consent": "what the user approves",
    "app.services.endings": "what ends what",
    "app.services.access": "the caller, the facts, the gate",
    "app.services.audit": "the audit trail and its chain",
    "app.services.mail": "what is sent by mail",
    "app.services.outbox": "what applications are told",
    "app.services.outgoing": "the one door for our own calls",
    "app.services.tokens": "tokens, codes, OAuth sessions, keys",
    "app.services.background": "work after the answer",
    "app.services.unit_of_work": "one transaction",
    "app.services.connections": "how a connection to the database is made, and when it is given up",
    "app.services.limited_connection": "a connection to PostgreSQL that does not wait for ever",
    "app.services.prepared": "statements, compiled once",
    "app.services.writers_queue": "SQLite: one writer after another",
    "app.services.once_read": "what was read once in a unit or request",
    "app.services.reading": "connections for reading, one for each thread",
    "app.services.contact": "where a request came from",
    "app.services.guards": "functions that guard our API",
    "app.services.problems": "what is answered instead",
    "app.models": "rows and their constraints",
    "app.application": "Flask, without what nobody uses",
    "app.clock": "what time it is",
    "app.config": "settings, read once",
    "app.cookies": "every cookie, with its flags",
    "app.documents": "public documents, made once",
    "app.extensions": "Flask extensions, unbound",
    "app.files": "private files, whole or not there",
    "app.runtime": "what belongs to one application",
    "app.telemetry": "log lines, without secrets",
    "app.policy": "facts, rights, reasons: pure Python",
    "app.policy.access": "the decision, behind one door",
}
# Hue of a part: the edges, the use cases, what they stand on, the decision.
HUES = {"app.services": "use", "app.policy": "decision"}
EDGES = {"app.cli", "app.serving", "app.ops", "app.api", "app.web", "app.oauth", "app.edge", "app.schemas"}

ROW, GAP, CELL = 25, 9, 17
LEFT, TOP, MARGIN, NAMES = 20, 138, 24, 410


@dataclass(frozen=True, slots=True)
class Part:
    """One row of the picture, and one column. ``layer`` counts from the top."""

    module: str
    layer: int

    @property
    def name(self) -> str:
        return self.module.removeprefix("app.services.").removeprefix("app.")

    @property
    def hue(self) -> str:
        if self.module in EDGES:
            return "edge"
        return next((hue for start, hue in HUES.items() if self.module.startswith(start)), "base")


def parts() -> list[Part]:
    """The layers of ``setup.cfg`` from top to bottom, with the rooms of the services, and the decision."""
    rooms = [f"services.{line}" for line in _layers("rooms")]
    lines = [inner for line in _layers("layers") for inner in (rooms if line == "services" else [line])]
    found = []
    for layer, line in enumerate(lines):
        within = "app.services." if line.startswith("services.") else "app."
        names = re.split(r"\s*[|:]\s*", line.removeprefix("services."))
        found += [Part(within + name, layer) for name in names]
    return [*found, Part(DOOR, len(lines) - 1)]


def _layers(contract: str) -> list[str]:
    return CONTRACTS[f"importlinter:contract:{contract}"]["layers"].strip().splitlines()


def in_order(found: list[Part], pairs: set[tuple[str, str]]) -> list[Part]:
    """The same layers; within each, whoever imports a neighbour stands above it."""
    rows: list[Part] = []
    for layer in dict.fromkeys(part.layer for part in found):
        waiting = [part for part in found if part.layer == layer]
        while waiting:
            free = [
                part for part in waiting if not any((other.module, part.module) in pairs for other in waiting)
            ]
            # In a circle nobody is free; then the first, and the test says so.
            rows.append((free or waiting)[0])
            waiting.remove(rows[-1])
    return rows


def imports(rows: list[Part]) -> set[tuple[str, str]]:
    """Which part imports which, by any of its files. ``app`` itself, which puts all together, is left out."""
    graph = grimp.build_graph("app", cache_dir=None)
    names = sorted((part.module for part in rows), key=len, reverse=True)

    def home(module: str) -> str | None:
        return next((name for name in names if module == name or module.startswith(name + ".")), None)

    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            pair = home(module), home(imported)
            if pair[0] and pair[1] and pair[0] != pair[1]:
                found.add((pair[0], pair[1]))
    return found


def draw() -> str:
    """The picture as SVG. It brings its own paper, and follows the reader into the dark."""
    found = parts()
    pairs = imports(found)
    rows = in_order(found, pairs)
    places = _places(rows)
    height = places[-1] + ROW + MARGIN
    width = LEFT + NAMES + CELL * len(rows) + MARGIN
    drawn = [*_frame(rows, places), *_labels(rows, places), *_dots(rows, places, pairs), *_notes(places)]
    return HEAD.format(width=width, height=height) + "\n".join(drawn) + "\n</svg>\n"


def _places(rows: list[Part]) -> list[int]:
    """The upper edge of each row; more room between two layers, and around the services."""
    places, y = [], TOP
    for before, part in zip([rows[0], *rows], rows, strict=False):
        if part.layer != before.layer:
            y += GAP
        if _is_room(part) != _is_room(before):
            y += GAP
        places.append(y)
        y += ROW
    return places


def _is_room(part: Part) -> bool:
    return part.module.startswith("app.services.")


def _column(index: int) -> float:
    return LEFT + NAMES + CELL * (index + 0.5)


def _frame(rows: list[Part], places: list[int]) -> Iterator[str]:
    """The cards of the layers, and the frame around the rooms."""
    width = NAMES - 18
    rooms = [y for part, y in zip(rows, places, strict=True) if _is_room(part)]
    yield (
        f'<rect class="frame" x="{LEFT - 7}" y="{rooms[0] - 8}" width="{width + 14}" '
        f'height="{rooms[-1] + ROW - rooms[0] + 16}" rx="11"/>'
    )
    for layer in dict.fromkeys(part.layer for part in rows):
        held = [(part, y) for part, y in zip(rows, places, strict=True) if part.layer == layer]
        top, bottom = held[0][1], held[-1][1] + ROW
        yield (
            f'<rect class="card {held[0][0].hue}" x="{LEFT}" y="{top}" width="{width}" '
            f'height="{bottom - top}" rx="6"/>'
        )


def _labels(rows: list[Part], places: list[int]) -> Iterator[str]:
    """The name and purpose of each row, the line that leads to its dots, and the head of each column."""
    right, end = LEFT + NAMES - 18, _column(len(rows) - 1)
    for index, (part, y) in enumerate(zip(rows, places, strict=True)):
        middle, column = y + ROW / 2, _column(index)
        purpose = escape(PURPOSES[part.module])
        yield f'<line class="guide" x1="{right}" x2="{end}" y1="{middle}" y2="{middle}"/>'
        yield f'<line class="guide" x1="{column}" x2="{column}" y1="{TOP - 8}" y2="{middle}"/>'
        yield f'<text class="name" x="{LEFT + 12}" y="{middle + 4.5}">{part.name}</text>'
        yield f'<text class="purpose" x="{LEFT + 146}" y="{middle + 4}">{purpose}</text>'
        turned = f"translate({column + 4} {TOP - 14}) rotate(-90)"
        yield f'<text class="head {part.hue}" transform="{turned}">{part.name}</text>'
        yield (
            f'<rect class="self {part.hue}" x="{column - 5}" y="{middle - 5}" width="10" height="10" rx="2"/>'
        )


def _dots(rows: list[Part], places: list[int], pairs: set[tuple[str, str]]) -> Iterator[str]:
    """A dot for each import; the one that asks for the decision is larger."""
    at = {part.module: index for index, part in enumerate(rows)}
    for source, target in sorted(pairs, key=lambda pair: (at[pair[0]], at[pair[1]])):
        x, y = _column(at[target]), places[at[source]] + ROW / 2
        hue, size = rows[at[target]].hue, 6.5 if target == DOOR else 4.2
        yield f'<circle class="{hue}" cx="{x}" cy="{y}" r="{size}"/>'


def _notes(places: list[int]) -> Iterator[str]:
    """What is to be seen, in the empty half below the diagonal."""
    x, y = LEFT + NAMES + 4, places[-1] + ROW - 84
    lines = ["Nothing stands here:", "no part imports one above it.", "", "The large dot is the one door"]
    for index, line in enumerate([*lines, "to the decision: access asks it."]):
        if line:
            yield f'<rect class="paper" x="{x - 6}" y="{y + 20 * index - 14}" width="212" height="20"/>'
        yield f'<text class="purpose" x="{x}" y="{y + 20 * index}">{line}</text>'


HEAD = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" aria-labelledby="title what">
<title id="title">The layers of app/ and who imports whom</title>
<desc id="what">One row for each layer and room, top to bottom, and a column for each in the same order. A dot
says that the row imports the column. Every dot stands right of the diagonal: imports point down.</desc>
<style>
  svg {{ --paper: #ffffff; --ink: #1c2733; --soft: #5b6875; --line: #e3e8ed; --frame: #eef7f2;
    --edge: #2f6fb3; --use: #1f8a5b; --base: #7a6a9b; --decision: #c2570c;
    --edge-card: #eaf2fb; --use-card: #ffffff; --base-card: #f3f0f8; --decision-card: #fdf0e4; }}
  @media (prefers-color-scheme: dark) {{ svg {{ --paper: #10161d; --ink: #e6edf3; --soft: #9aa7b4;
    --line: #26303a; --frame: #12241d; --edge: #6cb0f5; --use: #4cc38a; --base: #b3a1dd; --decision: #ff9a4d;
    --edge-card: #14243a; --use-card: #10161d; --base-card: #201b2e; --decision-card: #33200f; }} }}
  text {{ font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink); }}
  .name {{ font-size: 13.5px; font-weight: 600; }}
  .purpose {{ font-size: 12.5px; fill: var(--soft); }}
  .head {{ font-size: 12px; }}
  .lead {{ font-size: 20px; font-weight: 650; }}
  .guide {{ stroke: var(--line); }}
  .paper {{ fill: var(--paper); }}
  .frame {{ fill: var(--frame); stroke: var(--use); stroke-opacity: .35; }}
  text.edge, .edge {{ fill: var(--edge); }} text.use, .use {{ fill: var(--use); }}
  text.base, .base {{ fill: var(--base); }} text.decision, .decision {{ fill: var(--decision); }}
  .card {{ stroke-opacity: .55; }}
  .card.edge {{ fill: var(--edge-card); stroke: var(--edge); }}
  .card.use {{ fill: var(--use-card); stroke: var(--use); }}
  .card.base {{ fill: var(--base-card); stroke: var(--base); }}
  .card.decision {{ fill: var(--decision-card); stroke: var(--decision); }}
  .self {{ opacity: .3; }}
</style>
<rect class="paper" width="100%" height="100%" rx="12"/>
<text class="lead" x="20" y="44">Imports point down</text>
<text class="purpose" x="20" y="70">A card is a layer: it imports what stands below, nothing above.</text>
<text class="purpose" x="20" y="90">A dot: the row imports the column. Squares: the diagonal.</text>
<text class="purpose" x="20" y="110">Inside the frame: the rooms of app/services.</text>
"""


def main() -> None:
    """Draw the picture anew."""
    PICTURE.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
