"""`ante complete`: the legacy text completions."""

import click

from antechamber.cli import generation
from antechamber.cli.composing import OPEN_ENDED
from antechamber.cli.groups import Command, Group
from antechamber.cli.settings import Invocation
from antechamber.client.events import ServerEvent


@click.group(cls=Group)
def command() -> None:
    """Send a legacy text completion."""


@command.command("create", cls=Command, context_settings=OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[PROMPT]")
@click.option("--model", metavar="MODEL", help="The model to ask.")
@click.option("--prompt", metavar="TEXT", help="The text to go on from; the same as PROMPT.")
@click.option("--max-tokens-to-sample", metavar="N", help="At most so many tokens in the answer.")
@click.option("--stream/--no-stream", default=None, help="Show the answer as it comes (default on a terminal).")
@click.pass_obj
def create(invocation: Invocation, /, words: tuple[str, ...], *, stream: bool | None, **flags: object) -> None:
    """Send a completion; any other flag becomes a field of the body."""
    options = generation.Options(
        path="/v1/complete",
        flags=generation.given(**flags),
        words=words,
        stream=stream,
        show=show_event,
        # The newer version of the wire has no completions.
        headers=[("anthropic-version", "2023-06-01")],
        prompt_field="prompt",
    )
    generation.run(options, invocation)


def show_event(event: ServerEvent) -> str:
    """Return the text of a piece."""
    return str(generation.fields_of(event).get("completion") or "")
