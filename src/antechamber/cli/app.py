"""The `ante` command from its arguments to its exit code."""

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from antechamber import __version__
from antechamber.cli.exits import Exit
from antechamber.cli.groups import LazyGroup
from antechamber.cli.reporting import report
from antechamber.cli.settings import Invocation
from antechamber.cli.world import World, system_world

COMPLETION_VARIABLE: Final = "_ANTE_COMPLETE"
_EPILOG: Final = """\
Exit codes: 0 ok, 1 unexpected, 2 usage, 3 authentication, 4 permission, 5 not found, 6 invalid request, 7 conflict,
8 limited, 9 server error, 10 cannot connect, 11 timeout, 130 interrupted (`ante help exit-codes`).

Topics: ante help environment | exit-codes | files | formats | transform"""


def root() -> LazyGroup:
    """Return the command with all that is below it."""
    group = LazyGroup(
        "ante",
        help="Talk to language models through an Antechamber server, and run one.",
        epilog=_EPILOG,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        invoke_without_command=True,
        callback=_bare,
    )
    group.params.append(
        click.Option(
            ["--version"], is_flag=True, expose_value=False, is_eager=True, help="Show the version.", callback=_version
        )
    )
    return group


@click.pass_context
def _bare(context: click.Context) -> int | None:
    """Begin a session where a person sits; elsewhere answer what is on stdin, or show the help if nothing is."""
    if context.invoked_subcommand is not None:
        return None
    from antechamber.cli.session.start import ChatOptions, start  # noqa: PLC0415 - which most runs don't need

    return start(ChatOptions(help=context.get_help()), context.obj)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted:
        click.echo(f"ante {__version__}")
        context.exit()


def run(arguments: Sequence[str], world: World) -> Exit | int:
    """Run the command in a world and return its exit code."""
    invocation = Invocation(world)
    try:
        result = root().main(list(arguments), "ante", standalone_mode=False, obj=invocation)
    except click.exceptions.Exit as exited:
        return exited.exit_code
    except SystemExit as exited:
        return exited.code if isinstance(exited.code, int) else Exit.OK if exited.code is None else Exit.UNEXPECTED
    except BrokenPipeError:
        _close_quietly()
        return Exit.OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost frame turns all into exit codes
        with contextlib.suppress(BrokenPipeError):
            return report(error, invocation)
        return Exit.OK
    return result if isinstance(result, int) else Exit.OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the process's own arguments and world."""
    world = system_world()
    if instruction := world.environment.get(COMPLETION_VARIABLE):
        from click.shell_completion import shell_complete  # noqa: PLC0415 - only while a shell completes

        return shell_complete(root(), {"obj": Invocation(world)}, "ante", COMPLETION_VARIABLE, instruction)
    return int(run(sys.argv[1:] if arguments is None else arguments, world))


def leave(code: int) -> NoReturn:
    """Flush what was written and end the process."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        _close_quietly()
    if "pyreqwest" in sys.modules:
        # Its thread outlives closed clients, and aborts the process when it meets an interpreter on its way down.
        os._exit(code)
    sys.exit(code)


def _close_quietly() -> None:
    # The reader of our output has gone (`| head`); flushing at exit would complain about it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
