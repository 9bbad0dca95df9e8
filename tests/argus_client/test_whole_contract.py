"""Every function of the official client in these modules: exercised and validated, or out for a reason."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests
from argus_api.authentication import PasswordAuthentication
from argus_api.authentication import SessionTokenAuth
from argus_api.pagination import offset_paginated
from argus_api.session import ArgusAPISession

from tests.argus_client.contract import functions
from tests.argus_client.contract import is_hollow
from tests.argus_client.contract import problems
from tests.argus_client.contract import route
from tests.drivers.authenticator import Authenticator
from tests.servers import LiveServer
from tests.servers import running

pytestmark = pytest.mark.server
TABLE = Path(__file__).parents[2] / "docs" / "contract.md"
REASONS = {
    "sms": "not wanted: SMS",
    "ldap": "not wanted: LDAP",
    "cloudprovider": "not wanted: cloud provider sources",
    "device_enrollment": "not wanted: device enrolment",
    "enroll_public_key": "not wanted: device enrolment",
    "public_key_enrollment": "not wanted: device enrolment",
    "authentication.v1.enroll.": "not wanted: device enrolment",
    "authentication.v1.enrollment": "not wanted: device enrolment",
    "user_enrollment": "not wanted: device enrolment",
    "openid": "not wanted: Argus as a client of other providers",
    "image": "not wanted: pictures",
    "picture": "not wanted: pictures",
    "customer_logo": "not wanted: pictures",
    "propertydescriptor": "not wanted: customer properties",
    "customer_properties": "not wanted: customer properties",
    "user_roles": "not wanted: customer user roles",
    "prune_customer_data": "not wanted: business data",
    "private_key": "not wanted: keys made by the server",
    "delete_signature": "not wanted: keys made by the server",
    "evict_signature_session": "not wanted: keys made by the server",
    "download_public_key": "not wanted: keys made by the server",
    "signature.initialize_": "not wanted: device enrolment",
    "signature.poll_": "not wanted: device enrolment",
}


def why_out(name: str) -> str | None:
    """The reason why a function is not answered; the first that fits."""
    return next((reason for part, reason in REASONS.items() if part in name), None)


class Scenario:
    """Calls by the real client, each answer validated; remembers what was exercised."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.admin = ArgusAPISession(server.key, api_url=server.base)
        self.exercised: set[str] = set()
        self.filled: set[str] = set()
        self.wrong: list[str] = []

    def call(self, name: str, session: ArgusAPISession | None = None, /, **arguments: Any) -> Any:
        """The ``data`` of an answer."""
        answer = functions()[name](api_session=session or self.admin, json=False, **arguments)
        body = answer.json()
        self.exercised.add(name)
        if not is_hollow(name, answer.status_code, body):
            self.filled.add(name)
        self.wrong += [f"{name}: {problem}" for problem in problems(name, answer.status_code, body)]
        return body.get("data", body)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with running(tmp_path_factory.mktemp("whole")) as live:
        yield Scenario(live)


def test_every_function_is_exercised_or_out(scenario: Scenario) -> None:
    """The whole walk; then nothing is left that is neither exercised nor out, and the table says so."""
    for part in (
        _clients,
        _sessions,
        _proofs,
        _codes,
        _passkeys,
        _users,
        _groups,
        _functions,
        _permissions,
        _customers,
        _basic,
        _own,
        _last,
    ):
        part(scenario)
    assert not scenario.wrong, "\n".join(scenario.wrong)
    hollow = scenario.exercised - scenario.filled
    assert not hollow, "only seen empty, their rows never compared:\n" + "\n".join(sorted(hollow))
    left = {name for name in functions() if name not in scenario.exercised}
    unexplained = sorted(name for name in left if why_out(name) is None)
    assert unexplained == []
    _compare_table(scenario.exercised)


def test_what_is_out_answers_404_in_the_envelope(scenario: Scenario) -> None:
    """Never a page, never a 500."""
    for name in sorted(functions()):
        if why_out(name) is None:
            continue
        method, path = route(name)
        headers = {"Argus-API-Key": scenario.server.key}
        answer = requests.request(method, scenario.server.base + path, headers=headers, json={}, timeout=30)
        assert answer.status_code == 404, (name, answer.status_code)
        assert answer.json()["responseCode"] == answer.status_code


