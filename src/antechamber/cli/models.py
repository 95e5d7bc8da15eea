"""`ante models`: the models that the credential may use."""

import click

from antechamber.cli.connection import connect
from antechamber.cli.groups import Group
from antechamber.cli.listing import print_list
from antechamber.cli.output import Printer
from antechamber.cli.paths import segment
from antechamber.cli.settings import Invocation


@click.group(cls=Group)
def command() -> None:
    """List the models you may use."""


@command.command("list")
@click.option("--limit", type=int, help="Entries a page.")
@click.option("--after-id", help="Start after this one.")
@click.option("--before-id", help="Go backwards from this one.")
@click.pass_obj
def list_models(invocation: Invocation, limit: int | None, after_id: str | None, before_id: str | None) -> None:
    """List models, newest first."""
    print_list(invocation, "/v1/models", [("limit", limit), ("after_id", after_id), ("before_id", before_id)])


@command.command("retrieve")
@click.argument("model", required=False, metavar="MODEL")
@click.option("--model-id", help="The same as a flag.")
@click.pass_obj
def retrieve(invocation: Invocation, model: str | None, model_id: str | None) -> None:
    """Show one model."""
    chosen = model or model_id
    if chosen is None:
        message = "name the model: ante models retrieve MODEL"
        raise click.UsageError(message)
    with connect(invocation) as server:
        Printer(invocation.world, invocation.settings).body(server.call("GET", f"/v1/models/{segment(chosen)}").body)
