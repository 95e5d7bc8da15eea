"""`ante config`: show the settings, and make a running server read its providers anew."""

from pathlib import Path
from typing import Any

import click

from antechamber.base.secret import Secret
from antechamber.cli.server.options import (
    config_option,
    data_option,
    fail,
    json_option,
    print_json,
    read_settings,
    run_async,
)
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.settings import Loaded, describe
from antechamber.wiring.catalogue import SIMULATED_MODELS, build_catalogue
from antechamber.wiring.data_folder import DataFolder
from antechamber.wiring.operator import ask_operator

_MASK = "**********"


@click.group("config")
def command() -> None:
    """Show the server's settings, or reload its providers."""


@command.command("show")
@data_option
@config_option
@json_option
def show(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Print every setting with its value and where it came from; secrets are masked."""
    loaded = read_settings(config, data=data)
    values = {name: _shown(getattr(loaded.settings, name)) for name, *_ in describe()}
    providers = _providers(loaded)
    if as_json:
        rows = {name: {"value": value, "source": loaded.origins[name]} for name, value in values.items()}
        print_json({"settings": rows, "providers": providers})
        return
    for name, value in values.items():
        click.echo(f"{name:22} {'(unset)' if value is None else value!s:32} {loaded.origins[name]}")
    for provider in providers:
        click.echo(f"\nprovider {provider['name']}")
        for key, value in provider.items():
            click.echo(f"  {key:20} {value}")


def _shown(value: object) -> Any:  # noqa: ANN401 - a JSON value
    if value is None or isinstance(value, int | str):
        return value
    return _MASK if isinstance(value, Secret) else str(value)


def _providers(loaded: Loaded) -> list[dict[str, Any]]:
    try:
        catalogue = build_catalogue(loaded, "simulated")
    except CatalogueError as error:
        fail(str(error), 2)
    return [
        {
            "name": provider.name,
            "kind": provider.kind.value,
            "base_url": provider.base_url if provider.models != SIMULATED_MODELS else "(in this process)",
            "api_key": _MASK if provider.api_key else None,
            "models": list(provider.models),
        }
        for provider in catalogue.providers
    ]


@command.command("reload")
@data_option
@config_option
@json_option
def reload(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Make the running server read providers and aliases anew; no request is dropped, a bad file changes nothing."""
    loaded = read_settings(config, data=data)
    path = DataFolder(loaded.settings.data).operator_socket
    try:
        answer = run_async(ask_operator(path, "reload"))
    except OSError as error:
        fail(f"no server runs on {loaded.settings.data} ({error.strerror}); start one with: ante serve")
    if "error" in answer:
        fail(f"the server keeps what it had: {answer['error']}")
    if as_json:
        print_json(answer["result"])
    else:
        click.echo(f"Reloaded: {answer['result']['providers']} providers.")
