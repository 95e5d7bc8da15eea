"""Commands that take the global flags anywhere, and groups that load theirs when named."""

from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click

from antechamber.cli.settings import GLOBAL_NAMES, global_options
from antechamber.cli.table import COMMANDS, Entry

_GLOBAL_HEADING: Final = "Global options"
_HELP: Final = ["-h", "--help"]


class Command(click.Command):
    """A command that takes the global flags, too."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return `-h` and `--help`, also for who calls it without the root: click keeps what it finds first."""
        ctx.help_option_names = _HELP
        return super().get_help_option_names(ctx)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters and the global options that none of them hides."""
        return _with_globals(super().get_params(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own options, and say where the global ones are listed."""
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A group whose commands take the global flags; `a:b` names a nested command, `beta:` is skipped."""

    command_class = Command
    group_class = type

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return `-h` and `--help`, also for who calls it without the root: click keeps what it finds first."""
        ctx.help_option_names = _HELP
        return super().get_help_option_names(ctx)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own parameters and the global options that none of them hides."""
        return _with_globals(super().get_params(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its own options, and its commands."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first words name; UsageError with the nearest names if there is none."""
        named = self.get_command(ctx, args[0])
        if named is None and ":" in args[0]:
            # `ant` writes beta:environments for what lives here without the prefix.
            parts = [part for part in args[0].split(":") if part != "beta"]
            args = [*parts, *args[1:]]
            named = self.get_command(ctx, args[0]) if parts else None
        if named is None:
            import difflib  # noqa: PLC0415 - a command that needs none of it starts the sooner

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=3, cutoff=0.6)
            advice = f" Did you mean {' or '.join(near)}?" if near else ""
            message = f"No such command {args[0]!r}.{advice}"
            raise click.UsageError(message, ctx)
        return named.name, named, args[1:]


def load(entry: Entry) -> click.Command:
    """Import a command."""
    found = getattr(import_module(f"antechamber.cli.{entry.module}"), entry.attribute)
    if not isinstance(found, click.Command):
        message = f"antechamber.cli.{entry.module}.{entry.attribute} is no command"
        raise TypeError(message)
    found.name = entry.name
    return found


class LazyGroup(Group):
    """The root: knows its commands by table and imports only the one that is used."""

    def __init__(self, name: str, entries: Sequence[Entry] = COMMANDS, **how: object) -> None:
        super().__init__(name, **how)  # type: ignore[arg-type]
        self.entries = {entry.name: entry for entry in entries}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the order of the help."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else load(entry)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, then the global options."""
        self.format_commands(ctx, formatter)
        records = [record for option in self.get_params(ctx) if (record := option.get_help_record(ctx)) is not None]
        with formatter.section(_GLOBAL_HEADING):
            formatter.write_dl(records)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the commands by section, without importing any."""
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            with formatter.section(section):
                formatter.write_dl(
                    [(entry.name, entry.help) for entry in self.entries.values() if entry.section == section]
                )


def _with_globals(own: list[click.Parameter]) -> list[click.Parameter]:
    taken = {flag for parameter in own for flag in parameter.opts}
    return [*own, *(option for option in global_options() if not taken.intersection(option.opts))]


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    own = [parameter for parameter in command.get_params(ctx) if parameter.name not in GLOBAL_NAMES]
    # an argument is in the usage line, and has nothing more to say
    records = [record for parameter in own if (record := parameter.get_help_record(ctx)) is not None and record[1]]
    if records:
        with formatter.section("Options"):
            formatter.write_dl(records)
    formatter.write_paragraph()
    formatter.write_text("Global options go anywhere: see `ante --help`.")
