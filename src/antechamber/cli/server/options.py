"""Flags that the server commands share, and how their failures are told."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

from antechamber.base.errors import WireError
from antechamber.settings import Loaded, SettingsError, load

Result = TypeVar("Result")

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2

data_option = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder in which everything that is stored lies."
)
config_option = click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="TOML file of settings, providers and aliases."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def read_settings(config: Path | None, **flags: object) -> Loaded:
    """Read the settings; a wrong one ends the command with exit code 2."""
    try:
        return load(flags, config)
    except SettingsError as error:
        fail(str(error), EXIT_USAGE)


def fail(message: str, code: int = EXIT_FAILED) -> NoReturn:
    """Print what is wrong on stderr, and exit."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


def print_json(value: object) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(value, indent=2))


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work; what can go wrong on the operator's side is told in a sentence."""
    try:
        return asyncio.run(work)
    except WireError as error:
        fail(error.message + (f" ({error.note})" if error.note else ""))
