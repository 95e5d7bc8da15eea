"""`ante organizations`: the organization that the credential belongs to, and every command about it."""

from typing import Final

import click

from antechamber.cli.groups import Group, load
from antechamber.cli.resources import ORGANIZATION, call
from antechamber.cli.settings import Invocation
from antechamber.cli.table import ADMINISTER, COMMANDS, SERVE, Entry

_ITSELF: Final = "organizations"
# the operator's: their module reaches the server's code, which a client does without
_OPERATORS: Final = (
    Entry("create", "server.organizations", "Make another organization, as the server's operator.", SERVE, "create"),
    Entry("list", "server.organizations", "List the server's organizations, as its operator.", SERVE, "list_all"),
)


def _entries() -> dict[str, Entry]:
    others = [entry for entry in COMMANDS if entry.section == ADMINISTER and entry.name != _ITSELF]
    return {entry.name: entry for entry in (*_OPERATORS, *others)}


class _Organization(Group):
    """Its own commands, and those that stand beside it at the root."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return [*super().list_commands(ctx), *_entries()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of its own, or import one of the others."""
        entry = _entries().get(cmd_name)
        return super().get_command(ctx, cmd_name) if entry is None else load(entry)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without importing any."""
        own = [(name, command.get_short_help_str(limit=80)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *((entry.name, entry.help) for entry in _entries().values())])
        del ctx


@click.group(cls=_Organization)
def command() -> None:
    """See the organization, and administer all that is in it."""


@command.command("me")
@click.pass_obj
def me(invocation: Invocation) -> None:
    """Show the organization of the admin key in use."""
    call(invocation, "GET", f"{ORGANIZATION}/me")
