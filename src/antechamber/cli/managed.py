"""What environments, agents and sessions have in common: the beta header, bodies, ids by word or by flag."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar, cast

import click

from antechamber.base.outbound import Headers
from antechamber.cli import resources
from antechamber.cli.composing import compose
from antechamber.cli.connection import connect, open_server
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import find_access
from antechamber.client.http import Query, items_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Decorated = TypeVar("Decorated", bound=Callable[..., object])

# on every request of these families (wire-agents.md 1)
BETA: Final[Headers] = [("anthropic-beta", "managed-agents-2026-04-01")]
_COMPLETED: Final = 50
_COMPLETING_SECONDS: Final = 2.0


def call(invocation: Invocation, method: str, path: str, body: object = None, query: Query = ()) -> None:
    """Send one request and write its answer."""
    resources.call(invocation, method, path, body, query=query, headers=BETA, administration=False)


def ask(invocation: Invocation, method: str, path: str, body: object = None, query: Query = ()) -> dict[str, object]:
    """Send one request and return the object that it is answered with."""
    with connect(invocation) as server:
        answer = server.call(method, path, query=query, body=body, headers=BETA).json()
    return answer if isinstance(answer, dict) else {}


def show_list(invocation: Invocation, path: str, columns: Sequence[Column], query: Query = ()) -> None:
    """Write a list: a table for people, else its entries in the format asked for."""
    resources.show_list(invocation, path, columns, query, BETA, administration=False)


def list_options(most: int) -> Callable[[Decorated], Decorated]:
    """Return what adds the flags of a list with page cursors; `most` is the largest page."""

    def decorate(command: Decorated) -> Decorated:
        for option in (
            click.option("--include-archived", is_flag=True, default=None, help="Archived ones, too."),
            click.option("--page", metavar="CURSOR", help="Begin with this page."),
            click.option("--limit", type=click.IntRange(1, most), help="Entries a page."),
        ):
            command = option(command)
        return command

    return decorate


def takes_id(noun: str, path: str, then: str | None = None) -> Callable[[Decorated], Decorated]:
    """Let a command take an id as a word, or by a flag as `ant` has it; handed over as `thing_id`.

    `noun` is what the flag is called after, `path` where such things are listed, for completion. `then` is the
    argument of a second word, which is the first one where the flag is given.
    """
    flag = f"--{noun}-id"

    def decorate(command: Decorated) -> Decorated:
        @functools.wraps(command)
        def merged(*arguments: object, word: str | None, flagged: str | None, **rest: object) -> object:
            if then is not None and flagged is not None and rest[then] is None:
                rest[then], word = word, None
            return command(*arguments, thing_id=one_id(noun, word, flagged), **rest)

        complete = completer(path)
        option = click.option(flag, "flagged", metavar="ID", help="The same as the word.", shell_complete=complete)
        word = click.argument("word", required=False, metavar=f"{noun.upper()}_ID", shell_complete=complete)
        return cast("Decorated", word(option(merged)))

    return decorate


def one_id(noun: str, word: str | None, flagged: str | None) -> str:
    """Return the id that was given by word or flag; UsageError for none, for two, and for an unset variable's."""
    if (word is None) == (flagged is None):
        message = f"say which {noun}: {noun.upper()}_ID or --{noun}-id"
        raise click.UsageError(message)
    found = word or flagged
    if not found:
        message = f"the id of the {noun} is empty"
        raise click.UsageError(message)
    return found


def completer(path: str) -> Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]:
    """Return what completes the ids of a list; a server that cannot be asked completes nothing."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        del parameter
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only while a shell completes

        try:
            entries = _first_page(context.obj, path)
        except Exception:  # noqa: BLE001 - whatever is wrong is no matter for who presses Tab
            return []
        named = [(str(entry.get("id")), str(entry.get("name") or entry.get("title") or "")) for entry in entries]
        return [CompletionItem(found, help=name) for found, name in named if found.startswith(incomplete)]

    return complete


def _first_page(invocation: Invocation, path: str) -> Sequence[Mapping[str, object]]:
    invocation.remember("timeout", _COMPLETING_SECONDS)
    access = find_access(invocation.settings.given(), invocation.world.environment)
    with open_server(invocation.world, invocation.settings, access.rooted()) as server:
        server.max_retries = 0
        page = server.call("GET", path, query=[("limit", _COMPLETED)], headers=BETA).json()
    found = items_of(page) if isinstance(page, dict) else []
    return [entry for entry in found if isinstance(entry, dict)]


def add_retrieve(group: click.Group, path: str, noun: str, text: str) -> None:
    """Add `retrieve ID` to a group; `get` does the same."""
    for name in ("retrieve", "get"):

        @group.command(name, help=text, hidden=name == "get")
        @takes_id(noun, path)
        @click.pass_obj
        def retrieve(invocation: Invocation, thing_id: str) -> None:
            call(invocation, "GET", f"{path}/{segment(thing_id)}")


def add_ending(group: click.Group, path: str, noun: str, verb: str, consequence: str) -> None:  # one of two verbs
    """Add `archive ID` or `delete ID` to a group; `consequence` says what it means.

    A person is asked first, but not one who types it with the flag of `ant`, which asks nothing.
    """

    @group.command(verb, help=f"{verb.capitalize()} it for good: {consequence}.")
    @takes_id(noun, path)
    @resources.yes_option
    @click.pass_obj
    def end(invocation: Invocation, thing_id: str, *, yes: bool) -> None:
        context = click.get_current_context()
        typed_as_ant = context.params.get("flagged") is not None
        question = f"{verb.capitalize()} {thing_id}? This cannot be undone: {consequence}."
        resources.confirm(invocation, question, yes=yes or typed_as_ant)
        method, ending = ("DELETE", "") if verb == "delete" else ("POST", f"/{verb}")
        call(invocation, method, f"{path}/{segment(thing_id)}{ending}")


def body_of(
    invocation: Invocation,
    arguments: Sequence[str],
    values: Mapping[str, object],
    texts: Mapping[str, object],
    repeated: Sequence[tuple[str, str]] = (),
) -> tuple[dict[str, object], list[str]]:
    """Return a body and the words left over; of `values` and `texts` (see `compose`) those that were given count."""
    flags = [(name, str(value)) for name, value in values.items() if value is not None]
    plain = [(name, str(value)) for name, value in texts.items() if value is not None]
    return compose(invocation, [*flags, *repeated], plain, arguments)


def named(entry: Mapping[str, object]) -> object:
    """Return a column that shows a name, and whether what has it is archived."""
    return f"{entry.get('name')} (archived)" if entry.get("archived_at") else entry.get("name")


def refuse_words(words: Sequence[str]) -> None:
    """Raise UsageError for words that mean nothing."""
    if words:
        message = f"Got unexpected words: {' '.join(words)}"
        raise click.UsageError(message)
