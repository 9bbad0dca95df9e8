"""Every call that opens a way in declares it (design decision 23); OpenAPI and this list say the same.

What opens one is found in the source: whoever writes one of ``COLUMNS``, and whoever calls that, also through
helpers. A new road to these columns is found as soon as a view leads there.
"""

from __future__ import annotations

import ast

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.api.auth import Contract
from app.policy import ways_in
from tests.house.call_graph import list_functions
from tests.house.call_graph import list_reaching
from tests.house.call_graph import read_sources

# What lets somebody in, or says what an application gets.
COLUMNS = {
    "active_sealed", "blocked_at", "daemon_account", "disabled_at", "disabled_methods", "email",
    "force_password_change", "password_hash", "pending_sealed", "previous_secret_digest",
    "previous_secret_hash", "previous_secret_until", "public_key", "secret_digest", "secret_hash",
    "service_user_id", "valid_sources",
}  # fmt: skip
# Written by more general means: whole rows, columns by name, or rows that other things have too.
ALSO = {
    "app.services.access.apikeys.renew_key",
    "app.services.administration.users_and_groups.reenable_subject",
    "app.services.administration.users_and_groups.update_subject",
    "app.services.clients.registry.create_client",
    "app.services.clients.registry.delete_client",
    "app.services.clients.registry.update_client",
    "app.services.login.passkey_rows.revoke_passkey",
}
# These write such a column and let nobody in.
HARMLESS = {
    "app.services.administration.customers.disable_customer",
    "app.services.administration.users_and_groups.block_user",
    "app.services.login.password_login.renew_hash",
}
# These reach one of them for something else: a group, or a look ahead that stores nothing.
OTHERWISE = {
    "app.api.authentication.whatif.what_if",
    "app.api.useradmin.groups.reenable_group",
    "app.api.useradmin.groups.update_group",
}
JUDGE = "app.services.access.ways_in."


def declared(app: Flask) -> dict[str, str]:
    found: list[tuple[Rule, Contract]] = [
        (rule, view.contract)
        for rule in app.url_map.iter_rules()
        if hasattr(view := app.view_functions[rule.endpoint], "contract")
    ]
    return {
        f"{min(rule.methods - {'HEAD', 'OPTIONS'})} {rule.rule}": contract.way_in.name
        for rule, contract in found
        if contract.way_in is not None
    }


def test_these_are_the_ways_in(app: Flask) -> None:
    """One search for ``way_in=`` lists them all."""
    user, key = "/authentication/v1/user/<user>", "<user_part>/<key_part>"
    assert declared(app) == {
        "POST /useradmin/v2/user": "account",
        "PUT /useradmin/v2/user/<user>": "account",
        "PUT /useradmin/v2/user/<user>/reenable": "return",
        f"PUT {user}/unblock": "return",
        "PUT /customeradmin/v2/customer/<customer>/reenable": "return",
        "PUT /authentication/v1/password": "password",
        "PUT /currentuser/v1/password": "password",
        f"PUT {user}/password/reset": "password",
        "PUT /useradmin/v2/user/<user>/resetpassword": "password",
        "POST /authentication/v1/totp": "factor",
        "PUT /authentication/v1/totp": "factor",
        "DELETE /authentication/v1/totp": "factor",
        f"POST {user}/totp": "factor",
        f"DELETE {user}/totp": "factor",
        "POST /authentication/v1/signature/webauthn/enroll": "factor",
        "DELETE /authentication/v1/signature/<int:key_id>": "factor",
        f"DELETE {user}/signature/<int:key_id>": "factor",
        f"PUT {user}/enable/<method>": "method",
        f"PUT {user}/disable/<method>": "method",
        "POST /authentication/v1/apikey": "key",
        f"PUT /authentication/v1/apikey/{key}": "key",
        "PUT /authentication/v1/apikey/<number>": "key",
        f"POST {user}/apikey": "key",
        f"PUT {user}/apikey/{key}": "key",
        "POST /authentication/v1/oauth/client": "client",
        "PUT /authentication/v1/oauth/client/<client>": "client",
        "DELETE /authentication/v1/oauth/client/<client>": "client",
        "PUT /authentication/v1/oauth/client/<client>/serviceuser": "key",
        "DELETE /authentication/v1/oauth/client/<client>/serviceuser": "client",
    }
    assert set(declared(app).values()) == {way.name for way in ways_in.ALL}


def test_openapi_names_exactly_these(app: Flask) -> None:
    """An extension for programs, a sentence for people."""
    paths = app.test_client().get("/openapi.json").json["paths"]
    told = [one for path in paths.values() for one in path.values() if "x-way-in" in one]
    assert sorted(one["x-way-in"] for one in told) == sorted(declared(app).values())
    words = {way.name: way.words for way in ways_in.ALL}
    assert all(words[one["x-way-in"]] in one["description"] for one in told)


