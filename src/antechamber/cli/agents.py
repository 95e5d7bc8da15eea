"""`ante agents`: what works in a session, and every version of it."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.composing import OPEN_ENDED
from antechamber.cli.generation import given
from antechamber.cli.groups import Group
from antechamber.cli.managed import (
    Decorated,
    add_ending,
    body_of,
    call,
    list_options,
    named,
    one_id,
    refuse_words,
    show_list,
    takes_id,
)
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column, moment, need
from antechamber.cli.settings import Invocation

PATH: Final = "/v1/agents"
_LARGEST_PAGE: Final = 100
_LISTS: Final = ("tool", "mcp_server", "skill")


def _model(entry: Mapping[str, object]) -> object:
    model = entry.get("model")
    return model.get("id") if isinstance(model, dict) else model


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", named),
    ("model", _model),
    ("version", "version"),
    ("updated", moment("updated_at")),
)


@click.group(cls=Group)
def command() -> None:
    """Make and change agents: a model, what it is told, and its tools."""


def _fields(decorated: Decorated) -> Decorated:
    for option in reversed((
        click.option("--model", metavar="MODEL", help="The model, or {id: …, effort: …}."),
        click.option("--system", metavar="TEXT", help="The system prompt; @file takes a file's text."),
        click.option("--description", metavar="TEXT", help="What it is for."),
        click.option("--tool", metavar="YAML", multiple=True, help="A set of tools or a tool; may be repeated."),
        click.option("--mcp-server", metavar="YAML", multiple=True, help="{type: url, name: …, url: …}; repeat."),
        click.option("--skill", metavar="YAML", multiple=True, help="{type: custom, skill_id: …}; may be repeated."),
        click.option("--metadata", metavar="YAML", help="Names and values of your own; --metadata.NAME sets one."),
    )):  # fmt: skip
        decorated = option(decorated)
    return decorated


def _body(
    invocation: Invocation, words: tuple[str, ...], flags: dict[str, object]
) -> tuple[dict[str, object], list[str]]:
    lists = given(**{name: flags[name] for name in _LISTS})
    values = {name: flags.get(name) for name in ("model", "metadata", "version")}
    texts = {name: flags[name] for name in ("name", "system", "description")}
    return body_of(invocation, words, values, texts, lists)


@command.command("create", context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[NAME]")
@click.option("--name", metavar="TEXT", help="The same as NAME.")
@_fields
@click.pass_obj
def create(invocation: Invocation, /, words: tuple[str, ...], **flags: object) -> None:
    """Make an agent: flags, laid over YAML or JSON on stdin.

    \b
    ante agents create coder --model sim-1 --tool '{type: agent_toolset_20260401}'
    """  # noqa: D301 - click's mark for text that keeps its lines
    body, rest = _body(invocation, words, flags)
    if rest and flags["name"] is None:
        body["name"] = rest.pop(0)
    refuse_words(rest)
    call(invocation, "POST", PATH, need(body, "NAME and --model, or a body on stdin"))


@command.command("list")
@list_options(_LARGEST_PAGE)
@click.pass_obj
def list_agents(invocation: Invocation, /, **query: object) -> None:
    """List agents, newest first."""
    show_list(invocation, PATH, _COLUMNS, list(query.items()))


for _name in ("retrieve", "get"):

    @command.command(_name, hidden=_name == "get")
    @takes_id("agent", PATH)
    @click.option("--version", type=click.IntRange(min=1), help="As it was then.  [default: as it is]")
    @click.pass_obj
    def retrieve(invocation: Invocation, thing_id: str, version: int | None) -> None:
        """Show one agent."""
        call(invocation, "GET", f"{PATH}/{segment(thing_id)}", query=[("version", version)])


@command.command("update", context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[AGENT_ID]")
@click.option("--agent-id", metavar="ID", help="The same as the word.")
@click.option("--name", metavar="TEXT", help="The new name.")
@click.option("--version", metavar="N", help="Refused unless this is still the newest version.")
@_fields
@click.pass_obj
def update(invocation: Invocation, /, words: tuple[str, ...], agent_id: str | None, **flags: object) -> None:
    """Change an agent, which makes a version of it; what is not given stays, lists are replaced whole."""
    body, rest = _body(invocation, words, flags)
    word = rest.pop(0) if rest else None
    refuse_words(rest)
    found = one_id("agent", word, agent_id)
    call(invocation, "POST", f"{PATH}/{segment(found)}", need(body, "--name, --model, --system …, or stdin"))


@command.group("versions", cls=Group)
def versions() -> None:
    """See what an agent was."""


@versions.command("list")
@takes_id("agent", PATH)
@click.option("--limit", type=click.IntRange(1, _LARGEST_PAGE), help="Entries a page.")
@click.pass_obj
def list_versions(invocation: Invocation, thing_id: str, limit: int | None) -> None:
    """List every version of an agent, newest first."""
    columns: tuple[Column, ...] = (("version", "version"), *_COLUMNS[1:3], ("made", moment("updated_at")))
    show_list(invocation, f"{PATH}/{segment(thing_id)}/versions", columns, [("limit", limit)])


add_ending(command, PATH, "agent", "archive", "no new sessions, those that run go on")
