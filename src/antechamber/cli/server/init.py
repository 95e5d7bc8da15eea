"""`ante init`: found an organisation without a person."""

from pathlib import Path

import click

from antechamber.cli.groups import Command
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.beside import found
from antechamber.wiring.operations import read_settings


@click.command("init", cls=Command)
@click.option("--organization", required=True, help="The organization's name.")
@click.option("--admin-email", required=True, help="E-mail address of the first admin.")
@data_option
@config_option
@json_option
def command(organization: str, admin_email: str, config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Make the organization, its Default workspace and its first keys, and print them once."""
    with failures_told():
        values = found(read_settings(config, {"data": data}), organization, admin_email)
    if as_json:
        print_json(values)
        return
    for label, value in values.items():
        click.echo(f"{label:16} {value}")
    click.echo("\nThe keys and the link are shown this once. Next: ante serve", err=True)
