"""A theme: name, logo and a few colours from ``theme/`` in the instance folder, read once at start.

``theme/theme.toml``: ``name = "…"`` and, in ``[light]`` and ``[dark]``, colours of ``COLOURS`` as
``#rrggbb``; ``theme/logo.svg`` or ``theme/logo.png``. Colours with too little contrast prevent the start.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import abort
from flask import url_for

from app.config import UnsafeConfiguration
from app.runtime import per_app
from app.runtime import settings

blueprint = Blueprint("theme", __name__)
DEFAULT_NAME = "Argus identity"
MOST_NAME_CHARACTERS = 60
MOST_LOGO_BYTES = 20_000
SECONDS = 3600
COLOURS = ("accent", "accent-strong", "on-accent", "bar", "on-bar")
HEX = re.compile(r"#[0-9a-fA-F]{6}")
LOGOS = {"logo.svg": "image/svg+xml", "logo.png": "image/png"}
# WCAG 2.2, 1.4.3: the pairs of text and background. The default colours are in argus.css.
SHEETS = {"light": "#ffffff", "dark": "#1b212a"}
DEFAULTS = {
    "light": {"accent": "#1f4e79", "accent-strong": "#163a5b", "on-accent": "#ffffff",
              "bar": "#ffffff", "on-bar": "#1c2430"},
    "dark": {"accent": "#8fc1f0", "accent-strong": "#b5d7f6", "on-accent": "#0c1a28",
             "bar": "#1b212a", "on-bar": "#e8ebef"},
}  # fmt: skip
LEAST_CONTRAST = 4.5


@dataclass(frozen=True)
class Theme:
    """``colours`` by scheme and name, only those that differ; ``logo`` is a file in the instance folder."""

    name: str = DEFAULT_NAME
    colours: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    logo: Path | None = None

    @property
    def css(self) -> str:
        """Return the colours as CSS custom properties; empty if none differ."""
        light, dark = (_render_rules(self.colours.get(scheme, {})) for scheme in ("light", "dark"))
        rules = f":root {{ {light} }}\n" if light else ""
        return rules + (f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n" if dark else "")


def register(app: Flask) -> None:
    """Read the theme, so that an invalid one stops the start; give every template its name and files."""
    app.register_blueprint(blueprint)
    with app.app_context():
        per_app(_load_theme)

    @app.context_processor
    def _theme() -> dict[str, object]:
        theme = current_theme()
        static = url_for("static", filename="mark.svg")
        return {
            "site_name": theme.name,
            "site_logo": url_for("theme.logo") if theme.logo is not None else static,
            "site_css": url_for("theme.css") if theme.css else None,
            "site_bars": {one: theme.colours.get(one, {}).get("bar", DEFAULTS[one]["bar"]) for one in SHEETS},
        }


def current_theme() -> Theme:
    """Return the theme of this application."""
    return per_app(_load_theme)


@blueprint.get("/theme.css")
def css() -> Response:
    """Return the theme's colours as CSS."""
    return _allow_caching(Response(per_app(_load_theme).css, mimetype="text/css"))


@blueprint.get("/theme/logo")
def logo() -> Response:
    """Return the theme's logo; an SVG may run no script and use no style of its own."""
    path = per_app(_load_theme).logo
    if path is None:
        abort(404)
    response = _allow_caching(Response(path.read_bytes(), mimetype=LOGOS[path.name]))
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _allow_caching(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={SECONDS}"
    return response


def _load_theme() -> Theme:
    folder = settings().instance / "theme"
    file = folder / "theme.toml"
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UnsafeConfiguration(f"{file}: this is not TOML.") from None
    unknown = given.keys() - {"name", "light", "dark"}
    if unknown:
        raise UnsafeConfiguration(f"{file}: {sorted(unknown)[0]} is not known; use name, light and dark.")
    name = given.get("name", DEFAULT_NAME)
    if (
        not isinstance(name, str)
        or not 0 < len(name.strip()) <= MOST_NAME_CHARACTERS
        or not name.isprintable()
    ):
        raise UnsafeConfiguration(f"{file}: name must be 1 to {MOST_NAME_CHARACTERS} printable characters.")
    colours = {scheme: _read_colours(file, scheme, given.get(scheme, {})) for scheme in SHEETS}
    return Theme(name.strip(), colours, _find_logo(folder))


def _find_logo(folder: Path) -> Path | None:
    found = next((folder / name for name in LOGOS if (folder / name).is_file()), None)
    if found is not None and found.stat().st_size > MOST_LOGO_BYTES:
        raise UnsafeConfiguration(f"{found}: the logo must be at most {MOST_LOGO_BYTES} bytes.")
    return found


def _read_colours(file: Path, scheme: str, given: object) -> Mapping[str, str]:
    if not isinstance(given, dict):
        raise UnsafeConfiguration(f"{file}: [{scheme}] is a table of colours.")
    for name, colour in given.items():
        if name not in COLOURS:
            raise UnsafeConfiguration(f"{file}: {scheme}.{name} is not known; use {', '.join(COLOURS)}.")
        if not isinstance(colour, str) or not HEX.fullmatch(colour):
            raise UnsafeConfiguration(f"{file}: {scheme}.{name} must be a colour such as #1f4e79.")
    all_of_them = DEFAULTS[scheme] | given
    for ink, paper in (("on-accent", "accent"), ("on-bar", "bar"), ("accent", None), ("accent-strong", None)):
        behind = all_of_them[paper] if paper is not None else SHEETS[scheme]
        if compute_contrast(all_of_them[ink], behind) < LEAST_CONTRAST:
            what = f"{scheme}.{ink} on " + (f"{scheme}.{paper}" if paper else "the page")
            raise UnsafeConfiguration(f"{file}: {what} is hard to read: less than {LEAST_CONTRAST} to 1.")
    return given


def compute_contrast(one: str, other: str) -> float:
    """Compute the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((_compute_luminance(one), _compute_luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _compute_luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _render_rules(colours: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
