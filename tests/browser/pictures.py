"""The pictures that the documents show: ``make pictures`` makes them from what ``make screenshots`` kept.

The documents alone tell which. Each is cut to what one sees first, and small: git keeps it for ever.
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import sync_playwright

from tests.browser.kit import QUIET
from tests.conftest import CHROMIUM

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "screenshots"
SHOWN = ROOT / "docs" / "screenshots"
MOST_BYTES = 60_000
WIDTH, HEIGHT = 960, 900
NAMED = re.compile(r"screenshots/([\w-]+\.jpg)")


def documents() -> list[Path]:
    """Every text that may show a picture."""
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def named() -> set[str]:
    """The pictures that the documents show."""
    return {name for path in documents() for name in NAMED.findall(path.read_text(encoding="utf-8"))}


def shrunk(browser: Browser, picture: bytes) -> bytes:
    """The upper part of a picture, in the best quality that is small enough."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    source = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    page.set_content(f'<body style="margin:0"><img style="max-width:100%;display:block" src="{source}">')
    shown = page.locator("img").bounding_box()
    assert shown is not None
    clip = {"x": 0, "y": 0, "width": shown["width"], "height": min(shown["height"], HEIGHT)}
    for quality in range(85, 20, -5):
        small = page.screenshot(type="jpeg", quality=quality, clip=clip)
        if len(small) < MOST_BYTES:
            break
    page.close()
    return small


def main() -> None:
    """Make each picture anew, and take away what no document shows any more."""
    missing = sorted(name for name in named() if not (KEPT / name).exists())
    if missing:
        sys.exit(f"run `make screenshots` first; it has kept no {', '.join(missing)}")
    SHOWN.mkdir(parents=True, exist_ok=True)
    for path in SHOWN.glob("*.jpg"):
        if path.name not in named():
            path.unlink()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for name in sorted(named()):
            (SHOWN / name).write_bytes(shrunk(browser, (KEPT / name).read_bytes()))
        browser.close()


if __name__ == "__main__":
    main()
