"""`ante environments work`: the queue of a self-hosted environment, as its owner sees it (wire-agents.md 2b)."""

from typing import Final

import click

from antechamber.cli.environments.resource import PATH
from antechamber.cli.groups import Group
from antechamber.cli.managed import call, one_id, show_list, takes_id
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column, moment
from antechamber.cli.settings import Invocation

_ITEMS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("state", "state"),
    ("session", lambda entry: data.get("id") if isinstance(data := entry.get("data"), dict) else None),
    ("created", moment("created_at")),
    ("heartbeat", moment("latest_heartbeat_at")),
)
_LARGEST_PAGE: Final = 1000


@click.group("work", cls=Group)
def work() -> None:
    """See the queue of a self-hosted environment, and stop what is in it."""


@work.command("stats")
@takes_id("environment", PATH)
@click.pass_obj
def stats(invocation: Invocation, thing_id: str) -> None:
    """Show how many items wait, since when, and how many workers ask."""
    call(invocation, "GET", f"{PATH}/{segment(thing_id)}/work/stats")


@work.command("list")
@takes_id("environment", PATH)
@click.option("--limit", type=click.IntRange(1, _LARGEST_PAGE), help="Entries a page.")
@click.pass_obj
def list_items(invocation: Invocation, thing_id: str, limit: int | None) -> None:
    """List the items of a queue, newest first; takes an environment's key (--auth-token), as its workers have."""
    show_list(invocation, f"{PATH}/{segment(thing_id)}/work", _ITEMS, [("limit", limit)])


_work_id_option: Final = click.option("--work-id", "work_flag", metavar="ID", help="The same as the second word.")


@work.command("retrieve")
@takes_id("environment", PATH, then="work_word")
@click.argument("work_word", metavar="WORK_ID", required=False)
@_work_id_option
@click.pass_obj
def retrieve(invocation: Invocation, thing_id: str, work_word: str | None, work_flag: str | None) -> None:
    """Show one item."""
    call(invocation, "GET", f"{PATH}/{segment(thing_id)}/work/{segment(one_id('work', work_word, work_flag))}")


@work.command("stop")
@takes_id("environment", PATH, then="work_word")
@click.argument("work_word", metavar="WORK_ID", required=False)
@_work_id_option
@click.option("--force", is_flag=True, help="At once, without its worker.")
@click.pass_obj
def stop(invocation: Invocation, thing_id: str, work_word: str | None, work_flag: str | None, *, force: bool) -> None:
    """Ask an item's worker to end."""
    found = one_id("work", work_word, work_flag)
    call(invocation, "POST", f"{PATH}/{segment(thing_id)}/work/{segment(found)}/stop", {"force": force})
