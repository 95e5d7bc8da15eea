"""`ante sessions events`: what was said and done in a session, and what comes."""

from typing import Final

import click

from antechamber.base.outbound import Headers
from antechamber.cli.composing import OPEN_ENDED
from antechamber.cli.connection import connect
from antechamber.cli.generation import given, parse_event
from antechamber.cli.groups import Group
from antechamber.cli.managed import BETA, body_of, call, one_id, refuse_words, show_list, takes_id
from antechamber.cli.output import Printer
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column, moment, need
from antechamber.cli.settings import Invocation

_SESSIONS: Final = "/v1/sessions"
_EVENTS: Final[tuple[Column, ...]] = (("id", "id"), ("type", "type"), ("when", moment("processed_at")))
_LARGEST_PAGE: Final = 1000
_STREAMED: Final[Headers] = [*BETA, ("accept", "text/event-stream")]


@click.group("events", cls=Group)
def events() -> None:
    """See, send and follow the events of a session."""


@events.command("list")
@takes_id("session", _SESSIONS)
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only events of this type; may be repeated.")
@click.option("--order", type=click.Choice(["asc", "desc"]), help="Oldest or newest first.  [default: oldest]")
@click.option("--limit", type=click.IntRange(1, _LARGEST_PAGE), help="Entries a page.")
@click.pass_obj
def list_events(invocation: Invocation, /, thing_id: str, **query: object) -> None:
    """List a session's events."""
    show_list(invocation, f"{_SESSIONS}/{segment(thing_id)}/events", _EVENTS, list(query.items()))


@events.command("send", context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[SESSION_ID]")
@click.option("--session-id", metavar="ID", help="The same as the word.")
@click.option("--event", metavar="YAML", multiple=True, help="An event: {type: …}; may be repeated.")
@click.pass_obj
def send(invocation: Invocation, words: tuple[str, ...], session_id: str | None, event: tuple[str, ...]) -> None:
    """Send events: flags, laid over YAML or JSON on stdin."""
    body, rest = body_of(invocation, words, {}, {}, given(event=event))
    found = one_id("session", rest.pop(0) if rest else None, session_id)
    refuse_words(rest)
    call(invocation, "POST", f"{_SESSIONS}/{segment(found)}/events", need(body, "--event, or a body on stdin"))


@events.command("stream")
@takes_id("session", _SESSIONS)
@click.pass_obj
def stream(invocation: Invocation, thing_id: str) -> None:
    """Follow a session's events from now on, a line each, until Ctrl-C."""
    printer = Printer(invocation.world, invocation.settings)
    with (
        connect(invocation) as server,
        server.stream("GET", f"{_SESSIONS}/{segment(thing_id)}/events/stream", headers=_STREAMED) as answer,
    ):
        printer.events(parse_event(event) for event in answer.events())
