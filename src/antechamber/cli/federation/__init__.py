"""`ante federation`: whose word on identities is taken, and for what."""

import click

from antechamber.cli.federation.history import history
from antechamber.cli.federation.issuers import issuers
from antechamber.cli.federation.rules import rules
from antechamber.cli.groups import Group


@click.group(cls=Group)
def command() -> None:
    """Let programs in by what another issuer says of them, without keys."""


command.add_command(history, "history")
command.add_command(issuers, "issuers")
command.add_command(rules, "rules")
