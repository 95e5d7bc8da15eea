"""`ante federation history`: what became of exchanges, and why some gave no token."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.bearer import show_list
from antechamber.cli.groups import Command
from antechamber.cli.resources import ORGANIZATION, Column, moment
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/federation_history"


def _outcome(entry: Mapping[str, object]) -> object:
    reason, detail = entry.get("reason") or entry.get("outcome"), entry.get("detail")
    return reason if detail is None else f"{reason}: {detail}"


def _subject(entry: Mapping[str, object]) -> object:
    subject = entry.get("subject")
    # until the signature was checked anybody could have written it
    return subject if subject is None or entry.get("subject_verified") else f"? {subject}"


_COLUMNS: Final[tuple[Column, ...]] = (
    ("time", moment("created_at")),
    ("outcome", _outcome),
    ("subject", _subject),
    ("from", "ip_address"),
)


@click.command("history", cls=Command)
@click.option("--rule-id", metavar="ID", help="Only exchanges by this rule.")
@click.option("--issuer-id", metavar="ID", help="Only those of this issuer's assertions.")
@click.option("--outcome", type=click.Choice(["success", "failure"]), help="Only those that gave a token, or none.")
@click.option("--limit", type=click.IntRange(1, 100), help="Entries a page.")
@click.pass_obj
def history(invocation: Invocation, /, **query: object) -> None:
    """List what became of exchanges, newest first; the program itself is only told that it failed.

    On a terminal `?` stands before the subject of an assertion whose signature was not found good.
    """
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))
