"""Flags that the server commands share, and how their failures are told."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from antechamber.wiring.operations import OperationError

data_option = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder in which everything that is stored lies."
)
config_option = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="TOML file of settings, providers and aliases."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


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
