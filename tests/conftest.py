"""What every test may ask for: databases, Redis, Chromium; and an honest word about what was left out.

Real components come by environment variable. With ``ARGUS_TEST_STRICT=1`` a missing one is a failure.
The application's own fixtures (``app``, ``client``, ``clock``, ``as_user``) stand at the end of this file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.servers import own_postgres

# The settings of whoever runs the tests, ARGUS_DATABASE_URL above all, never reach the code under test.
for _name in [name for name in os.environ if name.startswith("ARGUS_")]:
    if not _name.startswith("ARGUS_TEST_"):
        del os.environ[_name]

STRICT = os.environ.get("ARGUS_TEST_STRICT") == "1"
POSTGRES_URL = os.environ.get("ARGUS_TEST_POSTGRES_URL")
REDIS_URL = os.environ.get("ARGUS_TEST_REDIS_URL")
CHROMIUM = os.environ.get("ARGUS_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

WEB_SERVERS_OF_DEBIAN = ("apache2-bin", "libapache2-mod-auth-openidc", "nginx", "libnginx-mod-http-js")
WEB_SERVERS = all(
    Path(path).exists()
    for path in ("/usr/sbin/apache2", "/usr/lib/apache2/modules/mod_auth_openidc.so", "/usr/sbin/nginx",
                 "/usr/lib/nginx/modules/ngx_http_js_module.so")
)  # fmt: skip

# marker -> its name for people, whether it is here, what to do when it is not
COMPONENTS = {
    "postgres": ("PostgreSQL", POSTGRES_URL, "set ARGUS_TEST_POSTGRES_URL"),
    "redis": ("Redis", REDIS_URL, "set ARGUS_TEST_REDIS_URL"),
    "browser": ("Chromium", CHROMIUM, "install chromium or set ARGUS_TEST_CHROMIUM"),
    "web_servers": ("Apache and nginx", WEB_SERVERS, "install " + " ".join(WEB_SERVERS_OF_DEBIAN)),
    "node": ("Node.js", shutil.which("node") and shutil.which("npm"), "install nodejs and npm"),
}

hypothesis.settings.register_profile("argus", deadline=None, print_blob=True)
hypothesis.settings.load_profile("argus")


# A file runs on one worker. What takes minutes begins first, or the other workers wait for it at the end:
# longest first (pytest --durations tells), the rest in random order.
LONGEST_FIRST = (
    "tests/cli/test_restored_backup.py",
    "tests/contract/",
    "tests/races/",
    "tests/browser/test_account.py",
    "tests/browser/test_login.py",
    "tests/cli/test_killed_commands.py",
    "tests/cli/test_commands.py",
    "tests/browser/",
    "tests/api/test_scale.py",
    "tests/search/",
    "tests/services/test_growth.py",
    "tests/cli/",
    "tests/torture/",
    "tests/serving/",
    "tests/packaging/",
    "tests/readme/",
    "tests/parties/",
    "tests/examples/",
    "tests/recovery/",
)


def place(item: pytest.Item) -> int:
    """Where the file of a test stands in LONGEST_FIRST; behind all of them if it does not."""
    starts = (place for place, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
    return next(starts, len(LONGEST_FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, and skip what has no component here."""
    items.sort(key=place)
    for item in items:
        for marker, (name, here, remedy) in COMPONENTS.items():
            if item.get_closest_marker(marker) is None:
                continue
            if not here:
                item.add_marker(pytest.mark.skip(reason=f"{name} is not here: {remedy}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Under ARGUS_TEST_STRICT=1 a skipped test of a real component has failed."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        markers = [marker for marker in COMPONENTS if item.get_closest_marker(marker)]
        if markers:
            report.outcome = "failed"
            report.longrepr = f"ARGUS_TEST_STRICT=1, but a {markers[0]} test skipped: {report.longrepr[2]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    """Under ARGUS_TEST_STRICT=1 no file may skip itself either: nobody knows what it would have tested."""
    report = yield
    if STRICT and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"ARGUS_TEST_STRICT=1, but {collector.nodeid} skipped itself: {report.longrepr[2]}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line that says which real components had no test run against them."""
    skipped = terminalreporter.stats.get("skipped", [])
    left_out = [
        f"{name} ({remedy})"
        for marker, (name, here, remedy) in COMPONENTS.items()
        if not here and any(marker in getattr(report, "keywords", ()) for report in skipped)
    ]
    if left_out:
        terminalreporter.write_line("left out: " + ", ".join(left_out), yellow=True)


@pytest.fixture(scope="session")
def worker() -> str:
    """This run and this xdist worker, as a part of the name of whatever nobody else may touch."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:8]
    return f"{run}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="session")
def postgres_database(worker: str) -> Iterator[str]:
    """An empty PostgreSQL database of this worker, made once and dropped at the end; its URL."""
    if not POSTGRES_URL:
        pytest.skip("PostgreSQL is not here: set ARGUS_TEST_POSTGRES_URL")
    with own_postgres(POSTGRES_URL, worker) as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of this worker's database, SQLite (a file) and PostgreSQL in turn; empty until first used."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_database"))
    return f"sqlite:///{tmp_path_factory.getbasetemp() / 'argus.sqlite'}"


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Redis, database as given; mark the test ``redis``. Flush what you use: no other worker is there."""
    return REDIS_URL or pytest.skip("Redis is not here: set ARGUS_TEST_REDIS_URL")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium, for Playwright's ``executable_path``; mark the test ``browser``."""
    return CHROMIUM or pytest.skip("Chromium is not here: install chromium or set ARGUS_TEST_CHROMIUM")


# --- The application: app, client, clock, as_user -----------------------------------------------------------

from tests.fixtures import admin  # noqa: E402, F401
from tests.fixtures import alice  # noqa: E402, F401
from tests.fixtures import app  # noqa: E402, F401
from tests.fixtures import clock  # noqa: E402, F401
from tests.fixtures import early_in_a_step  # noqa: E402, F401
from tests.fixtures import queries  # noqa: E402, F401
from tests.fixtures import rp  # noqa: E402, F401
from tests.fixtures import settings  # noqa: E402, F401
from tests.fixtures import template  # noqa: E402, F401
from tests.fixtures import templates  # noqa: E402, F401
from tests.fixtures import world  # noqa: E402, F401
