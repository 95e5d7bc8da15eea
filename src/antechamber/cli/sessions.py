"""`ante sessions`: an agent at work in an environment, in a container of its own."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.agents import PATH as AGENTS
from antechamber.cli.composing import OPEN_ENDED
from antechamber.cli.environments.resource import PATH as ENVIRONMENTS
from antechamber.cli.groups import Group
from antechamber.cli.managed import (
    add_ending,
    add_retrieve,
    body_of,
    call,
    completer,
    list_options,
    one_id,
    refuse_words,
    show_list,
    takes_id,
)
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column, moment, need
from antechamber.cli.session_events import events
from antechamber.cli.settings import Invocation

PATH: Final = "/v1/sessions"
_LARGEST_PAGE: Final = 100
_LARGEST_LOG: Final = 1000
_STATUSES: Final = ("idle", "rescheduling", "running", "terminated")


def _agent(entry: Mapping[str, object]) -> object:
    agent = entry.get("agent")
    return agent.get("name") if isinstance(agent, dict) else agent


def _container(entry: Mapping[str, object]) -> object:
    container = entry.get("container")
    return container.get("state") if isinstance(container, dict) else None


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("status", lambda entry: "archived" if entry.get("archived_at") else entry.get("status")),
    ("container", _container),
    ("agent", _agent),
    ("title", "title"),
    ("created", moment("created_at")),
)
_DECISIONS: Final[tuple[Column, ...]] = (
    ("when", moment("at")),
    ("decision", "decision"),
    ("to", lambda entry: f"{entry.get('host')}:{entry.get('port')}"),
    ("rule", "rule"),
)


@click.group(cls=Group)
def command() -> None:
    """Start and end sessions: an agent in an environment, in a container of its own."""


@command.command("create", context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.option("--agent", metavar="ID", help="The agent, or {type: agent, id: …, version: …}.",
              shell_complete=completer(AGENTS))  # fmt: skip
@click.option("--environment-id", metavar="ID", help="Where it works.", shell_complete=completer(ENVIRONMENTS))
@click.option("--title", metavar="TEXT", help="What it is about.")
@click.option("--metadata", metavar="YAML", help="Names and values of your own; --metadata.NAME sets one.")
@click.pass_obj
def create(invocation: Invocation, /, words: tuple[str, ...], **flags: object) -> None:
    """Start a session: flags, laid over YAML or JSON on stdin. Its container starts beside it.

    \b
    ante sessions create --agent AGENT_ID --environment-id ENVIRONMENT_ID
    """  # noqa: D301 - click's mark for text that keeps its lines
    values = {name: flags[name] for name in ("agent", "metadata")}
    texts = {name: flags[name] for name in ("environment_id", "title")}
    body, rest = body_of(invocation, words, values, texts)
    refuse_words(rest)
    call(invocation, "POST", PATH, need(body, "--agent and --environment-id, or a body on stdin"))


@command.command("list")
@click.option("--agent-id", metavar="ID", help="Only sessions of this agent.", shell_complete=completer(AGENTS))
@click.option("--agent-version", type=click.IntRange(min=1), help="Only those of this version of it.")
@click.option("--status", "statuses", type=click.Choice(_STATUSES), multiple=True, help="Only these; may be repeated.")
@click.option("--order", type=click.Choice(["asc", "desc"]), help="Oldest or newest first.  [default: newest]")
@list_options(_LARGEST_PAGE)
@click.pass_obj
def list_sessions(invocation: Invocation, /, **query: object) -> None:
    """List sessions, newest first."""
    show_list(invocation, PATH, _COLUMNS, list(query.items()))


add_retrieve(command, PATH, "session", "Show one session.")


@command.command("update", context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[SESSION_ID]")
@click.option("--session-id", metavar="ID", help="The same as the word.")
@click.option("--title", metavar="TEXT", help="The new title.")
@click.option("--metadata", metavar="YAML", help="Names and values of your own; --metadata.NAME sets one.")
@click.pass_obj
def update(invocation: Invocation, /, words: tuple[str, ...], session_id: str | None, **flags: object) -> None:
    """Change a session's title or metadata."""
    body, rest = body_of(invocation, words, {"metadata": flags["metadata"]}, {"title": flags["title"]})
    word = rest.pop(0) if rest else None
    refuse_words(rest)
    found = one_id("session", word, session_id)
    call(invocation, "POST", f"{PATH}/{segment(found)}", need(body, "--title or --metadata.NAME"))


@command.command("egress")
@takes_id("session", PATH)
@click.option("--limit", type=click.IntRange(1, _LARGEST_LOG), help="Entries a page.")
@click.pass_obj
def egress(invocation: Invocation, thing_id: str, limit: int | None) -> None:
    """List what a session's container asked of the network, and by which rule it was let through or not."""
    show_list(invocation, f"{PATH}/{segment(thing_id)}/egress", _DECISIONS, [("limit", limit)])


command.add_command(events)
add_ending(command, PATH, "session", "archive", "its container ends, what was said stays")
add_ending(command, PATH, "session", "delete", "its container and everything in it go")
