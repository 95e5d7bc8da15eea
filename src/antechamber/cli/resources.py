"""Commands over the Admin API's resources: lists as tables, one thing shown, made, changed or removed."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

import click

from antechamber.base.outbound import Headers
from antechamber.cli.connection import connect
from antechamber.cli.exits import Exit
from antechamber.cli.listing import entries, print_list
from antechamber.cli.output import Printer
from antechamber.cli.paths import segment
from antechamber.cli.settings import Invocation
from antechamber.cli.tables import table
from antechamber.client.http import Query

Decorated = TypeVar("Decorated", bound=Callable[..., object])

ORGANIZATION: Final = "/v1/organizations"
_INSTANT: Final = len("2026-11-21T07:00:00")

# A column of a table: its heading, and where its value lies in an entry or how it is made of one.
Column = tuple[str, str | Callable[[Mapping[str, object]], object]]


def list_options(command: Decorated) -> Decorated:
    """Add the flags of an id-cursor list (wire-admin.md 1.4)."""
    for option in (
        click.option("--before-id", metavar="ID", help="Go backwards from this one."),
        click.option("--after-id", metavar="ID", help="Start after this one."),
        click.option("--limit", type=click.IntRange(1, 1000), help="Entries a page."),
    ):
        command = option(command)
    return command


yes_option: Final = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def show_list(
    invocation: Invocation,
    path: str,
    columns: Sequence[Column],
    query: Query = (),
    headers: Headers = (),
    *,
    administration: bool = True,
) -> None:
    """Write a list, as an admin unless told otherwise: a table for people, else its entries in the format asked for."""
    asked = [(name, value) for name, value in query if value not in (None, ())]
    printer = Printer(invocation.world, invocation.settings)
    if not printer.is_for_humans:
        print_list(invocation, path, asked, headers, administration=administration)
        return
    with connect(invocation, administration=administration) as server:
        found = islice(entries(server, path, asked, headers), invocation.settings.max_items)
        rows = [[_value(entry, column) for _, column in columns] for entry in found if isinstance(entry, Mapping)]
    width = invocation.world.width()
    printer.text(table([heading for heading, _ in columns], rows, width=width) if rows else "none")


def call(
    invocation: Invocation,
    method: str,
    path: str,
    body: object = None,
    *,
    query: Query = (),
    headers: Headers = (),
    administration: bool = True,
) -> None:
    """Send one request, as an admin unless told otherwise, and write its answer."""
    asked = [(name, value) for name, value in query if value not in (None, ())]
    with connect(invocation, administration=administration) as server:
        answer = server.call(method, path, query=asked, body=body, headers=headers)
    Printer(invocation.world, invocation.settings).body(answer.body)


def ask(invocation: Invocation, method: str, path: str, body: object = None, query: Query = ()) -> dict[str, object]:
    """Send one request as an admin and return the object that it is answered with."""
    with connect(invocation, administration=True) as server:
        answer = server.call(method, path, query=query, body=body).json()
    return answer if isinstance(answer, dict) else {}


def add_retrieve(group: click.Group, path: str, argument: str, text: str) -> None:
    """Add `retrieve ID` to a group: shows one thing of the resource at `path`; `argument` is the id's name."""

    @group.command("retrieve", help=text)
    @click.argument("thing_id", metavar=argument.upper())
    @click.pass_obj
    def retrieve(invocation: Invocation, thing_id: str) -> None:
        call(invocation, "GET", f"{path}/{segment(thing_id)}")


def confirm(invocation: Invocation, question: str, *, yes: bool) -> None:
    """Ask a person at a terminal; a script that says what it wants has said it."""
    world = invocation.world
    if yes or not (world.stdin.isatty() and world.stdout.isatty()):
        return
    world.stderr.write(f"{question} [y/N] ")
    world.stderr.flush()
    if world.stdin.readline().strip().lower() not in {"y", "yes"}:
        world.stderr.write("nothing was changed\n")
        raise click.exceptions.Exit(Exit.UNEXPECTED)


def given(**fields: object) -> dict[str, object]:
    """Return a body of the fields that were given."""
    return {name: value for name, value in fields.items() if value not in (None, ())}


def need(body: Mapping[str, object], flags: str) -> Mapping[str, object]:
    """Return a body that is not empty; UsageError names what could be changed."""
    if not body:
        message = f"say what to change: {flags}"
        raise click.UsageError(message)
    return body


def moment(name: str) -> Callable[[Mapping[str, object]], object]:
    """Return a column that shows an instant to the second, or a dash."""
    return lambda entry: str(entry[name])[:_INSTANT].replace("T", " ") if entry.get(name) else None


def _value(entry: Mapping[str, object], column: str | Callable[[Mapping[str, object]], object]) -> object:
    return entry.get(column) if isinstance(column, str) else column(entry)


def show_secret(invocation: Invocation, made: Mapping[str, object], name: str = "secret") -> None:
    """Write a new secret alone to stdout, and what it belongs to to stderr; in a format asked for, the whole object."""
    printer = Printer(invocation.world, invocation.settings)
    if printer.format != "auto" or invocation.settings.transform is not None:
        printer.value(dict(made))
        return
    printer.text(str(made.get(name, "")))
    invocation.world.stderr.write(f"{made.get('id')} ({made.get('name')}); the secret is not shown again\n")