def _clients(s: Scenario) -> None:
    m = "authentication.v1.oauth.oauth_authorize."
    made = s.call(
        m + "create_oauth2_client",
        authenticationMethod="password", clientIPRange=["127.0.0.1"], clientSecret="a secret of some length",
        description="d", mainURI="https://a.example.com/", name="A", permissionScope="REPORT-ANALYST",
        permittedScopes=["openid", "profile"], redirectURIs=["https://a.example.com/cb"],
        requiredFunction="useReports", shortName="contract-app", maxSecurityLevel="standard",
    )  # fmt: skip
    s.call(m + "get_oauth2_client", idOrShortname=made["id"])
    s.call(m + "update_oauth2_client", idOrShortname="contract-app", name="B")
    assert s.call(m + "list_oauth2_clients", keywords=["contract"])[0]["name"] == "B"
    assert s.call(m + "search_oauth2_clients", requiredFunction=["useReports"], keywords=["contract-app"])
    person = _person(s, "alice")
    approved = s.call(
        m + "authorize", person, clientID=made["id"], redirectURI="https://a.example.com/cb",
        responseType=["code"], scope=["openid", "profile"], state="s",
    )  # fmt: skip
    credentials = {"client_id": made["id"], "client_secret": "a secret of some length"}
    form = {"grant_type": "authorization_code", "code": approved["authorizationCode"],
            "redirect_uri": "https://a.example.com/cb"}  # fmt: skip
    tokens = _bare(s, m + "get_token", body=form | credentials)
    told = _bare(s, m + "introspect_token", body={"token": tokens["access_token"]} | credentials)
    assert told["active"] is True
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    for name in ("get_user_info", "post_user_info"):
        assert _bare(s, m + name, authentication=bearer)["preferred_username"] == "alice"
    s.call(m + "delete_oauth2_client", idOrShortname="contract-app")


def _bare(s: Scenario, name: str, **arguments: Any) -> dict[str, Any]:
    """The OAuth endpoints answer bare: the envelope of their schema is an artefact (contract 2.7)."""
    s.exercised.add(name)
    s.filled.add(name)
    return dict(functions()[name](api_session=s.admin, **arguments))


def _person(s: Scenario, name: str) -> ArgusAPISession:
    return ArgusAPISession(PasswordAuthentication(name, s.server.password(name)), api_url=s.server.base)


def _sessions(s: Scenario) -> None:
    m, person = "authentication.v1.session.", _person(s, "alice")
    s.call(m + "get_session", person)
    for name in ("get_session_customers", "get_session_functions", "clear_session_data"):
        s.call(m + name, person)
    s.call(m + "check_session_function_permission", person, function="useReports")
    s.call(m + "check_session_permission", person, function="useReports", customer="nordic")
    s.call(m + "constrain_session", s.admin, function=["viewUsers"])
    s.call("authentication.v1.constrain.constrain", s.admin, function=["viewUsers"])
    s.call(m + "impersonate_session", s.admin, user="dave", securityLevel="external")
    s.call("authentication.v1.impersonate.impersonate", s.admin, user="dave", function=["viewUsers"])
    s.admin._session.cookies.clear()
    identifier = s.call(m + "get_session", person)["sessionIdentifier"]
    s.call(m + "evict_session", s.admin, sessionIdentifier=identifier)
    s.call(m + "delete_session", _person(s, "alice"))
    s.call("authentication.v1.logout.logout", _person(s, "alice"))
    s.call("authentication.v1.client.get_unauthenticated_client_info")
    s.call(
        "authentication.v1.password.password_authentication",
        userName="bob",
        password=s.server.password("bob"),
    )
    s.admin._session.cookies.clear()
    s.call("authentication.v1.events.get_current_user_authentication_events", _person(s, "alice"), limit=5)
    s.call(
        "authentication.v1.customer.customer_events.get_customer_authentication_events", customer=["nordic"]
    )
    keys = "authentication.v1.apikey."
    password = s.server.told["adminPassword"]
    made = s.call(keys + "initiate_api_key", description="contract", password=password)
    s.call(keys + "list_api_keys")
    s.call(keys + "revoke_api_key_by_prefix", prefix=made["keyDescriptor"]["prefix"])


