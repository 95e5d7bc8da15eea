"""`ante organizations`: the organization that the credential belongs to."""

import click

from antechamber.cli.connection import connect
from antechamber.cli.groups import Group
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation


@click.group(cls=Group)
def command() -> None:
    """See the organization."""


@command.command("me")
@click.pass_obj
def me(invocation: Invocation) -> None:
    """Show the organization of the admin key in use."""
    with connect(invocation) as server:
        Printer(invocation.world, invocation.settings).body(server.call("GET", "/v1/organizations/me").body)
