"""``explain``: why a user may, or may not, use a client."""

from __future__ import annotations

import json

import click
from flask.cli import with_appcontext

from app.cli.lookup import find_client
from app.cli.lookup import find_user
from app.policy.facts import Leg
from app.policy.network import canonicalise_address
from app.services.inspection import explain as explaining


@click.command()
@click.option("--user", required=True)
@click.option("--client", required=True)
@click.option("--ip", default=None, help="The client's address; default: inside its range.")
@click.option("--leg", type=click.Choice([str(leg) for leg in Leg]), default=str(Leg.API), show_default=True)
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def explain(user: str, client: str, ip: str | None, leg: str, as_json: bool) -> None:
    """Ask the decision and print every check in order."""
    address = canonicalise_address(ip) if ip is not None else None
    if ip is not None and address is None:
        raise click.ClickException("--ip: write one IPv4 or IPv6 address.")
    explained = explaining.explain_decision(
        find_client(client),
        find_user(user),
        address=str(address) if address is not None else None,
        leg=Leg(leg),
    )
    data = explained.as_data()
    if as_json:
        click.echo(json.dumps(data, indent=2))
        return
    click.echo(f"{'allowed' if data['allowed'] else 'REFUSED'} at {data['leg']}")
    for finding in data["findings"]:
        mark = {"pass": "ok  ", "fail": "FAIL", "notApplicable": "-   "}[finding["outcome"]]
        click.echo(f"  {mark} {finding['rule']:<18} {finding['message']}")
    for permission in data["permissions"]:
        click.echo(f"  may  {permission['function']} for {permission['customer']}")
    for missing in data["missing"]:
        click.echo(f"  not  {missing['function']}: {missing['message']}")
