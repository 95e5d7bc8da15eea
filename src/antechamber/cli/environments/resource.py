"""`ante environments create|list|retrieve|update|archive|delete|history`."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.composing import OPEN_ENDED
from antechamber.cli.environments.config import MANAGERS, apply_config, config_options
from antechamber.cli.groups import Command
from antechamber.cli.managed import (
    Decorated,
    add_ending,
    add_retrieve,
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

PATH: Final = "/v1/environments"
_LARGEST_PAGE: Final = 1000


def network(entry: Mapping[str, object]) -> object:
    """Return a column that shows what can be reached."""
    config = entry.get("config")
    networking = config.get("networking") if isinstance(config, dict) else None
    return networking.get("type") if isinstance(networking, dict) else None


def packages(entry: Mapping[str, object]) -> object:
    """Return a column that counts the packages of each manager."""
    config = entry.get("config")
    found = config.get("packages") if isinstance(config, dict) else None
    if not isinstance(found, dict):
        return config.get("type") if isinstance(config, dict) else None
    return " ".join(f"{manager}:{len(found[manager])}" for manager in MANAGERS if found.get(manager)) or None


def _who(entry: Mapping[str, object]) -> object:
    actor = entry.get("changed_by")
    return (actor.get("id") or str(actor.get("type")).removesuffix("_actor")) if isinstance(actor, dict) else None


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", named),
    ("network", network),
    ("packages", packages),
    ("created", moment("created_at")),
)
_CHANGES: Final[tuple[Column, ...]] = (
    ("when", moment("changed_at")),
    ("what", "change"),
    ("who", _who),
    ("network", network),
    ("packages", packages),
)


def _fields(command: Decorated) -> Decorated:
    for option in reversed((
        click.option("--config", metavar="YAML", help="{type: cloud, networking: …, packages: …} or "
                                                      "{type: self_hosted}."),
        click.option("--description", metavar="TEXT", help="What it is for."),
        click.option("--metadata", metavar="YAML", help="Names and values of your own; --metadata.NAME sets one."),
        click.option("--scope", metavar="SCOPE", help="Who sees it: organization."),
        config_options,
    )):  # fmt: skip
        command = option(command)
    return command


def _body(
    invocation: Invocation, words: tuple[str, ...], flags: dict[str, object]
) -> tuple[dict[str, object], list[str]]:
    values = {name: flags[name] for name in ("config", "metadata")}
    texts = {name: flags[name] for name in ("name", "description", "scope")}
    body, rest = body_of(invocation, words, values, texts)
    return apply_config(body, flags), rest


@click.command("create", cls=Command, context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[NAME]")
@click.option("--name", metavar="TEXT", help="The same as NAME.")
@_fields
@click.pass_obj
def create(invocation: Invocation, /, words: tuple[str, ...], **flags: object) -> None:
    """Make an environment: flags, laid over YAML or JSON on stdin.

    \b
    ante environments create data --pip pandas==2.2.0 --npm express
    ante environments create shut --network limited --allow-host api.example.com
    ante environments create < environment.yaml
    """  # noqa: D301 - click's mark for text that keeps its lines
    body, rest = _body(invocation, words, flags)
    if rest and flags["name"] is None:
        body["name"] = rest.pop(0)
    refuse_words(rest)
    call(invocation, "POST", PATH, need(body, "NAME, or a body on stdin"))


@click.command("list", cls=Command)
@list_options(_LARGEST_PAGE)
@click.pass_obj
def list_environments(invocation: Invocation, /, **query: object) -> None:
    """List environments, newest first."""
    show_list(invocation, PATH, _COLUMNS, list(query.items()))


@click.command("update", cls=Command, context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[ENVIRONMENT_ID]")
@click.option("--environment-id", metavar="ID", help="The same as the word.")
@click.option("--name", metavar="TEXT", help="The new name.")
@_fields
@click.pass_obj
def update(invocation: Invocation, /, words: tuple[str, ...], environment_id: str | None, **flags: object) -> None:
    """Change an environment; what is not given stays, and containers that run keep what they have.

    A list of packages or hosts is replaced whole. --metadata.NAME null takes a name away.
    """
    body, rest = _body(invocation, words, flags)
    word = rest.pop(0) if rest else None
    refuse_words(rest)
    found = one_id("environment", word, environment_id)
    call(invocation, "POST", f"{PATH}/{segment(found)}", need(body, "--name, --config, --pip …, or stdin"))


@click.command("history", cls=Command)
@takes_id("environment", PATH)
@click.option("--limit", type=click.IntRange(1, _LARGEST_PAGE), help="Entries a page.")
@click.pass_obj
def history(invocation: Invocation, thing_id: str, limit: int | None) -> None:
    """List what an environment was and is: every config with who set it and when, newest first."""
    show_list(invocation, f"{PATH}/{segment(thing_id)}/history", _CHANGES, [("limit", limit)])


def add_resource(group: click.Group) -> None:
    """Add these commands to a group, in the order in which an environment lives."""
    group.add_command(create)
    group.add_command(list_environments)
    add_retrieve(group, PATH, "environment", "Show one environment.")
    group.add_command(update)
    group.add_command(history)
    add_ending(group, PATH, "environment", "archive", "no new sessions, those that run go on")
    add_ending(group, PATH, "environment", "delete", "refused while sessions refer to it")
