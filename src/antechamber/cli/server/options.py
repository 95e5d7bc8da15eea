"""Flags that the server commands share, the operator's acts, and how failures are told."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from antechamber.wiring.failures import OperationError
from antechamber.wiring.operations import administer, read_settings

data_option = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder in which everything that is stored lies."
)
config_option = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="TOML file of settings, providers and aliases."
)
organization_option = click.option("--organization-id", help="Which organization, when the server has several.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def operator_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the flags of an act within an organisation; all but `as_json` are for `do`."""
    for option in (json_option, config_option, data_option, organization_option):
        function = option(function)
    return function


def do(act: str, place: Mapping[str, Any], **asked: object) -> Mapping[str, Any]:
    """Do one of the operator's acts on the server that the flags name; ends the command on failure."""
    with failures_told():
        loaded = read_settings(place["config"], {"data": place["data"]})
        return administer(loaded, act, organization_id=place["organization_id"], **asked)


@contextmanager
def failures_told() -> Iterator[None]:
    """End the command with a sentence on stderr and the operation's exit code when it did not work."""
    try:
        yield
    except OperationError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.code)


def print_json(value: object) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(value, indent=2))