def _proofs(s: Scenario) -> None:
    """Step-up, change of password, methods, renewal of keys: on a user made for it."""
    first = s.server.command("user", "create", "erik", "--customer", "nordic").split()[1]
    person = ArgusAPISession(PasswordAuthentication("erik", first), api_url=s.server.base)
    m = "authentication.v1."
    proof = s.call(
        m + "password.password_user_authorization", person,
        password=first, operation="apikey.create", nextURI="/",
    )  # fmt: skip
    s.call(
        m + "authorization.authorization_validate.validate_user_authorization", person,
        authorization=proof["authorization"], operation="apikey.create",
    )  # fmt: skip
    key = s.call(
        m + "apikey.initiate_api_key", person, description="by step-up", authorization=proof["authorization"]
    )
    prefix = key["keyDescriptor"]["prefix"]
    s.call(m + "apikey.renew_api_key_by_prefix", person, prefix=prefix, password=first, expirationDays=10)
    number = int(prefix.split("/")[1], 16)
    s.call(m + "apikey.renew_api_key_by_id", person, keyID=number, password=first, expirationDays=20)
    s.call(m + "user.user.renew_user_api_key_by_prefix", user="erik", prefix=prefix, expirationDays=30)
    s.call(m + "methods.get_methods")
    s.call(m + "session.get_session_auth_methods", person)
    s.call("currentuser.v1.authmethods.get_current_user_methods", person)
    s.call(m + "user.user.get_user_methods", user="erik")
    s.call(m + "user.user.disable_method_for_user", user="erik", method="totp")
    s.call(m + "user.user.enable_method_for_user", user="erik", method="totp")
    s.call(m + "password.test_user_password", person, password="correct horse battery staple")
    second, third = "a second long password", "a third long password"
    s.call(m + "password.change_current_user_password", person, oldPassword=first, newPassword=second)
    person = ArgusAPISession(PasswordAuthentication("erik", second), api_url=s.server.base)
    s.call("currentuser.v1.password.change_password", person, oldPassword=second, newPassword=third)
    s.call(m + "password.legacy_password_authentication", userName="erik", password=third)
    s.admin._session.cookies.clear()
    s.call(m + "user.user.reset_password", user="erik")
    s.call("useradmin.v2.user.reset_password", shortNameOrID="erik")


def _codes(s: Scenario) -> None:
    """One-time codes; a fresh generator for each login, because a code counts once."""
    m, password = "authentication.v1.totp.", s.server.password("carol")
    own = _person(s, "carol")
    seed = s.call(m + "initialize_totp_generator", own, password=password)
    s.call(
        m + "verify_totp_generator", own,
        cookie=seed["cookie"], verificationCode=pyotp.TOTP(seed["seedBase32"]).now(),
    )  # fmt: skip
    for name in ("totp_authentication", "legacy_totp_authentication"):
        fresh = s.call("authentication.v1.user.user.initiate_user_totp", user="carol")
        generator = pyotp.TOTP(fresh["seedBase32"])
        answer = s.call(m + name, userName="carol", password=password, tokenCode=generator.now())
        s.admin._session.cookies.clear()
    strong = ArgusAPISession(SessionTokenAuth(answer["requestCredentialsData"]), api_url=s.server.base)
    s.call(
        m + "totp_user_authorization", strong,
        tokenCode=generator.at(int(time.time()) + 30), operation="apikey.create", nextURI="/",
    )  # fmt: skip
    s.call(m + "revoke_totp_generator", strong)
    s.call("authentication.v1.user.user.initiate_user_totp", user="carol")
    s.call("authentication.v1.user.user.revoke_user_totp", user="carol")


