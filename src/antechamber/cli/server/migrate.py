"""`ante migrate`: bring the database to this version's schema."""

from pathlib import Path

import click

from antechamber.cli.server.options import (
    config_option,
    data_option,
    fail,
    json_option,
    print_json,
    read_settings,
    run_async,
)
from antechamber.database.migrate import migrate
from antechamber.database.schema import UnknownSchemaError
from antechamber.settings import Loaded
from antechamber.wiring.data_folder import DataFolderError
from antechamber.wiring.storage import open_storage


@click.command("migrate")
@data_option
@config_option
@json_option
def command(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Bring the database to this version's schema; stop every server on it first."""
    loaded = read_settings(config, data=data)
    try:
        before, after = run_async(_migrate(loaded))
    except (DataFolderError, UnknownSchemaError) as error:
        fail(str(error))
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"The database is at {after} already.")
    else:
        click.echo(f"The database went from {before or 'empty'} to {after}.")


async def _migrate(loaded: Loaded) -> tuple[str | None, str]:
    storage = open_storage(loaded.settings)
    try:
        return await migrate(storage.database)
    finally:
        await storage.database.close()
