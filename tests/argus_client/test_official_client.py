"""The unmodified official client, ``argus-api[oauth]``, against a running server (contract 5)."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from argus_api.authentication import PasswordAuthentication
from argus_api.authentication import SessionTokenAuth
from argus_api.authentication.oauth2 import OAuth2Auth
from argus_api.exceptions.client import ArgusAPIAuthenticationError
from argus_api.exceptions.http import AccessDeniedException
from argus_api.exceptions.http import AuthenticationFailedException
from argus_api.exceptions.http import ObjectNotFoundException
from argus_api.exceptions.http import ValidationErrorException
from argus_api.lib.authentication.v1 import session as session_api
from argus_api.lib.authentication.v1.oauth import oauth_authorize as oauth_api
from argus_api.lib.currentuser.v1 import user as current_user_api
from argus_api.lib.useradmin.v2 import permission as permission_api
from argus_api.session import ArgusAPISession
from requests_oauthlib import OAuth2Session

from tests.drivers.web_person import WebPerson
from tests.servers import LiveServer
from tests.servers import running

pytestmark = pytest.mark.server
TOKEN = "/authentication/v1/oauth/token"
CLIENT = "/authentication/v1/oauth/client"
REDIRECT = "http://127.0.0.1:8081/callback"
SECRET = "a secret chosen by a person"

# The guide's own example, with a real range: no authenticationMethod, one redirectURI.
GUIDE = {
    "shortName": "my-application",
    "name": "My Application",
    "description": "My super awesome app",
    "mainURI": "https://my.application.com/",
    "requiredFunction": "useReports",
    "permissionScope": "REPORT-ANALYST",
    "clientIPRange": ["127.0.0.1/32"],
    "permittedScopes": ["openid", "profile"],
    "redirectURI": "https://my.application.com/callback",
    "clientSecret": "pleaseUseASecureSecretHere",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("official")) as live:
        yield live


@pytest.fixture(scope="module")
def admin(server: LiveServer) -> ArgusAPISession:
    return ArgusAPISession(server.key, api_url=server.base)


@pytest.fixture
def insecure_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib refuses plain http; ours is loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def make_client(admin: ArgusAPISession, short_name: str, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "authenticationMethod": "password",
        "clientIPRange": ["127.0.0.1"],
        "clientSecret": SECRET,
        "description": "An application",
        "mainURI": "https://app.example.com/",
        "maxSecurityLevel": "standard",
        "name": "Application",
        "permissionScope": "REPORT-ANALYST",
        "permittedScopes": ["openid", "profile"],
        "redirectURIs": [REDIRECT],
        "requiredFunction": "useReports",
        "shortName": short_name,
    }
    answer = oauth_api.create_oauth2_client(**(fields | changes), api_session=admin)
    assert answer["responseCode"] == 201
    return dict(answer["data"])


def person(server: LiveServer, name: str) -> WebPerson:
    return WebPerson(server.base, name, server.password(name))


def flow(
    server: LiveServer, client_id: str, who: WebPerson, **fetch: Any
) -> tuple[OAuth2Session, ArgusAPISession]:
    """The walk-through of contract 5.2; ``fetch`` are the extra arguments of ``fetch_token``."""
    oauth = OAuth2Session(
        client_id,
        redirect_uri=REDIRECT,
        scope=["openid", "profile"],
        auto_refresh_url=server.base + TOKEN,
        auto_refresh_kwargs={"client_id": client_id, "client_secret": SECRET},
    )
    url, _ = oauth.authorization_url(server.base + "/oauth/authorize")
    oauth.fetch_token(server.base + TOKEN, authorization_response=who.approves(url), **fetch)
    return oauth, ArgusAPISession(OAuth2Auth(oauth), api_url=server.base)


def test_it_is_the_official_client() -> None:
    """The version the contract was read from."""
    assert importlib.metadata.version("argus-api") == "5.1.0"


@pytest.mark.usefixtures("insecure_transport")
@pytest.mark.parametrize("include_client_id", [None, True])
def test_code_flow_refresh_and_log_out(
    server: LiveServer, admin: ArgusAPISession, include_client_id: bool | None
) -> None:
    """Steps 1 to 7: Basic and form credentials; it refreshes by itself; refused after the log-out."""
    client = make_client(admin, f"flow-{'form' if include_client_id else 'basic'}")
    alice = person(server, "alice")
    oauth, api = flow(server, client["id"], alice, client_secret=SECRET, include_client_id=include_client_id)
    api.authenticate(check=True)
    assert user_name(api) == "alice"
    functions = {f["name"] for f in session_api.get_session_functions(api_session=api)["data"]}
    assert functions == {"REPORT-ANALYST", "REPORT-READER", "exportReports", "useReports", "viewReports"}

    before = oauth.access_token
    oauth.token["expires_at"] = 1
    assert session_api.get_session(api_session=api)["responseCode"] == 200
    assert oauth.access_token != before

    alice.logs_out()
    with pytest.raises(AuthenticationFailedException):
        session_api.get_session(api_session=api)
    oauth.token["expires_at"] = 1
    with pytest.raises(Exception, match="invalid_grant"):
        session_api.get_session(api_session=api)


@pytest.mark.usefixtures("insecure_transport")
def test_public_client_sends_basic_with_an_empty_password(server: LiveServer, admin: ArgusAPISession) -> None:
    """Step 5c; requests-oauthlib 1.3 knows no PKCE, so the demo client gets its verifier by hand."""
    client = make_client(
        admin, "public", authenticationMethod="none", clientSecret=None, permittedScopes=["openid", "profile"]
    )
    verifier = "v" * 64
    oauth = OAuth2Session(client["id"], redirect_uri=REDIRECT, scope=["openid", "profile"])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    url, _ = oauth.authorization_url(
        server.base + "/oauth/authorize", code_challenge=challenge, code_challenge_method="S256"
    )
    target = person(server, "alice").approves(url)
    oauth.fetch_token(server.base + TOKEN, authorization_response=target, code_verifier=verifier)
    api = ArgusAPISession(OAuth2Auth(oauth), api_url=server.base)
    assert session_api.get_session(api_session=api)["responseCode"] == 200


def test_typed_exceptions(server: LiveServer, admin: ArgusAPISession) -> None:
    """Contract 1.4: 401, 403, 404 and 412 arrive as the client's own exceptions, with a message."""
    nobody = ArgusAPISession(server.key[:-3] + "xyz", api_url=server.base)
    with pytest.raises(AuthenticationFailedException):
        session_api.get_session(api_session=nobody)
    with pytest.raises(ArgusAPIAuthenticationError):
        nobody.authenticate(check=True)
    alice = ArgusAPISession(PasswordAuthentication("alice", server.password("alice")), api_url=server.base)
    with pytest.raises(AccessDeniedException) as denied:
        permission_api.grant_permission(
            customer="nordic", function="useReports", subject="alice", api_session=alice
        )
    assert denied.value.message
    with pytest.raises(ObjectNotFoundException):
        oauth_api.get_oauth2_client(idOrShortname="no-such-client", api_session=admin)
    with pytest.raises(ValidationErrorException, match="clientIPRange"):
        make_client(admin, "wrong", clientIPRange=["10.0.0.1/8"])


