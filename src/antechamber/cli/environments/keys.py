"""`ante environments keys`: what workers of a self-hosted environment take its work with."""

from typing import Final

import click

from antechamber.cli.environments.resource import PATH
from antechamber.cli.groups import Group
from antechamber.cli.managed import ask, call, show_list, takes_id
from antechamber.cli.paths import segment
from antechamber.cli.resources import Column, confirm, given, moment, show_secret, yes_option
from antechamber.cli.settings import Invocation

_KEYS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "name"),
    ("key", "partial_key_hint"),
    ("created", moment("created_at")),
    ("expires", moment("expires_at")),
)


@click.group("keys", cls=Group)
def keys() -> None:
    """Make and revoke the keys of workers; ANTHROPIC_ENVIRONMENT_KEY is where the SDK's worker reads one."""


@keys.command("create")
@takes_id("environment", PATH, then="name")
@click.argument("name", required=False)
@click.option("--expires-at", metavar="TIME", help="When it stops (RFC 3339).  [default: never]")
@click.pass_obj
def create(invocation: Invocation, thing_id: str, name: str | None, expires_at: str | None) -> None:
    """Make a key NAME for workers of an environment; its text is shown this once."""
    body = given(name=name or "worker", expires_at=expires_at)
    show_secret(invocation, ask(invocation, "POST", f"{PATH}/{segment(thing_id)}/keys", body), "key")


@keys.command("list")
@takes_id("environment", PATH)
@click.pass_obj
def list_keys(invocation: Invocation, thing_id: str) -> None:
    """List the keys of an environment."""
    show_list(invocation, f"{PATH}/{segment(thing_id)}/keys", _KEYS)


@keys.command("revoke")
@takes_id("environment", PATH, then="key_id")
@click.argument("key_id", required=False)
@yes_option
@click.pass_obj
def revoke(invocation: Invocation, thing_id: str, key_id: str | None, *, yes: bool) -> None:
    """Revoke a key: it opens nothing from then on."""
    if not key_id:
        message = "say which key: KEY_ID"
        raise click.UsageError(message)
    confirm(invocation, f"Revoke {key_id}? This cannot be undone.", yes=yes)
    call(invocation, "DELETE", f"{PATH}/{segment(thing_id)}/keys/{segment(key_id)}")
