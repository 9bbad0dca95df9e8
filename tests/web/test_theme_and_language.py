"""A theme from the instance folder; a language from the application, the person or the browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import UnsafeConfiguration
from app.web.theme import compute_contrast
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.fixtures import CHEAP
from tests.world import World

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'


def themed(folder: Path, text: str, logo: bytes | None = None) -> Flask:
    (folder / "theme").mkdir(exist_ok=True)
    (folder / "theme" / "theme.toml").write_text(text, encoding="utf-8")
    if logo is not None:
        (folder / "theme" / "logo.svg").write_bytes(logo)
    return create_app({**CHEAP, "ARGUS_INSTANCE": folder, "ARGUS_BASE_URL": "http://localhost"})


def test_name_logo_and_colours(tmp_path: Path) -> None:
    """A theme is a name, a logo and a few colours; a drawing runs nothing."""
    browser = themed(tmp_path, 'name = "Nordlys"\n[light]\naccent = "#5b1f79"\n', SVG).test_client()
    page = browser.get("/login").get_data(as_text=True)
    assert "<title>Log in · Nordlys</title>" in page
    assert 'src="/theme/logo"' in page
    assert browser.get("/theme.css").get_data(as_text=True) == ":root { --accent: #5b1f79; }\n"
    logo = browser.get("/theme/logo")
    assert logo.mimetype == "image/svg+xml"
    assert "default-src 'none'" in logo.headers["Content-Security-Policy"]
    assert "sandbox" in logo.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name =", "not TOML"),
        ('name = ""', "name must be"),
        ("name = 5", "name must be"),
        ('colour = "red"', "colour is not known"),
        ('[light]\npaper = "#ffffff"', "light.paper is not known"),
        ('[light]\naccent = "red"', "must be a colour"),
        ('[light]\naccent = "#fff; } body { display: none"', "must be a colour"),
        ('[light]\naccent = "#ffff00"', "hard to read"),
        ('[dark]\non-bar = "#222222"', "dark.on-bar on dark.bar is hard to read"),
        ("light = 3", "is a table"),
    ],
)
def test_a_wrong_theme_does_not_start(tmp_path: Path, text: str, says: str) -> None:
    """Each names the file and what is wrong; what is hard to read is refused (WCAG 2.2, 1.4.3)."""
    with pytest.raises(UnsafeConfiguration, match=says):
        themed(tmp_path, text)


def test_a_heavy_logo_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(UnsafeConfiguration, match="at most"):
        themed(tmp_path, "", b"<svg>" + b" " * 30_000)


def test_contrast() -> None:
    """The two ends of the scale (WCAG 2.2)."""
    assert compute_contrast("#000000", "#ffffff") == pytest.approx(21)
    assert compute_contrast("#777777", "#777777") == pytest.approx(1)


def language_of(app: Flask, path: str, accept: str = "") -> str:
    answer = app.test_client().get(path, headers={"Accept-Language": accept} if accept else {})
    html = answer.get_data(as_text=True)
    return html.split('<html lang="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("path", "accept", "language"),
    [
        ("/login", "", "en"),
        ("/login", "nb-NO,nb;q=0.9,en;q=0.8", "nb"),
        ("/login", "no", "nb"),
        ("/login", "nn-NO", "nb"),
        ("/login", "de, fr", "en"),
        ("/login", "en;q=0.2, nb;q=0.9", "nb"),
        ("/login?ui_locales=nb", "en", "nb"),
        ("/login?ui_locales=de+nb", "en", "nb"),
        ("/login?ui_locales=en", "nb", "en"),
        ("/login?ui_locales=xx", "nb", "nb"),
        ("/login?ui_locales=../../etc", "", "en"),
    ],
)
def test_language(app: Flask, path: str, accept: str, language: str) -> None:
    """``ui_locales`` first (OIDC Core 3.1.2.1), then the browser, then English."""
    assert language_of(app, path, accept) == language


def test_the_application_chooses_through_the_login(app: Flask, world: World, rp: RelyingParty) -> None:
    """``ui_locales`` of the authorization request holds on the login page that it leads to."""
    alice = Person(app)
    page = alice.visits(rp.url(ui_locales="nb"))
    assert page.status_code == 303
    html = alice.visits(page.headers["Location"]).get_data(as_text=True)
    assert '<html lang="nb">' in html


def test_the_persons_own_language(app: Flask, world: World) -> None:
    """Who is registered as Norwegian is spoken to so, whatever the browser prefers."""
    world.change_user("alice", language="norwegian")
    alice = Person(app)
    alice.logs_in()
    assert '<html lang="nb">' in alice.browser.get("/", headers={"Accept-Language": "en"}).get_data(
        as_text=True
    )


def test_a_language_is_chosen_at_the_foot_of_a_page(app: Flask, world: World) -> None:
    """It outranks everything, stays with the browser, and leads back to the page."""
    alice = Person(app)
    alice.logs_in()
    page = alice.visits("/account/activity?offset=0").get_data(as_text=True)
    link = re.search(r'<a href="([^"]+)" lang="nb" hreflang="nb">Norsk bokmål</a>', page)
    assert link is not None
    back = alice.visits(link[1].replace("&amp;", "&"))
    assert (back.status_code, back.headers["Location"]) == (303, "/account/activity?offset=0")
    assert '<html lang="nb">' in alice.visits("/account/security?ui_locales=en").get_data(as_text=True)
    alice.visits("/language/en")
    assert '<html lang="en">' in alice.visits(
        "/",
    ).get_data(as_text=True)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_the_choice_leads_nowhere_else(app: Flask, target: str) -> None:
    """Rule 40; and a language that there is not is no page."""
    browser = app.test_client()
    assert browser.get("/language/nb", query_string={"next": target}).headers["Location"] == "/"
    assert browser.get("/language/xx").status_code == 404
