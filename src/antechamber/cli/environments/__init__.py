"""`ante environments`: the rooms that agents work in, their packages and their network."""

import click

from antechamber.cli.environments.builds import add_builds
from antechamber.cli.environments.keys import keys
from antechamber.cli.environments.resource import add_resource
from antechamber.cli.environments.shell import shell
from antechamber.cli.environments.work import work
from antechamber.cli.groups import Group


@click.group(cls=Group)
def command() -> None:
    """Make and change the rooms that agents work in: packages and network.

    \b
    ante environments create data --pip pandas --npm express
    ante environments build ENVIRONMENT_ID --watch
    ante environments shell ENVIRONMENT_ID
    """  # noqa: D301 - click's mark for text that keeps its lines


add_resource(command)
command.add_command(shell)
add_builds(command)
command.add_command(keys)
command.add_command(work)