def _passkeys(s: Scenario) -> None:
    """Enrol, log in, authorize, list, revoke; with an authenticator that really signs."""
    m, password = "authentication.v1.signature.", s.server.password("dave")
    device, own = Authenticator(s.server.base, "127.0.0.1"), _person(s, "dave")
    s.call(m + "get_webauthn_create_options", own)
    options = s.call(m + "request_webauthn_enrollment_challenge", own)
    proof = s.call(
        "authentication.v1.password.password_user_authorization", own,
        password=password, operation="publickey.enroll", nextURI="/",
    )  # fmt: skip
    sent = device.enrols(options)
    s.call(m + "enroll_webauthn_key", own, authorization=proof["authorization"], **sent)
    s.call(m + "get_webauthn_authentication_options", userName="dave", domain="MNEMONIC")
    asked = s.call(
        m + "request_webauthn_authentication_challenge", userName="dave", domain="MNEMONIC", password=password
    )
    answer = s.call(m + "webauthn_authentication", userName="dave", domain="MNEMONIC", **device.signs(asked))
    s.admin._session.cookies.clear()
    token = answer["credentials"]["requestCredentialsData"]
    strong = ArgusAPISession(SessionTokenAuth(token), api_url=s.server.base)
    asked = s.call(m + "get_webauthn_user_authorization_options", strong)
    s.call(
        m + "webauthn_user_authorization", strong,
        operation="apikey.create", nextURI="/", **device.signs(asked),
    )  # fmt: skip
    (key,) = s.call(m + "list_public_keys", strong)["keys"]
    s.call("authentication.v1.user.user.list_user_public_keys", user="dave")
    s.call(m + "revoke_key", strong, keyID=key["keyID"])


def _users(s: Scenario) -> None:
    m, a = "useradmin.v2.user.", "authentication.v1.user.user."
    made = s.call(
        m + "add_user", customer="nordic", name="Erin Eriksen", shortName="erin", email="e@example.com"
    )
    assert s.call(m + "get_user", shortNameOrID="erin")["id"] == made["id"]
    s.call(
        m + "update_user",
        shortNameOrID="erin",
        name="Erin E",
        phone={"countryCode": "47", "nationalNumber": "123"},
    )
    assert [u["shortName"] for u in s.call(m + "list_users", keywords=["erin"])] == ["erin"]
    found = s.call(
        m + "search_users", keywordFieldStrategy=["all"], keywordMatchStrategy="all",
        timeMatchStrategy="any",
        sortBy=["-shortName"], timeFieldStrategy=["createdTimestamp"], keywords=["ERIN"],
        subCriteria=[{"customer": ["nordic"], "required": True}, {"subject": ["dave"], "exclude": True}],
    )  # fmt: skip
    assert [u["shortName"] for u in found] == ["erin"]
    s.call(m + "list_permissions_for_user", shortNameOrID="alice")
    s.call(m + "move_user", shortNameOrID="erin", customer="fjord-bank")
    s.call(m + "set_user_preferences", shortNameOrID="erin", preferences={"a": "1"})
    s.call(m + "set_user_preference", shortNameOrID="erin", key="b", value="2")
    s.call(m + "list_user_preferences", shortNameOrID="erin")
    s.call(m + "list_user_preference_as_map", shortNameOrID="erin")
    s.call(m + "get_user_preference", shortNameOrID="erin", key="a")
    s.call(m + "delete_user_preferences", shortNameOrID="erin", key=["a"])
    s.call(a + "get_user_authentication_status", user="erin")
    key = s.call(a + "initiate_user_api_key", user="erin", description="contract")
    s.call(a + "list_user_api_keys", user="erin")
    s.call(a + "revoke_user_api_key_by_prefix", user="erin", prefix=key["keyDescriptor"]["prefix"])
    key = s.call(a + "initiate_user_api_key", user="erin", description="contract")
    s.call(
        a + "revoke_user_api_key_by_id",
        user="erin",
        keyID=int(key["keyDescriptor"]["prefix"].split("/")[1], 16),
    )
    s.call(a + "block_user", user="erin")
    s.call(a + "unblock_user", user="erin")
    s.call(a + "delete_all_user_sessions", user="erin")
    s.call(a + "get_user_authentication_events", user="alice")
    s.call(m + "delete_user", shortNameOrID="erin")
    s.call(m + "reenable_user", shortNameOrID="erin")


