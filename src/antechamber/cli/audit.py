"""`ante audit`: who did what, whether the log of it is whole, and what was refused."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, TextIO

import click

from antechamber.base.clock import Clock
from antechamber.cli.connection import connect
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Group
from antechamber.cli.listing import entries
from antechamber.cli.output import Printer
from antechamber.cli.resources import Column, ask, list_options, moment, show_list
from antechamber.cli.settings import Invocation

_PATH: Final = "/v1/compliance/activities"
_PAGE: Final = 1000
_SHOWN_SECONDS: Final = 0.2
_TO_THE_MINUTE: Final = len("2026-11-21T07:00")
_OWN: Final = frozenset({"id", "type", "created_at", "actor", "organization_id", "organization_uuid", "request_id"})
_WHO: Final = ("email_address", "user_id", "admin_api_key_id", "api_key_id", "token_id", "service",
               "unauthenticated_email_address")  # fmt: skip


@click.group(cls=Group)
def command() -> None:
    """See who did what, prove that the log of it is whole, and see what was refused."""


since_option: Final = click.option("--since", "created_at_gte", metavar="TIME", help="From this moment on (RFC 3339).")
until_option: Final = click.option("--until", "created_at_lt", metavar="TIME", help="Up to this moment.")
type_option: Final = click.option(
    "--type", "activity_types", metavar="TYPE", multiple=True, help="Only acts of this type; may be repeated."
)
actor_option: Final = click.option(
    "--actor-id", "actor_ids", metavar="ID", multiple=True, help="Only what this person or key did; may be repeated."
)


@command.command("list")
@since_option
@until_option
@type_option
@actor_option
@list_options
@click.pass_obj
def list_activities(invocation: Invocation, /, **query: object) -> None:
    """List what was done, newest first; a table on a terminal. Needs an admin key."""
    columns: tuple[Column, ...] = (
        ("time", _minute),
        ("who", _who),
        ("what", "type"),
        ("on what", _on_what),
    )
    show_list(invocation, _PATH, columns, _named(query))


@command.command("export")
@since_option
@until_option
@type_option
@actor_option
@click.option("--output", "-o", type=click.File("w", encoding="utf-8", lazy=True), help="Into this file.")
@click.pass_obj
def export(invocation: Invocation, /, output: TextIO | None, **query: object) -> None:
    """Write every activity as a line of JSON, newest first, with progress on a terminal."""
    world = invocation.world
    stream = output or world.stdout
    asked = [("limit", _PAGE), *((name, value) for name, value in _named(query) if value not in (None, ()))]
    progress = _Progress(world.stderr, world.clock, is_free=output is not None or not world.stdout.isatty())
    try:
        with connect(invocation, administration=True) as server:
            for activity in islice(entries(server, _PATH, asked), invocation.settings.max_items):
                stream.write(json.dumps(activity, ensure_ascii=False, separators=(",", ":")) + "\n")
                progress.reach(activity)
    finally:
        progress.close()


@command.command("verify")
@click.option(
    "--expect", metavar="ID:MARK", help="A head that an earlier verification gave: it must still be in the log."
)
@click.pass_obj
def verify(invocation: Invocation, expect: str | None) -> None:
    """Say whether no activity was changed, removed or added; exit code 1 if one was."""
    verdict = ask(invocation, "GET", f"{_PATH}/verify", query=[("expect", expect)])
    printer = Printer(invocation.world, invocation.settings)
    if printer.is_for_humans:
        printer.text(_sentence(verdict))
    else:
        printer.value(verdict)
    if verdict.get("ok") is not True:
        raise click.exceptions.Exit(Exit.UNEXPECTED)


@command.command("refusals")
@since_option
@until_option
@click.option("--status", "statuses", type=int, multiple=True, help="Only this status: 401, 403, 429.")
@click.option("--principal-id", "principal_ids", metavar="ID", multiple=True, help="Only what this key was refused.")
@click.option("--limit", type=click.IntRange(1, 1000), help="Entries a page.")
@click.pass_obj
def refusals(invocation: Invocation, /, **query: object) -> None:
    """List what was refused, counted by hour."""
    columns: tuple[Column, ...] = (
        ("hour", moment("hour")),
        ("status", lambda entry: str(entry.get("status"))),
        ("count", "count"),
        ("what", lambda entry: f"{entry.get('method')} {entry.get('path')}"),
        ("who", "principal_id"),
        ("last from", lambda entry: _part(entry, "last").get("ip_address")),
    )
    show_list(invocation, "/v1/compliance/refusals", columns, _named(query))


class _Progress:
    """How far an export is: a line that is written over on a free terminal, and the sum at the end."""

    def __init__(self, stream: TextIO, clock: Clock, *, is_free: bool) -> None:
        self._stream = stream
        self._clock = clock
        self._count = 0
        self._shown_at = 0.0
        self._is_terminal = is_free and stream.isatty()

    def reach(self, activity: object) -> None:
        self._count += 1
        now = self._clock.monotonic()
        if self._is_terminal and now - self._shown_at >= _SHOWN_SECONDS and isinstance(activity, Mapping):
            self._shown_at = now
            self._stream.write(f"\r{self._count:,} activities, back to {moment('created_at')(activity)}")
            self._stream.flush()

    def close(self) -> None:
        start = "\r\x1b[K" if self._is_terminal else ""
        self._stream.write(f"{start}{self._count:,} activities\n")


def _named(query: Mapping[str, object]) -> list[tuple[str, object]]:
    # a dot can't be in a parameter's name
    return [(name.replace("created_at_", "created_at."), value) for name, value in query.items()]


def _part(entry: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = entry.get(name)
    return found if isinstance(found, Mapping) else {}


def _who(entry: Mapping[str, object]) -> object:
    actor = _part(entry, "actor")
    named = next((actor[name] for name in _WHO if actor.get(name)), None)
    return named or str(actor.get("type", "")).removesuffix("_actor")


def _minute(entry: Mapping[str, object]) -> str:
    return str(entry.get("created_at", ""))[:_TO_THE_MINUTE].replace("T", " ")


def _on_what(entry: Mapping[str, object]) -> str:
    return ", ".join(_details(entry)) or "-"


def _details(entry: Mapping[str, object]) -> Iterator[str]:
    for name, value in entry.items():
        if name in _OWN or value is None:
            continue
        if name == "updates" and isinstance(value, list):
            yield from (_update(each) for each in value)
            continue
        # an id says by itself what it is of
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield shown if name.endswith("_id") else f"{name} {shown}"


def _update(change: Mapping[str, object]) -> str:
    previous, current = (change.get(name) for name in ("previous_value", "current_value"))
    return f"{change.get('type')} {'' if previous is None else f'{previous} '}-> {'-' if current is None else current}"


def _sentence(verdict: Mapping[str, object]) -> str:
    count = verdict.get("activities")
    number = f"{count:,}" if isinstance(count, int) else "?"
    head = f"{verdict.get('head_id')}:{verdict.get('head_mark')}"
    problem = _part(verdict, "problem")
    if verdict.get("ok") is True:
        if verdict.get("head_id") is None:
            return "whole: nothing was done yet"
        return f"whole: {number} activities\nkept elsewhere, this proves more later: --expect {head}"
    return f"BROKEN after {number} activities: {problem.get('message')} ({problem.get('code')})"
