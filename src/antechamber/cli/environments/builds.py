"""`ante environments build|builds|log|bases|layers|prune`: what containers stand on."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.connection import connect
from antechamber.cli.environments.resource import PATH
from antechamber.cli.environments.watching import watch
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.managed import BETA, ask, call, show_list, takes_id
from antechamber.cli.output import Printer
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column, confirm, moment, yes_option
from antechamber.cli.settings import Invocation

_LARGEST_PAGE: Final = 1000
_MEBIBYTE: Final = 1 << 20
_PAUSE_SECONDS: Final = 0.5


def size(entry: Mapping[str, object]) -> object:
    """Return a column that shows `size_bytes`."""
    found = entry.get("size_bytes")
    return f"{found / _MEBIBYTE:,.1f} MiB" if isinstance(found, int) else None


def _seconds(entry: Mapping[str, object]) -> object:
    found = entry.get("seconds")
    return f"{found:.1f} s" if isinstance(found, (int, float)) else None


def _digest(entry: Mapping[str, object]) -> object:
    return str(entry.get("digest") or "")[:12] or None


_BUILDS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("state", "state"),
    ("layer", _digest),
    ("took", _seconds),
    ("size", size),
    ("begun", moment("created_at")),
)
_BASES: Final[tuple[Column, ...]] = (
    ("name", "name"),
    ("state", "state"),
    ("managers", lambda entry: " ".join(map(str, found)) if isinstance(found := entry.get("managers"), list) else None),
    ("size", size),
    ("hint", "hint"),
)
_LAYERS: Final[tuple[Column, ...]] = (
    ("layer", _digest),
    ("size", size),
    ("made", moment("created_at")),
    ("last used", moment("used_at")),
)


@click.command("build", cls=Command)
@takes_id("environment", PATH)
@click.option(
    "--watch", "is_watched", is_flag=True, help="Show how it goes, until it is over; exit code 1 if it fails."
)
@click.option("--pinned", is_flag=True, help="The very versions of the last build that succeeded.")
@click.option("--fresh", is_flag=True, help="Anew, although there is a layer.")
@click.pass_obj
def build(invocation: Invocation, thing_id: str, *, is_watched: bool, pinned: bool, fresh: bool) -> None:
    """Build an environment's packages now, instead of at its first session; the build goes on by itself."""
    body = {name: True for name, wanted in (("pinned", pinned), ("fresh", fresh)) if wanted}
    path = f"{PATH}/{segment(thing_id)}/build"
    if not is_watched:
        call(invocation, "POST", path, body)
        return
    printer = Printer(invocation.world, invocation.settings)
    with connect(invocation) as server:
        begun = server.call("POST", path, body=body, headers=BETA).json()
        found = watch(server, invocation.world, begun if isinstance(begun, dict) else {})
    if not printer.is_for_humans:
        printer.value(dict(found))
    if found.get("state") == "failed":
        raise click.exceptions.Exit(Exit.UNEXPECTED)


@click.command("builds", cls=Command)
@takes_id("environment", PATH, then="build_id")
@click.argument("build_id", required=False)
@click.option("--limit", type=click.IntRange(1, _LARGEST_PAGE), help="Entries a page.")
@click.pass_obj
def builds(invocation: Invocation, thing_id: str, build_id: str | None, limit: int | None) -> None:
    """List an environment's builds, newest first, or show one whole: its progress, its exact versions, what failed.

    \b
    ante environments builds ENVIRONMENT_ID BUILD_ID --transform lock.packages --format yaml
    """  # noqa: D301 - click's mark for text that keeps its lines
    path = f"{PATH}/{segment(thing_id)}/builds"
    if build_id is None:
        show_list(invocation, path, _BUILDS, [("limit", limit)])
    else:
        call(invocation, "GET", f"{path}/{segment(build_id)}")


@click.command("log", cls=Command)
@takes_id("environment", PATH, then="build_id")
@click.argument("build_id", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until the build is over.")
@click.pass_obj
def log(invocation: Invocation, thing_id: str, build_id: str | None, *, follow: bool) -> None:
    """Write what a build wrote: the newest one's, unless you say which."""
    path = f"{PATH}/{segment(thing_id)}/builds"
    stream, offset = invocation.world.stdout, 0
    with connect(invocation) as server:
        if build_id is None:
            page = server.call("GET", path, query=[("limit", 1)], headers=BETA).json()
            data = page.get("data") if isinstance(page, dict) else None
            if not data:
                message = f"{thing_id} has no builds"
                raise click.UsageError(message)
            build_id = str(data[0]["id"])
        while True:
            query = [("offset", offset)]
            part = server.call("GET", f"{path}/{segment(build_id)}/log", query=query, headers=BETA).json()
            told = part if isinstance(part, dict) else {}
            stream.write(str(told.get("text") or ""))
            stream.flush()
            following = told.get("next_offset")
            if told.get("is_complete") or not isinstance(following, int) or (following == offset and not follow):
                return
            if following == offset:
                invocation.world.sleep(_PAUSE_SECONDS)
            offset = following


@click.command("bases", cls=Command)
@click.pass_obj
def bases(invocation: Invocation) -> None:
    """List the bases of the server, what each brings, and the operator's command that makes one that is missing."""
    show_list(invocation, "/v1/environment_bases", _BASES)


@click.command("layers", cls=Command)
@click.pass_obj
def layers(invocation: Invocation) -> None:
    """List what builds have made: the organization's layers, which environments of the same packages share."""
    show_list(invocation, "/v1/environment_layers", _LAYERS)


@click.command("prune", cls=Command)
@click.option("--unused-days", type=click.IntRange(min=0), help="Only those that nothing started on for so long.")
@yes_option
@click.pass_obj
def prune(invocation: Invocation, unused_days: int | None, *, yes: bool) -> None:
    """Remove layers that no container uses; the next session of their environments builds them again."""
    confirm(invocation, "Remove every layer that no container uses?", yes=yes or unused_days is not None)
    body = {} if unused_days is None else {"unused_days": unused_days}
    printer = Printer(invocation.world, invocation.settings)
    pruned = ask(invocation, "POST", "/v1/environment_layers/prune", body)
    if not printer.is_for_humans:
        printer.value(pruned)
        return
    removed, freed = pruned.get("removed"), pruned.get("freed_bytes")
    count = len(removed) if isinstance(removed, list) else 0
    printer.text(f"{count} removed, {freed / _MEBIBYTE if isinstance(freed, int) else 0:,.1f} MiB freed")


def add_builds(group: click.Group) -> None:
    """Add these commands to a group."""
    for added in (build, builds, log, bases, layers, prune):
        group.add_command(added)
