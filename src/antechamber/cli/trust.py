"""`ante trust`: the folders whose .env files may say where a person's own credential is sent."""

from pathlib import Path

import click

from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.trust import TrustStore


@click.command("trust", cls=Command)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="List the trusted folders.")
@click.option("--remove", is_flag=True, help="Trust this folder no longer.")
@json_option
@click.pass_obj
def command(invocation: Invocation, path: Path | None, *, listing: bool, remove: bool) -> int:
    """Trust a folder: its .env file may name a server for credentials that are not from the same file.

    Without PATH the current folder. A .env file of a project that is not trusted is read, too, but an address in it
    serves only a key from the same file: a cloned repository must not be able to send your own elsewhere. Folders below
    a trusted one are not trusted with it.
    """
    store = TrustStore(invocation.world.environment)
    if listing:
        if path is not None or remove:
            message = "--list takes neither a path nor --remove"
            raise click.UsageError(message)
        _list(store, invocation)
        return Exit.OK
    folder = (path or Path()).expanduser()
    if remove:
        was_trusted = store.distrust(folder)
        _say(
            invocation,
            folder.resolve(),
            trusted=False,
            text="is trusted no longer" if was_trusted else "was not trusted",
        )
        return Exit.OK if was_trusted else Exit.NOT_FOUND
    try:
        real = store.trust(folder)
    except OSError as error:
        message = f"{folder}: {'not a folder' if isinstance(error, NotADirectoryError) else error.strerror}"
        raise click.UsageError(message) from error
    _say(invocation, real, trusted=True, text="is trusted: its .env file may name a server for your own credentials")
    return Exit.OK


def _list(store: TrustStore, invocation: Invocation) -> None:
    printer = Printer(invocation.world, invocation.settings)
    folders = store.folders()
    if printer.format != "auto":
        printer.value({"path": str(store.path), "folders": [str(folder) for folder in folders]})
    else:
        printer.text("\n".join(str(folder) for folder in folders) or "none")


def _say(invocation: Invocation, folder: Path, *, trusted: bool, text: str) -> None:
    printer = Printer(invocation.world, invocation.settings)
    if printer.format == "auto":
        printer.text(f"{folder} {text}.")
    else:
        printer.value({"folder": str(folder), "trusted": trusted})
