"""`ante organizations create` and `list`: the organisations of a server, for its operator."""

from pathlib import Path

import click

from antechamber.cli.groups import Command
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.operations import administer, read_settings


@click.command("create", cls=Command)
@click.argument("name")
@click.option("--admin-email", required=True, help="E-mail address of the first admin.")
@data_option
@config_option
@json_option
def create(name: str, admin_email: str, config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Make another organization on this server, with its Default workspace and first keys, and print them once."""
    with failures_told():
        made = administer(
            read_settings(config, {"data": data}), "organizations.create", name=name, admin_email=admin_email
        )
    if as_json:
        print_json(made)
        return
    for label, value in made.items():
        click.echo(f"{label:16} {value}")
    click.echo("\nThe keys and the link are shown this once.", err=True)


@click.command("list", cls=Command)
@data_option
@config_option
@json_option
def list_all(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """List the organizations of this server, the oldest first."""
    with failures_told():
        found = administer(read_settings(config, {"data": data}), "organizations.list")
    if as_json:
        print_json(found)
        return
    for organization in found["data"]:
        click.echo(f"{organization['id']}  {organization['name']}")