# --- who opens one ----------------------------------------------------------------------------------------


def sources() -> dict[str, str]:
    """The text of every module of use cases, of the API and of the pages."""
    return read_sources("services", "api", "web")


class Calls:
    """Which function calls which, which writes a column, and which is a view."""

    def __init__(self, modules: dict[str, str]) -> None:
        self.called: dict[str, set[str]] = {}
        self.writers: set[str] = set()
        self.views: dict[str, bool] = {}
        self.pages: set[str] = set()
        for module, text in modules.items():
            if module != "app.api.auth":
                self._read(module, text)

    def _read(self, module: str, text: str) -> None:
        for name, function, targets in list_functions(module, text):
            self.called[name] = targets
            nodes = (node for line in function.body for node in ast.walk(line))
            if module.startswith("app.services.") and any(map(_writes, nodes)):
                self.writers.add(name)
            for decorator in function.decorator_list:
                if getattr(decorator, "id", "") == "require_login":
                    self.pages.add(name)
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") in (
                    "endpoint",
                    "public",
                ):
                    self.views[name] = any(keyword.arg == "way_in" for keyword in decorator.keywords)

    def reaching(self, ends: set[str]) -> set[str]:
        """All that leads to one of these, and they themselves."""
        return list_reaching(self.called, ends)


def _writes(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        parts = [part for one in node.targets for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
        return any(isinstance(part, ast.Attribute) and part.attr in COLUMNS for part in parts)
    made = isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
        "User", "OAuthClient", "APIKey", "WebAuthnCredential", "TOTPGenerator", "values",
    )  # fmt: skip
    return made and (any(one.arg is None or one.arg in COLUMNS for one in node.keywords))


def found_wrong(modules: dict[str, str]) -> set[str]:
    """Views of the API that open a way in and do not declare it; pages of the console that ask nobody."""
    calls = Calls(modules)
    opening = calls.reaching((calls.writers | ALSO) - HARMLESS)
    judging = calls.reaching({name for name in calls.called if name.startswith(JUDGE)})
    silent = {name for name, is_declared in calls.views.items() if name in opening and not is_declared}
    console = {name for name in calls.pages if name.startswith("app.web.console.")}
    return (silent - OTHERWISE) | ((console & opening) - judging)


def test_the_source_is_read() -> None:
    """The means of this file find what they are about."""
    calls = Calls(sources())
    assert {
        "app.services.access.apikeys.create_key",
        "app.services.administration.users_and_groups.unblock_user",
        "app.services.clients.secrets.keep_secret",
        "app.services.login.login_methods.enable_method",
        "app.services.login.passkey_enrolment.prepare_enrolment",
        "app.services.login.password_login.reset_password",
        "app.services.login.password_login.store_password",
        "app.services.login.totp._activate_pending",
    } <= calls.writers
    assert set(calls.called) >= ALSO
    assert calls.writers >= HARMLESS
    assert len(calls.pages) > 50
    declared = {name for name, is_declared in calls.views.items() if is_declared}
    assert declared <= calls.reaching(calls.writers | ALSO), "a declaration of something that opens nothing"


def test_no_way_in_is_undeclared() -> None:
    assert found_wrong(sources()) == set()


@pytest.mark.parametrize(
    "line",
    [
        "totp.install_generator(user, caller.actor)",
        "registry.delete_client(client, caller)",
        "_help(user)",
        "return run_in_transaction(lambda: apikeys.create_key(user, 'x', caller.actor))",
    ],
)
def test_a_call_that_opens_one_and_does_not_say_so_is_found(line: str) -> None:
    """Also through a helper, and where nobody thought of it."""
    text = f"""
from app.services.access import apikeys
from app.services.clients import registry
from app.services.login import totp

@blueprint.post("/new")
@endpoint(answers=Nothing, writes=True)
def sensitive(caller):
    {line}

def _help(user):
    totp.remove_generator(user, None)
"""
    assert found_wrong(sources() | {"app.api.made_up": text}) == {"app.api.made_up.sensitive"}
    said = text.replace("writes=True", "writes=True, way_in=FACTOR")
    assert found_wrong(sources() | {"app.api.made_up": said}) == set()


def test_a_page_that_asks_nobody_is_found() -> None:
    text = """
from app.services.access import apikeys
from app.services.access import ways_in

@blueprint.post("/new")
@require_login
def sensitive(caller):
    apikeys.create_key(user, "x", caller.actor)
"""
    assert found_wrong(sources() | {"app.web.console.made_up": text}) == {"app.web.console.made_up.sensitive"}
    asking = text + "    ways_in.require(caller, None, None)\n"
    assert found_wrong(sources() | {"app.web.console.made_up": asking}) == set()
