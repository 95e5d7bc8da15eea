"""`ante config`: show the settings, and make a running server read its providers anew."""

from pathlib import Path

import click

from antechamber.cli.groups import Group
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.operations import read_settings, settings_table
from antechamber.wiring.operations import reload as reload_server


@click.group("config", cls=Group)
def command() -> None:
    """Show the server's settings, or reload its providers."""


@command.command("show")
@data_option
@config_option
@json_option
def show(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Print every setting with its value and where it came from; secrets are masked."""
    # To reload is to ask a running server, and needs nothing of this.
    from antechamber.wiring.beside import provider_table  # noqa: PLC0415

    with failures_told():
        loaded = read_settings(config, {"data": data})
        settings, providers = settings_table(loaded), provider_table(loaded)
    if as_json:
        rows = {name: {"value": value, "source": source} for name, (value, source) in settings.items()}
        print_json({"settings": rows, "providers": providers})
        return
    for name, (value, source) in settings.items():
        click.echo(f"{name:20} {'(unset)' if value is None else value!s:32} {source}")
    for provider in providers:
        click.echo(f"\nprovider {provider['name']}")
        for key, value in provider.items():
            shown = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"  {key:18} {'(unset)' if shown is None else shown}")


@command.command("reload")
@data_option
@config_option
@json_option
def reload(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Make the running server read providers and registries anew; no request is dropped, a bad file changes nothing."""
    with failures_told():
        result = reload_server(read_settings(config, {"data": data}))
    if as_json:
        print_json(result)
    else:
        click.echo(f"Reloaded: {result['providers']} providers.")
