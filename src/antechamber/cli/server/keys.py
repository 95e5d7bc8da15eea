"""`ante keys`: keys that the operator makes without anybody's token."""

from collections.abc import Mapping
from typing import Any

import click

from antechamber.cli.durations import Duration
from antechamber.cli.groups import Group
from antechamber.cli.server.options import do, operator_options, print_json


@click.group("keys", cls=Group)
def command() -> None:
    """Make admin keys and people's Claude Code keys as the server's operator."""


def _make(act: str, place: Mapping[str, Any], *, as_json: bool, **asked: object) -> None:
    """Print the secret alone to stdout, so that a script can take it."""
    made = do(act, place, **asked)
    if as_json:
        print_json(made)
        return
    click.echo(made["secret"])
    click.echo(f"{made['id']} ({made['name']}); the secret is not shown again", err=True)


@command.command("admin")
@click.argument("name")
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True, help="As read:analytics; without one, everything.")
@click.option("--expires-in", "expires_in_seconds", type=Duration(), metavar="TIME", help="30m, 8h, 90d; else never.")
@operator_options
def admin(
    name: str, scopes: tuple[str, ...], expires_in_seconds: int | None, *, as_json: bool, **place: object
) -> None:
    """Make an admin key, which programs administer the organization with."""
    asked = {"name": name, "scopes": list(scopes), "expires_in_seconds": expires_in_seconds}
    _make("admin_key.make", place, as_json=as_json, **asked)


@command.command("claude-code")
@click.argument("email")
@operator_options
def claude_code(email: str, *, as_json: bool, **place: object) -> None:
    """Make somebody's own key for Claude Code, which stops when they leave."""
    _make("claude_code_key.make", place, as_json=as_json, email=email)