def test_password_authentication(server: LiveServer) -> None:
    """Contract 1.7, 3.1: default domain, cookie and CSRF token on every call; log-out ends it."""
    api = ArgusAPISession(PasswordAuthentication("alice", server.password("alice")), api_url=server.base)
    assert session_api.get_session(api_session=api)["data"]["authenticationMethod"] == "PASSWORD"
    assert user_name(api) == "alice"
    session_api.delete_session(api_session=api)
    with pytest.raises(AuthenticationFailedException):
        session_api.get_session(api_session=api)
    wrong = ArgusAPISession(PasswordAuthentication("alice", "not it"), api_url=server.base)
    with pytest.raises(ArgusAPIAuthenticationError):
        wrong.authenticate()


def test_the_guides_example_creates_a_client(server: LiveServer) -> None:
    """By ``curl -d`` without a content type, as the guide writes it; PUT of a name changes nothing else."""
    made = curl(server, "POST", CLIENT, GUIDE)
    assert made["responseCode"] == 201, made
    data = made["data"]
    assert data["authenticationMethod"] == "password"
    assert data["redirectURIs"] == ["https://my.application.com/callback"]
    assert "pleaseUseASecureSecretHere" not in json.dumps(made)
    changed = curl(server, "PUT", f"{CLIENT}/my-application", {"name": "Another name"})
    assert changed["responseCode"] == 200
    moving = {"name", "lastUpdatedTimestamp", "lastUpdatedByUser"}
    kept = {k: v for k, v in data.items() if k not in moving}
    assert kept == {k: v for k, v in changed["data"].items() if k not in moving}
    assert changed["data"]["name"] == "Another name"
    assert curl(server, "PUT", f"{CLIENT}/my-application", {"name": "Another name"})["responseCode"] == 220


def test_script_without_browser(server: LiveServer) -> None:
    """Contract 5.4: an API key buys a short session by ``client_credentials``."""
    key = server.command("apikey", "create", "alice", "--description", "script").split()[-1]
    client = server.client("report-portal")
    api = ArgusAPISession(key, api_url=server.base)
    answer = oauth_api.get_token(
        body={
            "grant_type": "client_credentials",
            "client_id": client["id"],
            "client_secret": client["clientSecret"],
        },
        api_session=api,
    )
    bearer = ArgusAPISession(SessionTokenAuth(answer["access_token"]), api_url=server.base)
    assert user_name(bearer) == "alice"


def user_name(api: ArgusAPISession) -> str:
    """Who acts; ``GET /session`` does not say."""
    return str(current_user_api.get_current_user(api_session=api)["data"]["userName"])


def curl(server: LiveServer, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    key = f"Argus-API-Key: {server.key}"
    done = subprocess.run(
        ["curl", "-s", "-X", method, "-H", key, server.base + path, "-d", json.dumps(body)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))
