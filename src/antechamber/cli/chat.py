"""`ante chat`: OpenAI-style chat completions."""

import click

from antechamber.cli import generation
from antechamber.cli.groups import Group
from antechamber.cli.settings import Invocation
from antechamber.client.events import ServerEvent


@click.group(cls=Group)
def command() -> None:
    """Send OpenAI-style chat completions."""


@command.group("completions", cls=Group)
def completions() -> None:
    """Send chat completions."""


@completions.command("create", context_settings=generation.OPEN_ENDED)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[PROMPT]")
@click.option("--model", metavar="MODEL", help="The model to ask.")
@click.option("--message", metavar="YAML", multiple=True, help="A message: {role: …, content: …}, or text.")
@click.option("--max-tokens", metavar="N", help="At most so many tokens in the answer.")
@click.option("--stream/--no-stream", default=None, help="Show the answer as it comes (default on a terminal).")
@click.pass_obj
def create(invocation: Invocation, /, words: tuple[str, ...], *, stream: bool | None, **flags: object) -> None:
    """Send a chat completion; any other flag becomes a field of the body."""
    options = generation.Options(
        path="/v1/chat/completions",
        flags=generation.given(**flags),
        words=words,
        stream=stream,
        show=show_event,
    )
    generation.run(options, invocation)


def show_event(event: ServerEvent) -> str:
    """Return the text of a chunk."""
    choices = generation.fields_of(event).get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    delta = first.get("delta") if isinstance(first, dict) else None
    return str(delta.get("content") or "") if isinstance(delta, dict) else ""
