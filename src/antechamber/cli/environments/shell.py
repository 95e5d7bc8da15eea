"""`ante environments shell`: a program in a fresh container, at this terminal or between pipes."""

import asyncio
from typing import Final

import click

from antechamber.cli.connection import outbound_options, sign, tell_choice
from antechamber.cli.environments.resource import PATH
from antechamber.cli.environments.watching import build_first
from antechamber.cli.groups import Command
from antechamber.cli.managed import completer, one_id
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import find_access

# what follows the environment is the program's, flags and all
_WORDS: Final = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command("shell", cls=Command, context_settings=_WORDS)
@click.argument(
    "words", nargs=-1, type=click.UNPROCESSED, metavar="ENVIRONMENT_ID [PROGRAM...]", shell_complete=completer(PATH)
)
@click.option("--environment-id", metavar="ID", help="The same as the first word.", shell_complete=completer(PATH))
@click.option("--tty/--no-tty", default=None, help="With a terminal inside.  [default: as out here]")
@click.pass_obj
def shell(invocation: Invocation, words: tuple[str, ...], environment_id: str | None, *, tty: bool | None) -> int:
    """Open a shell, or run a program, in a fresh container of an environment, which is gone after it.

    Packages are built first if nobody has. The exit code is the program's.

    \b
    ante environments shell ENVIRONMENT_ID
    ante environments shell ENVIRONMENT_ID python3 -c 'import pandas'
    tar c . | ante environments shell ENVIRONMENT_ID tar x
    """  # noqa: D301 - click's mark for text that keeps its lines
    rest = list(words)
    found = one_id("environment", rest.pop(0) if rest and environment_id is None else None, environment_id)
    return run_shell(invocation, found, rest, tty=tty)


def run_shell(invocation: Invocation, environment_id: str, program: list[str], *, tty: bool | None) -> int:
    """Build, open and carry on until the program ends; returns its exit code."""
    from antechamber.cli.environments.attaching import Place, attach  # noqa: PLC0415 - 60 ms that others need not pay

    world, settings = invocation.world, invocation.settings
    build_first(invocation, environment_id)
    access = find_access(settings.given(), world.environment).rooted()
    tell_choice(access, world)
    is_terminal = world.stdin.isatty() and world.stdout.isatty()
    place = Place(
        base_url=access.base_url.value,
        environment_id=environment_id,
        signer=sign(world, settings, access),
        options=outbound_options(world, settings),
    )
    return asyncio.run(attach(place, world, program, tty=is_terminal if tty is None else tty))
