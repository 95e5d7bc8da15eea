"""docs/reference/cli.md, made from the commands themselves: `python -m antechamber.cli.reference` prints it."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from antechamber.base.chance import SeededChance
from antechamber.base.clock import ManualClock
from antechamber.base.outbound import Outbound, OutboundOptions
from antechamber.cli.app import root
from antechamber.cli.help import topics
from antechamber.cli.settings import Invocation
from antechamber.cli.world import World
from antechamber.client.environment import Environment

_HEAD = """\
# The `ante` command

This page is made from the command itself; `make docs` writes it anew.
"""
_WIDTH = 100


def commands(context: click.Context, seen: set[int] | None = None) -> Iterator[click.Context]:
    """Yield a context for a command and all below it, in the order of the help.

    Missing ones are left out; one that can be reached by several ways comes where it is met first.
    """
    seen = set() if seen is None else seen
    yield context
    if isinstance(context.command, click.Group):
        inner = [found for name in context.command.list_commands(context) if (found := _inner(context, name))]
        fresh = [found for found in inner if id(found.command) not in seen]
        # all of one level before any of the next, so that a command stands under its shortest name
        seen.update(id(found.command) for found in fresh)
        for found in fresh:
            yield from commands(found, seen)


def _inner(context: click.Context, name: str) -> click.Context | None:
    try:
        found = context.command.get_command(context, name) if isinstance(context.command, click.Group) else None
    except ModuleNotFoundError:
        return None
    return None if found is None or found.hidden else _context(found, name, context)


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    # click keeps the help option of the first context that asks: with other settings than the command's own, the page
    # would depend on what ran before
    settings = {**command.context_settings, "terminal_width": _WIDTH, "color": False}
    return click.Context(command, parent=parent, info_name=name, obj=Invocation(_nowhere()), **settings)


def golden_help() -> str:
    """Return the help of every command, one after the other."""
    return "".join(
        f"$ {found.command_path} --help\n{found.get_help()}\n\n" for found in commands(_context(root(), "ante"))
    )


def page() -> str:
    """Return the reference page in Markdown."""
    parts = [_HEAD]
    parts += [
        f"## `{found.command_path}`\n\n```text\n{found.get_help()}\n```\n"
        for found in commands(_context(root(), "ante"))
    ]
    parts += [f"## Topic: {name}\n\n```text\n{text.strip()}\n```\n" for name, text in topics().items()]
    return "\n".join(parts)


def _nowhere() -> World:
    empty = io.StringIO()
    environment = Environment({}, Path("/"))
    return World(empty, empty, empty, ManualClock(), SeededChance(0), lambda _: None, environment, _no_connection)


def _no_connection(_: OutboundOptions) -> Outbound:
    message = "help needs no network"
    raise AssertionError(message)


if __name__ == "__main__":
    sys.stdout.write(golden_help() if sys.argv[1:] == ["--golden"] else page())
