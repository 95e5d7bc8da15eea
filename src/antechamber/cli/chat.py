"""`ante chat`: a session with a model, and OpenAI-style chat completions."""

import click

from antechamber.cli import generation
from antechamber.cli.composing import OPEN_ENDED
from antechamber.cli.groups import Group
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.events import ServerEvent


@click.group(cls=Group, invoke_without_command=True)
@click.option("--model", metavar="MODEL", help="The model to ask; ANTHROPIC_MODEL, or the first listed, if not given.")
@click.option("--prompt", "-p", metavar="TEXT", help="Answer this and end; a text on stdin is put behind it.")
@click.option("--max-tokens", type=click.IntRange(min=1), default=4096, metavar="N", help="At most so many an answer.")
@json_option
@click.pass_context
def command(context: click.Context, model: str | None, prompt: str | None, max_tokens: int) -> int | None:
    """Talk to a model: a session at a terminal, one answer elsewhere.

    In the session /auth changes how you authenticate: log in to a server, an API key, an OpenAI-compatible provider, a
    profile; /help lists the other commands. Without a terminal the question comes from --prompt or stdin.

    \b
    ante chat
    git diff | ante chat -p "Review this"
    ante chat completions create --model sim-1 "Say hello"
    """  # noqa: D301 - click's mark for text that keeps its lines
    if context.invoked_subcommand is not None:
        return None
    from antechamber.cli.session.start import ChatOptions, start  # noqa: PLC0415 - which imports this module

    return start(ChatOptions(model, prompt, max_tokens), context.obj)


@command.group("completions", cls=Group)
def completions() -> None:
    """Send chat completions."""


@completions.command("create", context_settings=OPEN_ENDED)
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
