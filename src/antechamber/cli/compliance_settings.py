"""`ante compliance-settings`: whether the Compliance API, which shows the audit log, is open."""

from typing import Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.resources import ORGANIZATION, call, confirm, yes_option
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/compliance_settings"
_DISABLED: Final = "disabled"


@click.group(cls=Group)
def command() -> None:
    """Open and close the reading of the audit log; acts are recorded in either state."""


@command.command("retrieve")
@click.pass_obj
def retrieve(invocation: Invocation) -> None:
    """Show whether the Compliance API is enabled."""
    call(invocation, "GET", _PATH)


@command.command("update")
@click.option("--state", type=click.Choice(("enabled", _DISABLED)), required=True, help="What it is to be.")
@yes_option
@click.pass_obj
def update(invocation: Invocation, state: str, *, yes: bool) -> None:
    """Enable or disable the Compliance API."""
    if state == _DISABLED:
        confirm(invocation, "Close the audit log to everybody who reads it by the API?", yes=yes)
    call(invocation, "POST", _PATH, {"state": state})
