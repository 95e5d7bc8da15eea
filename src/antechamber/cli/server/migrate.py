"""`ante migrate`: bring the database to this version's schema."""

from pathlib import Path

import click

from antechamber.cli.groups import Command
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.beside import migrate
from antechamber.wiring.operations import read_settings


@click.command("migrate", cls=Command)
@data_option
@config_option
@json_option
def command(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Bring the database to this version's schema; stop every server on it first."""
    with failures_told():
        before, after = migrate(read_settings(config, {"data": data}))
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"The database is at {after} already.")
    else:
        click.echo(f"The database went from {before or 'empty'} to {after}.")
