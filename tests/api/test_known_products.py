"""Redirect URIs as well-known products have them register unchanged, and are returned to byte by byte.

What their documentation says of them, with the host names replaced. The sets show every shape that people
have: bare origins, ports, trailing slashes, queries, odd paths, loopback addresses, and schemes of apps.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.drivers.api_caller import ApiCaller
from tests.drivers.person import Person
from tests.drivers.relying_party import RelyingParty
from tests.world import World

CLIENTS = "/authentication/v1/oauth/client"
# On a server, with a secret.
WITH_SECRET: dict[str, list[str]] = {
    "Actual Budget": ["https://budget.example.com/openid/callback"],
    "Argo CD": ["https://argocd.example.com/auth/callback"],
    "Audiobookshelf": ["https://audio.example.com/auth/openid/callback",
                       "https://audio.example.com/audiobookshelf/auth/openid/callback"],
    "BookStack": ["https://bookstack.example.com/oidc/callback"],
    "Budibase": ["https://budibase.example.com/api/global/auth/oidc/callback"],
    "Chronograf": ["https://chronograf.example.com/oauth/authelia/callback"],
    "Cloudflare Zero Trust": ["https://team.cloudflareaccess.example.com/cdn-cgi/access/callback"],
    "DokuWiki": ["https://dokuwiki.example.com/doku.php?id=start&oauthlogin=generic"],
    "Dashy": ["https://dashy.example.com"],
    "EspoCRM": ["https://espocrm.example.com/oauth-callback.php"],
    "Firezone": ["https://firezone.example.com/auth/oidc/idp/callback"],
    "FreshRSS": ["https://freshrss.example.com:443/i/oidc/"],
    "Gitea": ["https://gitea.example.com/user/oauth2/idp/callback"],
    "GitLab": ["https://gitlab.example.com/users/auth/openid_connect/callback"],
    "Grafana": ["https://grafana.example.com/login/generic_oauth"],
    "Grocy behind a proxy": ["https://grocy.example.com/oauth2/callback"],
    "Harbor": ["https://harbor.example.com/c/oidc/callback"],
    "HashiCorp Vault": ["https://vault.example.com/oidc/callback",
                        "https://vault.example.com/ui/vault/auth/oidc/oidc/callback",
                        "http://localhost:8250/oidc/callback"],
    "Healthchecks": ["https://checks.example.com/accounts/login/"],
    "HedgeDoc": ["https://pad.example.com/auth/oauth2/callback"],
    "Home Assistant": ["https://home.example.com/auth/oidc/callback"],
    "Jellyfin": ["https://jellyfin.example.com/sso/OID/redirect/idp",
                 "https://jellyfin.example.com/sso/OID/r/idp"],
    "Jenkins": ["https://jenkins.example.com/securityRealm/finishLogin"],
    "Kasm Workspaces": ["https://kasm.example.com/api/oidc_callback"],
    "Komga": ["https://komga.example.com/login/oauth2/code/idp"],
    "Linkwarden": ["https://links.example.com/api/v1/auth/callback/authelia"],
    "Mastodon": ["https://social.example.com/auth/auth/openid_connect/callback"],
    "Mealie": ["https://mealie.example.com/login", "https://mealie.example.com/login?direct=1"],
    "MediaWiki": ["https://wiki.example.com/index.php/Special:PluggableAuthLogin"],
    "MinIO": ["https://minio.example.com/oauth_callback"],
    "Misago": ["https://forum.example.com/oauth2/complete/"],
    "Moodle": ["https://moodle.example.com/admin/oauth2callback.php"],
    "n8n behind a proxy": ["https://n8n.example.com:5678/oauth2/callback"],
    "NetBird": ["https://netbird.example.com/oauth2/callback"],
    "Nextcloud": ["https://cloud.example.com/apps/oidc_login/oidc", "https://cloud.example.com/apps/user_oidc/code",
                  "https://cloud.example.com/index.php/apps/user_oidc/code"],
    "Node-RED": ["https://nodered.example.com/auth/strategy/callback/"],
    "oauth2-proxy": ["https://app.example.com/oauth2/callback"],
    "Open WebUI": ["https://ai.example.com/oauth/oidc/callback"],
    "Outline": ["https://outline.example.com/auth/oidc.callback"],
    "Paperless-ngx": ["https://paper.example.com/accounts/oidc/idp/login/callback/"],
    "Perses": ["https://perses.example.com/api/auth/providers/oidc/idp/callback"],
    "pgAdmin": ["https://pgadmin.example.com/oauth2/authorize"],
    "phpIPAM": ["https://ipam.example.com/app/saml2/?a=1;b=2"],
    "Planka": ["https://planka.example.com/oidc-callback"],
    "Portainer": ["https://portainer.example.com"],
    "Proxmox VE": ["https://pve.example.com:8006", "https://pve.example.com:8006/"],
    "Rancher": ["https://rancher.example.com/verify-auth"],
    "Roundcube": ["https://mail.example.com/index.php/login/oauth", "https://mail.example.com/?_task=login&_action=oauth"],
    "Seafile": ["https://seafile.example.com/oauth/callback/"],
    "Sendgrid-like, encoded": ["https://mail.example.com/cb/%7Etenant%2Fone?e=%E9"],
    "Snipe-IT": ["https://assets.example.com/google/callback"],
    "Stirling PDF": ["https://pdf.example.com/login/oauth2/code/oidc"],
    "Synapse": ["https://matrix.example.com/_synapse/client/oidc/callback"],
    "Tailscale": ["https://login.tailscale.example.com/a/oauth_response"],
    "Vikunja": ["https://vikunja.example.com/auth/openid/idp"],
    "WeKan": ["https://wekan.example.com/_oauth/oidc"],
    "Wiki.js": ["https://wiki.example.com/login/4a0b6d5e-8f3e-4b5d-9e1b-0f7c2d3a4b5c/callback"],
    "Zammad": ["https://zammad.example.com/auth/openid_connect/callback"],
    "Zipline": ["https://zip.example.com/api/auth/oauth/oidc"],
    "Zulip": ["https://zulip.example.com/complete/oidc/", "https://auth.zulip.example.com/complete/oidc/"],
    "a Flask application": ["https://app.example.com/index.php?/login/oidc", "https://app.example.com/cb?a[]=1"],
    "an internal name": ["https://intranet/callback", "https://app_one.internal:8443/cb"],
    "an address": ["https://192.0.2.10:8443/callback", "https://[2001:db8::10]/callback"],
}  # fmt: skip
# In a browser, on a device or on the command line: without a secret, with PKCE.
PUBLIC: dict[str, list[str]] = {
    "Argo CD's command line": ["http://localhost:8085/auth/callback"],
    "Audiobookshelf's app": ["audiobookshelf://oauth"],
    "Bruno": ["https://oauth.usebruno.example.com/callback", "http://localhost:6274/callback"],
    "Home Assistant's app": ["homeassistant://auth-callback"],
    "Immich": ["https://immich.example.com/auth/login", "https://immich.example.com/user-settings",
               "app.immich:///oauth-callback"],
    "Jellyfin's app": ["org.jellyfin.expo://oidc"],
    "kubelogin": ["http://localhost:8000", "http://localhost:18000"],
    "Nextcloud's desktop": ["http://127.0.0.1", "http://localhost:53421"],
    "opkssh": ["http://localhost:3000/login-callback", "http://localhost:10001/login-callback"],
    "ownCloud's web": ["https://owncloud.example.com/", "https://owncloud.example.com/oidc-callback.html",
                       "https://owncloud.example.com/oidc-silent-redirect.html"],
    "ownCloud's desktop": ["http://127.0.0.1", "http://localhost:53421"],
    "ownCloud on Android": ["oc://android.owncloud.com"],
    "ownCloud on iOS": ["oc://ios.owncloud.com"],
    "a reverse domain name": ["com.example.app:/oauth2redirect", "com.example.app:/oauth2redirect/provider"],
    "rclone": ["http://127.0.0.1:53682/"],
}  # fmt: skip
GROUPS = {"password": WITH_SECRET, "none": PUBLIC}
SCOPES = ["openid", "profile", "email", "groups"]
SECRET = "a secret that is long enough"


@pytest.mark.parametrize("method", GROUPS)
def test_products(app: Flask, world: World, admin: ApiCaller, alice: Person, method: str) -> None:
    """RFC 6749 3.1.2, RFC 8252 7: kept as it was written, and what we add is behind it."""
    wrong = {}
    for number, (name, uris) in enumerate(GROUPS[method].items()):
        found = _try_product(app, admin, alice, f"product-{number}", uris, method)
        if found is not None:
            wrong[name] = found
    assert wrong == {}


def _try_product(
    app: Flask, admin: ApiCaller, person: Person, name: str, uris: list[str], method: str
) -> str | None:
    """Register a product, and log a person in at each of its addresses; what went wrong."""
    body: dict[str, Any] = {
        "shortName": name, "name": "Product", "description": name, "mainURI": "https://product.example.com/",
        "requiredFunction": "useApp", "permissionScope": "APP-ROLE", "clientIPRange": ["0.0.0.0/0", "::/0"],
        "redirectURIs": uris, "permittedScopes": SCOPES, "authenticationMethod": method,
    }  # fmt: skip
    answer = admin.post(CLIENTS, body | ({"clientSecret": SECRET} if method == "password" else {}))
    if answer.status_code != 201 or answer.json["data"]["redirectURIs"] != uris:
        return answer.get_data(as_text=True)
    rp = RelyingParty(app, answer.json["data"]["id"], secret=SECRET if method == "password" else None)
    for uri in uris:
        there = person.approves(rp.url(redirect_uri=uri, scope=" ".join([*SCOPES, "offline_access"])))
        added = there[len(uri) :].lstrip("?&")
        if not (there.startswith(uri) and added.startswith("code=")) or urlsplit(there).fragment:
            return there
        told = parse_qs(added)
        tokens = rp.redeems(told["code"][0], redirect_uri=uri)
        if tokens.status_code != 200 or told["state"] != [rp.state]:
            return tokens.get_data(as_text=True)
    return None
