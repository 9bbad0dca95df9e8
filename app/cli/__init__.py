"""``argus-idp``: one file per command group.
Every expected failure prints one plain line, never a traceback.
"""

from __future__ import annotations

import sys
from typing import Any

import click
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.utils import import_string

from app import telemetry
from app.cli.apikey import apikey
from app.cli.audit import audit
from app.cli.client import client
from app.cli.doctor import doctor
from app.cli.explain import explain
from app.cli.init import init
from app.cli.keys import keys
from app.cli.prune import prune
from app.cli.serve import serve
from app.cli.sessions import sessions
from app.cli.upgrade import upgrade
from app.cli.user import user
from app.config import UnsafeConfiguration
from app.services.problems import Problem


def _create_app() -> Flask:
    """Import the application by name: the commands are beside the modules it is built from,
    not above them.
    """
    # A command may take as long as it needs.
    made: Flask = import_string("app:create_app")(statement_seconds=None)
    # Each command prints its own result; the workers of ``serve`` configure their own logging.
    telemetry.configure_logging("WARNING")
    return made


class ArgusGroup(FlaskGroup):
    """Turn expected failures into one line on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (UnsafeConfiguration, Problem) as problem:
            raise click.ClickException(str(problem) or type(problem).__name__) from None
        except SQLAlchemyError as problem:
            reason = str(getattr(problem, "orig", problem)).splitlines()[0]
            raise click.ClickException(f"The database cannot be used: {reason}") from None
        except BrokenPipeError:
            raise
        except OSError as problem:
            raise click.ClickException(f"A file cannot be used: {problem}") from None


@click.group(cls=ArgusGroup, create_app=_create_app, add_default_commands=False, load_dotenv=False)
def cli() -> None:
    """An OAuth2 and OpenID Connect identity provider."""


for command in (init, serve, upgrade, user, apikey, client, keys, sessions, explain, audit, prune, doctor):
    cli.add_command(command)


def main() -> None:
    """Run the console script."""
    try:
        cli(prog_name="argus-idp")
    except UnsafeConfiguration as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(1)
