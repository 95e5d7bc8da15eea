"""`ante init`: found an organisation without a person."""

from pathlib import Path

import click

from antechamber.base.errors import WireError
from antechamber.cli.server.options import (
    EXIT_USAGE,
    config_option,
    data_option,
    fail,
    json_option,
    print_json,
    read_settings,
    run_async,
)
from antechamber.database.schema import UnknownSchemaError
from antechamber.features.accounts.model import check_email
from antechamber.features.organizations.model import check_name
from antechamber.settings import Loaded
from antechamber.wiring.data_folder import DataFolderError
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage


@click.command("init")
@click.option("--organization", required=True, help="The organization's name.")
@click.option("--admin-email", required=True, help="E-mail address of the first admin.")
@data_option
@config_option
@json_option
def command(organization: str, admin_email: str, config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Make the organization, its Default workspace and its first keys, and print them once."""
    loaded = read_settings(config, data=data)
    try:
        name, email = check_name(organization), check_email(admin_email)
    except WireError as error:
        fail(error.message, EXIT_USAGE)
    try:
        founded = run_async(_found(loaded, name, email))
    except (DataFolderError, UnknownSchemaError) as error:
        fail(str(error))
    if founded is None:
        fail("this server has an organization already; its keys were shown when it was made")
    values = _values(loaded, founded)
    if as_json:
        print_json(values)
        return
    for label, value in values.items():
        click.echo(f"{label:16} {value}")
    click.echo("\nThe keys and the link are shown this once. Next: ante serve", err=True)


async def _found(loaded: Loaded, name: str, email: str) -> Founded | None:
    storage = open_storage(loaded.settings)
    try:
        await storage.prepare()
        if not await storage.founder.is_empty():
            return None
        return await storage.founder.found(name, email, admin_key=True, api_key=True)
    finally:
        await storage.database.close()


def _values(loaded: Loaded, founded: Founded) -> dict[str, str | None]:
    return {
        "organization_id": founded.organization_id,
        "workspace_id": founded.workspace_id,
        "admin_email": founded.admin_email,
        "admin_key": founded.admin_key.reveal() if founded.admin_key else None,
        "api_key": founded.api_key.reveal() if founded.api_key else None,
        "setup_url": f"{loaded.settings.base_url()}/setup?token={founded.setup_secret.reveal()}",
    }
