"""What takes a token and never a key: service accounts and federation (wire-auth.md 4)."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import click

from antechamber.base.outbound import Headers
from antechamber.cli import resources
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import find_access
from antechamber.client.failures import CredentialUnusable
from antechamber.client.http import Query

Decorated = TypeVar("Decorated", bound=Callable[..., object])

_KEYS: Final = ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_API_KEY")
_ADVICE: Final = (
    "this takes a token with the scope org:admin, no key: log in with `ante auth login --scope org:admin`, or as the "
    "server's operator set ANTHROPIC_AUTH_TOKEN to what `ante token mint --scope org:admin` prints"
)


def call(invocation: Invocation, method: str, path: str, body: object = None) -> None:
    """Send one request with a token, and write its answer; CredentialUnusable says how to get one."""
    _pass_keys_over(invocation)
    resources.call(invocation, method, path, body, administration=False)


def show_list(
    invocation: Invocation, path: str, columns: Sequence[Column], query: Query = (), headers: Headers = ()
) -> None:
    """Write a list that a token may see; errors as of `call`."""
    _pass_keys_over(invocation)
    resources.show_list(invocation, path, columns, query, headers)


def _pass_keys_over(invocation: Invocation) -> None:
    """Leave out the keys of the environment, which are for other commands and would only be refused."""
    environment = invocation.world.environment
    variables = {name: value for name, value in environment.variables.items() if name not in _KEYS}
    narrowed = dataclasses.replace(environment, variables=variables)
    invocation.world = dataclasses.replace(invocation.world, environment=narrowed)
    if find_access(invocation.settings.given(), narrowed).credential is None:
        raise CredentialUnusable(_ADVICE)


def named(entry: Mapping[str, object]) -> object:
    """Return a column that shows a name, and whether what has it is archived."""
    return f"{entry.get('name')} (archived)" if entry.get("archived_at") else entry.get("name")


def list_options(command: Decorated) -> Decorated:
    """Add the flags of a list with page cursors."""
    for option in (
        click.option("--include-archived", is_flag=True, default=None, help="Archived ones, too."),
        click.option("--limit", type=click.IntRange(1, 100), help="Entries a page."),
    ):
        command = option(command)
    return command


def add_get(group: click.Group, path: str, argument: str, text: str) -> None:
    """Add `get ID` to a group; `retrieve`, as `ant` and our older groups call it, does the same."""
    for name in ("get", "retrieve"):

        @group.command(name, help=text, hidden=name != "get")
        @click.argument("thing_id", metavar=argument.upper())
        @click.pass_obj
        def get(invocation: Invocation, thing_id: str) -> None:
            call(invocation, "GET", f"{path}/{segment(thing_id)}")


def add_archive(group: click.Group, path: str, argument: str, consequence: str) -> None:
    """Add `archive ID` to a group; `consequence` says what it means."""

    @group.command("archive", help=f"Archive it for good: {consequence}.")
    @click.argument("thing_id", metavar=argument.upper())
    @resources.yes_option
    @click.pass_obj
    def archive(invocation: Invocation, thing_id: str, *, yes: bool) -> None:
        question = f"Archive {thing_id}? This cannot be undone: {consequence}."
        resources.confirm(invocation, question, yes=yes)
        call(invocation, "POST", f"{path}/{segment(thing_id)}/archive")


file_option: Final = click.option(
    "--file", "file", metavar="FILE", help="The body as JSON, `-` for stdin; flags win over what it says."
)


def read_body(invocation: Invocation, file: str | None) -> dict[str, object]:
    """Return the object in a file of JSON; UsageError says what is wrong with it."""
    if file is None:
        return {}
    found = read_json(invocation, file, "--file")
    if not isinstance(found, dict):
        message = f"--file: {file} holds no JSON object"
        raise click.UsageError(message)
    return found


def read_json(invocation: Invocation, file: str, flag: str) -> object:
    """Return what a file of JSON holds, `-` for stdin; UsageError."""
    return _parse(read_text(invocation, file, flag), file, flag)


def read_text(invocation: Invocation, file: str, flag: str) -> str:
    """Return a file's text, `-` for stdin; UsageError."""
    try:
        return (invocation.world.read_stdin() if file == "-" else Path(file).read_bytes()).decode()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{flag}: cannot read {file}: {getattr(error, 'strerror', None) or error}"
        raise click.UsageError(message) from None


def _parse(text: str, file: str, flag: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"{flag}: {file} is not JSON: {error}"
        raise click.UsageError(message) from None
