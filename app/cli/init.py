"""``init``: set up a new server until it is ready for logins; safe to repeat."""

from __future__ import annotations

import json
from typing import Any

import click
from flask.cli import with_appcontext

from app import files
from app.runtime import settings
from app.services.access import directory
from app.services.audit import sealing
from app.services.ops import bootstrap
from app.services.ops import demo as demonstration
from app.services.ops import schema
from app.services.tokens import signing_keys

DEMO_FILE = "demo.json"


@click.command()
@click.option("--demo", is_flag=True, help="Add demo customers, users and clients, once.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def init(demo: bool, as_json: bool) -> None:
    """Create the database, the first administrator and an API key; with --demo also demo data."""
    told = schema.upgrade_database(lambda: _fill(demo))
    click.echo(json.dumps(told, indent=2) if as_json else _render_summary(told))


def _fill(demo: bool) -> dict[str, Any]:
    """Write what is not there yet; return what there is to tell. Inside the unit that migrates."""
    sealing.begin_chain()
    made = bootstrap.initialise_database() if not bootstrap.is_done() else None
    signing_keys.complete_keys()
    told: dict[str, Any] = {
        "baseURL": settings().base_url,
        "domain": directory.get_home_domain().name,
        "customer": bootstrap.ROOT,
        "adminUser": bootstrap.ADMIN,
        "adminPassword": made.password if made else None,
        "adminApiKey": made.api_key if made else None,
    }
    return told | (_load_demo(told) if demo else {})


def _load_demo(told: dict[str, Any]) -> dict[str, Any]:
    """Create the demo's logins and keep them in the instance folder (mode 0600), or read them from there."""
    path = settings().instance / DEMO_FILE
    state = bootstrap.find_state()
    if state is not None and state.demo_added:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {"users": kept.get("users", []), "clients": kept.get("clients", [])}
    made = demonstration.add_demo()
    kept = {"users": made.users, "clients": made.clients}
    first = {"adminUser": told["adminUser"], "adminPassword": told["adminPassword"]}
    # Before the commit: logins that nobody can read again must not exist.
    files.replace_file(path, json.dumps({**kept, **first}, indent=2))
    return kept


def _render_summary(told: dict[str, Any]) -> str:
    base = told["baseURL"]
    lines = [f"Argus identity provider at {base}", ""]
    if told["adminPassword"]:
        lines += [
            "Shown once; write them down:",
            f"  user      {told['adminUser']}",
            f"  password  {told['adminPassword']}",
            f"  API key   {told['adminApiKey']}",
            "",
            "A first call:",
            f"  curl -s -H 'Argus-API-Key: {told['adminApiKey']}' {base}/currentuser/v1/user",
        ]
    else:
        lines += [
            "Already initialised; the first secrets are not shown again.",
            f"Another password: argus-idp user set-password {told['adminUser']} --stdin",
        ]
    for user in told.get("users", []):
        lines.append(f"  demo user    {user['userName']:<8} {user['password']}  ({user['customer']})")
    for client in told.get("clients", []):
        lines.append(
            f"  demo client  {client['shortName']:<16} {client['id']}  {client['clientSecret'] or '(public)'}"
        )
    return "\n".join(lines)
