"""Web servers that protect what stands behind them: Apache logs people in, nginx asks about tokens."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest
import requests

from tests.drivers.web_person import WebPerson
from tests.parties.party import SECRET
from tests.parties.party import AuthlibParty
from tests.parties.party import Registered
from tests.parties.party import register
from tests.servers import LiveServer
from tests.servers import running

pytestmark = [pytest.mark.server, pytest.mark.web_servers]
PATH = os.environ["PATH"] + ":/usr/sbin"
START_SECONDS = 20
# mod_auth_openidc as its documentation sets it up; what it learned of the person becomes headers.
APACHE = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LogLevel warn
User {user}
DocumentRoot {folder}/pages
{modules}
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI {origin}/protected/callback
OIDCCryptoPassphrase of-a-test
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCPassRefreshToken On
OIDCRemoteUserClaim sub
<Location /protected>
  AuthType openid-connect
  Require valid-user
  Header always set X-Name "expr=%{{reqenv:OIDC_CLAIM_name}}"
  Header always set X-Sub "expr=%{{reqenv:OIDC_CLAIM_sub}}"
  Header always set X-Token "expr=%{{reqenv:OIDC_access_token}}"
</Location>
<Location /bye>
  Require all granted
</Location>
"""
# auth_request answers by status alone, so a few lines of njs read the introspection.
NGINX = """
load_module {modules}/ngx_http_js_module.so;
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  js_path {folder};
  js_import introspect.js;
  server {{
    listen 127.0.0.1:{port};
    location /api {{
      auth_request /_who;
      auth_request_set $user $sent_http_x_user;
      add_header X-User $user always;
      try_files /page.txt =404;
      root {folder};
    }}
    location = /_who {{
      internal;
      js_content introspect.who;
    }}
    location = /_introspect {{
      internal;
      proxy_method POST;
      proxy_set_header Host {netloc};
      proxy_set_header Authorization "Basic {basic}";
      proxy_set_header Content-Type application/x-www-form-urlencoded;
      proxy_pass {issuer}/authentication/v1/oauth/token/introspect;
    }}
  }}
}}
"""
NJS = """
async function who(request) {
  const sent = /^bearer +(.+)$/i.exec(request.headersIn.Authorization || "");
  if (!sent) return request.return(401);
  const body = `token=${encodeURIComponent(sent[1])}`;
  const answer = await request.subrequest("/_introspect", { method: "POST", body });
  const told = answer.status === 200 ? JSON.parse(answer.responseText) : { active: false };
  request.headersOut["X-User"] = told.username;
  request.return(told.active ? 204 : 401);
}
export default { who };
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with running(tmp_path_factory.mktemp("parties")) as live:
        yield live


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def serving(command: list[str], at: Registered, folder: Path) -> Iterator[None]:
    """A web server in the foreground, until the ``with`` ends."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until = time.monotonic() + START_SECONDS
        while not listens(at.port):
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                log = folder / "error.log"
                told = log.read_text(encoding="utf-8") if log.exists() else ""
                raise AssertionError(f"it did not start: {process.communicate()[0]}{told}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


def find(binary: str) -> str:
    found = shutil.which(binary, path=PATH)
    assert found is not None
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a server that begins as root and goes on as somebody else, who must be able to read it."""
    with tempfile.TemporaryDirectory(prefix="argus-party-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def apache(server: LiveServer, folder: Path) -> Iterator[Registered]:
    at = register(server, "apache")
    uris = {"redirectURIs": [at.origin + "/protected/callback"], "postLogoutRedirectURIs": [at.bye]}
    assert server.call("PUT", f"/authentication/v1/oauth/client/{at.client_id}", json=uris).ok
    modules = Path("/usr/lib/apache2/modules")
    wanted = (
        "mpm_event",
        "authz_core",
        "authn_core",
        "authz_user",
        "headers",
        "env",
        "dir",
        "mime",
        "auth_openidc",
    )
    lines = [f"LoadModule {name}_module {modules}/mod_{name}.so" for name in wanted]
    for name in ("protected", "bye"):
        (folder / "pages" / name).mkdir(parents=True)
        (folder / "pages" / name / "index.html").write_text(name, encoding="utf-8")
    (folder / "mime.types").write_text("text/html html\n", encoding="utf-8")
    lines.append(f"TypesConfig {folder}/mime.types")
    config = folder / "apache.conf"
    config.write_text(
        APACHE.format(
            folder=folder, port=at.port, modules="\n".join(lines), issuer=server.base, origin=at.origin,
            client_id=at.client_id, secret=SECRET, user="www-data",
        ),
        encoding="utf-8",
    )  # fmt: skip
    with serving([find("apache2"), "-f", str(config), "-DFOREGROUND"], at, folder):
        yield at


def alive(server: LiveServer, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(server.base + "/oauth/userinfo", headers=headers, timeout=30).ok


def test_apache_logs_people_in(server: LiveServer, apache: Registered) -> None:
    """mod_auth_openidc: discovery, PKCE, userinfo, its refresh hook, and its log-out, which returns to it."""
    person = WebPerson(server.base, "alice", server.password("alice"))
    page = apache.origin + "/protected/index.html"
    first = person.browser.get(page, allow_redirects=False, timeout=30)
    back = person.approves(first.headers["Location"])
    shown = person.browser.get(back, timeout=30)
    assert (shown.text, shown.url) == ("protected", page)
    assert shown.headers["X-Sub"].isdigit()
    assert shown.headers["X-Name"].startswith("Alice")
    token = shown.headers["X-Token"]
    assert alive(server, token)

    hook = apache.origin + "/protected/callback?"
    person.browser.get(hook + urlencode({"refresh": page, "access_token": token}), timeout=30)
    fresh = person.browser.get(page, timeout=30).headers["X-Token"]
    assert fresh != token
    assert (alive(server, token), alive(server, fresh)) == (False, True)

    out = person.browser.get(hook + urlencode({"logout": apache.bye}), timeout=30)
    assert out.url.partition("?")[0].rstrip("/") == apache.bye
    assert not alive(server, fresh)
    again = person.browser.get(page, allow_redirects=False, timeout=30)
    assert "client_id" in parse_qs(urlsplit(again.headers["Location"]).query)


@pytest.fixture
def nginx(server: LiveServer, folder: Path) -> Iterator[Registered]:
    at = register(server, "nginx")
    (folder / "introspect.js").write_text(NJS, encoding="utf-8")
    (folder / "page.txt").write_text("behind nginx", encoding="utf-8")
    config = folder / "nginx.conf"
    basic = base64.b64encode(f"{at.client_id}:{SECRET}".encode()).decode()
    config.write_text(
        NGINX.format(
            folder=folder, port=at.port, issuer=server.base, netloc=urlsplit(server.base).netloc,
            modules="/usr/lib/nginx/modules", basic=basic, user="www-data",
        ),
        encoding="utf-8",
    )  # fmt: skip
    command = [find("nginx"), "-e", str(folder / "error.log"), "-c", str(config), "-p", str(folder)]
    with serving(command, at, folder):
        yield at


def test_nginx_asks_about_tokens(server: LiveServer, nginx: Registered) -> None:
    """auth_request by introspection: its own live token and no other, and none after a log-out."""

    def call(at: Registered, token: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return requests.get(f"{at.origin}/api", headers=headers, timeout=30)

    person = WebPerson(server.base, "alice", server.password("alice"))
    party = AuthlibParty(nginx)
    _, token = party.enter(person)
    answer = call(nginx, token)
    assert (answer.status_code, answer.text, answer.headers["X-User"]) == (200, "behind nginx", "alice")
    _, foreign = AuthlibParty(register(server, "another")).enter(person)
    for wrong in (None, "nonsense", foreign, token[:-1], "alice/" + "x" * 92):
        assert call(nginx, wrong).status_code == 401
    fresh = party.refresh(person)
    assert (call(nginx, token).status_code, call(nginx, fresh).status_code) == (401, 200)
    party.leave(person)
    assert call(nginx, fresh).status_code == 401