def _groups(s: Scenario) -> None:
    m, g = "useradmin.v2.group.", "useradmin.v2.membership."
    s.call(m + "add_group", customer="nordic", name="Readers", shortName="readers")
    s.call(m + "get_group", shortNameOrID="readers")
    s.call(m + "update_group", shortNameOrID="readers", description="those who read")
    s.call(m + "list_groups_1")
    s.call(
        m + "search_groups", keywordFieldStrategy=["all"], keywordMatchStrategy="all",
        timeMatchStrategy="any",
        sortBy=["name"], timeFieldStrategy=["all"],
    )  # fmt: skip
    s.call(m + "add_group_members", shortNameOrID="readers", subject=["dave", "bob"])
    s.call(m + "list_subjects_in_group", shortNameOrID="readers")
    s.call(m + "list_permissions_for_group", shortNameOrID="polar-analysts")
    s.call(m + "remove_subjects_from_group", shortNameOrID="readers", subject=["dave"])
    (row,) = s.call(
        "useradmin.v2.subject.add_subject_group_memberships", shortNameOrID="dave", parentGroups=["readers"]
    )
    assert s.call(g + "list_memberships", subject=["dave"])[0]["id"] == row["id"]
    s.call(g + "search_memberships", subject=["readers"], subjectFieldStrategy=["group"])
    s.call(g + "remove_memberships_bulk", membershipID=[row["id"]])
    s.call(m + "move_group", shortNameOrID="readers", customer="fjord-bank")
    s.call(m + "delete_group", shortNameOrID="readers")
    s.call(m + "reenable_group", shortNameOrID="readers")
    m = "useradmin.v2.subject."
    s.call(m + "get_subject", shortNameOrId="readers")
    s.call(m + "list_subjects")
    s.call(
        m + "search_subjects", keywordFieldStrategy=["all"], keywordMatchStrategy="all",
        timeMatchStrategy="any",
        sortBy=["id"], timeFieldStrategy=["all"], type="group",
        permissions=[{"function": "useReports", "customer": "polar-shipping"}],
    )  # fmt: skip


def _functions(s: Scenario) -> None:
    m = "useradmin.v2.function."
    s.call(m + "add_function", name="contractThings", parent="REPORT-READER")
    s.call(m + "get_function", functionNameOrID="contractThings")
    s.call(
        m + "update_function",
        functionNameOrID="contractThings",
        description="d",
        minimumSecurityLevel="standard",
    )
    s.call(m + "list_functions", ancestor=["REPORT-READER"])
    found = s.call(
        m + "search_functions",
        keywordFieldStrategy=["name"],
        keywordMatchStrategy="all",
        keywords=["contract"],
    )
    assert [f["name"] for f in found] == ["contractThings"]
    s.call(m + "list_function_parents", functionNameOrID="contractThings")
    s.call(m + "list_function_children", functionNameOrID="REPORT-READER")
    s.call(m + "add_function_child", functionNameOrID="REPORT-ANALYST", children=["contractThings"])
    s.call(m + "remove_function_child", functionNameOrID="REPORT-ANALYST", child=["contractThings"])
    s.call("useradmin.v2.functionmapping.list_function_mappings", parent=["REPORT-READER"])
    s.call(
        "useradmin.v2.functionmapping.search_function_mappings",
        child=["contractThings"],
        sortBy=["parentName"],
    )
    s.call(m + "delete_function", functionNameOrID="contractThings")


def _permissions(s: Scenario) -> None:
    m = "useradmin.v2.permission."
    made = s.call(m + "grant_permission", customer="nordic", function="viewReports", subject="dave")
    s.call(m + "list_permissions", subject=["dave"])
    s.call(
        m + "search_permissions",
        keywordFieldStrategy=["function"],
        keywordMatchStrategy="all",
        keywords=["viewReports"],
    )
    s.call(m + "revoke_permission", permissionID=made["id"])
    wanted = [{"customer": "nordic", "function": f, "subject": "dave"} for f in ("viewReports", "useReports")]
    rows = s.call(m + "grant_permissions_bulk", permissions=wanted)
    s.call(m + "revoke_permissions_bulk", permission=[row["id"] for row in rows])


