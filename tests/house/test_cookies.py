"""Every cookie stands in ``app/cookies.py``. A watch judges those of every other test, too."""

from __future__ import annotations

import ast

import pytest
from flask import Flask

from app import cookies
from app import create_app
from tests.drivers.person import Person
from tests.drivers.set_cookies import Watch
from tests.drivers.set_cookies import watch
from tests.fixtures import CHEAP
from tests.fixtures import Template
from tests.house.catalogue import APP
from tests.world import PASSWORD
from tests.world import World

LOGIN = "/authentication/v1/password/authentication"
SETS = {"set_cookie", "delete_cookie"}


@pytest.fixture(scope="module", params=["http", "https"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The application as it is over http and over https."""
    folder = tmp_path_factory.mktemp(request.param)
    place = {"ARGUS_INSTANCE": folder, "ARGUS_DATABASE_URL": f"sqlite:///{folder / 'argus.sqlite'}"}
    app = create_app({**CHEAP, **place, "ARGUS_BASE_URL": f"{request.param}://localhost"})
    app.config["PREFERRED_URL_SCHEME"] = request.param
    return Template(app)


@pytest.fixture
def watched(app: Flask) -> Watch:
    return watch(app)


def test_every_cookie_is_set_as_the_table_says(app: Flask, world: World, watched: Watch) -> None:
    """By the pages and by the API, to log in and to log out: nothing is set that is not in the table."""
    alice = Person(app, "alice")
    assert alice.visits("/language/nb").status_code == 303
    assert alice.logs_in().status_code == 303
    assert alice.visits("/account/").status_code in (200, 302, 303)
    assert alice.logs_out().status_code == 303
    program = app.test_client()
    answer = program.post(LOGIN, json={"userName": "alice", "password": PASSWORD})
    assert answer.status_code == 200
    bearer = {"Authorization": f"Bearer {answer.json['data']['credentials']['requestCredentialsData']}"}
    assert program.delete("/authentication/v1/session", headers=bearer).status_code == 200
    assert {name for name, how in watched.seen if how == "set"} == {one.name for one in cookies.ALL}
    assert (cookies.LOGIN.name, "cleared") in watched.seen


def test_secure_and_prefix_follow_the_base_url(app: Flask, world: World) -> None:
    """Security rule 44: ``Secure`` exactly under https, and there the form session is of this host only."""
    page = app.test_client().get("/login")
    line = next(one for one in page.headers.getlist("Set-Cookie") if "argus_form=" in one)
    is_https = app.config["PREFERRED_URL_SCHEME"] == "https"
    assert line.startswith("__Host-argus_form=") is is_https
    assert ("; Secure" in line) is is_https


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("argus_session=a; HttpOnly; Path=/; SameSite=Lax", True),
        ("argus_session=a; HttpOnly; Path=/; SameSite=Lax; Max-Age=60", False),
        ("argus_session=a; HttpOnly; Path=/; SameSite=None", False),
        ("argus_session=a; Path=/; SameSite=Lax", False),
        ("argus_session=a; Domain=localhost; HttpOnly; Path=/; SameSite=Lax", False),
        ("argus_language=nb; HttpOnly; Path=/; SameSite=Lax", False),
        ("argus_other=a; HttpOnly; Path=/; SameSite=Lax", False),
    ],
)
def test_the_watch_tells_a_wrong_cookie(app: Flask, line: str, right: bool) -> None:
    """A table that nothing is compared with would prove nothing."""
    if app.config["PREFERRED_URL_SCHEME"] == "https":
        line += "; Secure"
    if right:
        Watch(app).judge(line)
    else:
        with pytest.raises(AssertionError):
            Watch(app).judge(line)


def test_only_one_file_sets_cookies() -> None:
    """No ``set_cookie``, ``delete_cookie``, ``Set-Cookie`` or cookie's name anywhere else."""
    names = {one.name for one in cookies.ALL} | {f"__Host-{one.name}" for one in cookies.ALL}
    for path in sorted(APP.rglob("*.py")):
        if path == APP / "cookies.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in SETS, (path, node.lineno)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, (path, node.lineno)
                assert node.value.lower() != "set-cookie", (path, node.lineno)
                assert not node.value.startswith("SESSION_COOKIE_"), (path, node.lineno)
            if isinstance(node, ast.keyword):
                assert not (node.arg or "").startswith("SESSION_COOKIE_"), (path, node.value.lineno)
    assert {one.name for one in cookies.ALL if not one.purpose.endswith(".")} == set()
