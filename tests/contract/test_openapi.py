"""``/openapi.json`` is a document, says all there is, and the server keeps to it (schemathesis)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from tests.servers import LiveServer
from tests.servers import running

ROOTS = ("/authentication/", "/currentuser/", "/users/", "/useradmin/", "/customers/", "/customeradmin/")


def test_it_is_valid_openapi(app: Flask) -> None:
    """By the validator of the specification's own schemas; every operation has a name of its own."""
    document = app.test_client().get("/openapi.json").json
    validate(document)
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) > 100


def test_no_route_of_the_api_is_left_out(app: Flask) -> None:
    """What answers below the API's roots is in the document."""
    document = app.test_client().get("/openapi.json").json
    told = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    there = {
        re.sub("<[a-z]+:", "<", rule.rule) for rule in app.url_map.iter_rules() if rule.rule.startswith(ROOTS)
    }
    assert there - told == set()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    # Wrong keys are sent on purpose, from the one address that right ones come from.
    with running(tmp_path_factory.mktemp("contract"), throttle_login_failures=10_000) as live:
        yield live


# A valid body may name what is not there: 412, as the contract says. And wrong data is a 412, not a 422.
CHECKS = {
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "303", "400", "401", "403", "404", "412", "429", "503"]
    },
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "412", "413", "414", "431"]
    },
}
BOUND = hypothesis_settings(
    max_examples=15,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.server
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("root", [*ROOTS, "/oauth"])
def test_the_server_keeps_to_it(server: LiveServer, root: str, mode: GenerationMode) -> None:
    """No 5xx, no undocumented status, no answer that is not as told; wrong data is refused."""
    config = SchemathesisConfig.from_dict({"checks": CHECKS})
    schema = schemathesis.openapi.from_url(server.base + "/openapi.json", config=config)
    problems = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if _get_root(operation.path) != root:
            continue
        try:
            _try_out(operation, server, mode)
        except Unsatisfiable:
            continue  # nothing about this call can be wrong
        except BaseExceptionGroup as problem:
            problems.append(f"{operation.label}: {problem}"[:1500])
    assert not problems, "\n\n".join(problems)


def _get_root(path: str) -> str:
    """Where a path is tried: the OAuth endpoints by themselves, every other below its root."""
    if "/oauth/" in path and "client" not in path:
        return "/oauth"
    return next(root for root in ROOTS if path.startswith(root))


def test_each_operation_is_tried_once(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").json
    assert {_get_root(path) for path in document["paths"]} == {*ROOTS, "/oauth"}


def _try_out(operation: Any, server: LiveServer, mode: GenerationMode) -> None:
    @BOUND
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        if not _ends_the_run(case):
            case.call_and_validate(
                headers={"Argus-API-Key": server.key},
                timeout=30,
            )

    run()


def _ends_the_run(case: Any) -> bool:
    """What would take away the very key this test calls with."""
    return case.method == "DELETE" and case.path.startswith("/authentication/v1/apikey")


def test_the_key_still_works(server: LiveServer) -> None:
    """Whatever was sent, the administrator is still one."""
    headers = {"Argus-API-Key": server.key}
    assert requests.get(server.base + "/currentuser/v1/user", headers=headers, timeout=30).ok