def _customers(s: Scenario) -> None:
    m = "customeradmin.v2.customer."
    s.call(m + "add_customer", name="New Customer", parent="nordic", shortName="new-customer")
    s.call(m + "get_customer", idOrShortName="new-customer")
    s.call(m + "update_customer", idOrShortName="new-customer", name="Newer", excludeFromProduction=True)
    s.call(m + "list_customers", keywords=["newer"])
    assert s.call(m + "search_customers", includeFlags=["excludeFromProduction"])[0]["name"] == "Newer"
    s.call(m + "move_customer", idOrShortName="new-customer", parent="root")
    s.call(m + "disable_customer", idOrShortName="new-customer")
    s.call(m + "reenable_customer", idOrShortName="new-customer")
    s.call("customeradmin.v2.domain.get_domains")
    m = "customers.v2.customer."
    s.call(m + "get_customer", idOrShortName="nordic")
    s.call(m + "list_customers")
    s.call(m + "search_customers")
    s.call("customers.v2.domain.get_domains")


def _basic(s: Scenario) -> None:
    keywords: dict[str, Any] = {"keywordFieldStrategy": ["all"], "keywordMatchStrategy": "all"}
    for kind in ("user", "group", "subject"):
        m = f"users.v2.{kind}."
        named = "polar-analysts" if kind == "group" else "alice"
        s.call(m + f"get_basic_{kind}", shortNameOrID=named)
        s.call(m + f"list_basic_{kind}s", keywords=[named])
        s.call(m + f"search_basic_{kind}s", **keywords)
    carol = s.call("users.v2.user.get_basic_user", shortNameOrID="carol")
    s.call("users.v2.subject.get_subject_group_memberships", subject=carol["id"])
    s.call("users.v2.function.get_basic_function", idOrShortname="useReports")
    s.call("users.v2.function.list_basic_functions")
    s.call("users.v2.function.search_basic_functions", **keywords)


def _own(s: Scenario) -> None:
    m = "currentuser.v1."
    s.call(m + "user.get_current_user")
    s.call(m + "functions.get_functions")
    s.call(m + "customers.get_customers")
    s.call(m + "groups.get_current_user_groups", _person(s, "carol"), includeAncestors=True)
    s.call(m + "permissions.get_current_user_permissions")
    s.call(m + "permission.permission.check_permission", function="viewUsers", customer="root")
    s.call(m + "prefs.set_properties", body={"a": "1", "b": "2"})
    s.call(m + "prefs.list_properties")
    s.call(m + "preferences.list_current_user_preferences")
    s.call(m + "prefs.get_property", propertyKey="a")
    s.call(m + "prefs.delete_property", propertyKey="a")
    s.call(m + "prefs.delete_properties", key=["b"])


def _last(s: Scenario) -> None:
    """The paginator of the client reads a list to its end."""
    list_functions = functions()["useradmin.v2.function.list_functions"]
    pages = list(offset_paginated(list_functions)(limit=7, api_session=s.admin))
    assert len({f["id"] for page in pages for f in page["data"]}) == pages[0]["count"]


def _compare_table(exercised: set[str]) -> None:
    lines = [
        "# The official client's functions",
        "",
        "Written by `tests/argus_client/test_whole_contract.py` under `ARGUS_TEST_WRITE_DOCS=1`.",
        "Each ✅ is called through the unmodified client against a running server, its body validated",
        "against the response schema inside the package. What is out answers 404 in the envelope.",
        "",
        "| function | answered |",
        "| --- | --- |",
    ]
    lines += [f"| `{n}` | {'✅' if n in exercised else why_out(n)} |" for n in sorted(functions())]
    text = "\n".join(lines) + "\n"
    if os.environ.get("ARGUS_TEST_WRITE_DOCS") == "1":
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == text
