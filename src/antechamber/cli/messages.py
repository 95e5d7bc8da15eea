"""`ante messages`: send messages, count their tokens."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from antechamber.cli import generation
from antechamber.cli.composing import OPEN_ENDED
from antechamber.cli.groups import Group
from antechamber.cli.settings import Invocation
from antechamber.client.events import ServerEvent

F = TypeVar("F", bound=Callable[..., Any])

_ENDINGS: Final = frozenset({"end_turn", "stop_sequence", None})


@click.group(cls=Group)
def command() -> None:
    """Send messages, count their tokens."""


def _body_options(function: F) -> F:
    decorated: Any = function
    for decorate in reversed(
        (
            click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[PROMPT]"),
            click.option("--model", metavar="MODEL", help="The model to ask."),
            click.option("--message", metavar="YAML", multiple=True, help="A message: {role: …, content: …}, or text."),
            click.option("--prompt", metavar="TEXT", help="A user message; the same as PROMPT."),
            click.option("--system", metavar="YAML", help="The system prompt."),
            click.option("--tool", metavar="YAML", multiple=True, help="A tool that the model may use."),
            click.option("--beta", metavar="NAME", multiple=True, help="Sent as anthropic-beta."),
            click.pass_obj,
        )
    ):
        decorated = decorate(decorated)
    chosen: F = decorated
    return chosen


@command.command("create", context_settings=OPEN_ENDED)
@click.option("--max-tokens", metavar="N", help="At most so many tokens in the answer.")
@click.option("--temperature", metavar="X", help="Variation, 0 to 1 (older models).")
@click.option("--stop-sequence", metavar="TEXT", multiple=True, help="Text that ends the answer.")
@click.option("--stream/--no-stream", default=None, help="Show the answer as it comes (default on a terminal).")
@_body_options
def create(
    invocation: Invocation,
    /,
    words: tuple[str, ...],
    beta: tuple[str, ...],
    prompt: str | None,
    *,
    stream: bool | None,
    **flags: object,
) -> None:
    """Send a message.

    Any other flag becomes a field of the body: --top-k 5, --metadata.user-id U, --thinking '{type: adaptive}'.
    A body on stdin, YAML or JSON, is the start; flags are laid over it. `ante help files` has the details.

    \b
    ante messages create --model sim-1 --max-tokens 200 "Say hello"
    """  # noqa: D301 - click's mark for text that keeps its lines
    options = generation.Options(
        path="/v1/messages",
        flags=generation.given(**flags),
        words=_words(prompt, words),
        stream=stream,
        show=show_event,
        headers=beta_headers(beta),
    )
    generation.run(options, invocation)


@command.command("count-tokens", context_settings=OPEN_ENDED)
@_body_options
def count_tokens(
    invocation: Invocation, /, words: tuple[str, ...], beta: tuple[str, ...], prompt: str | None, **flags: object
) -> None:
    """Count the tokens of a message without sending it to the model."""
    options = generation.Options(
        path="/v1/messages/count_tokens",
        flags=generation.given(**flags),
        words=_words(prompt, words),
        stream=False,
        show=show_event,
        headers=beta_headers(beta),
        can_stream=False,
    )
    generation.run(options, invocation)


def beta_headers(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the header that asks for betas."""
    return [("anthropic-beta", ",".join(names))] if names else []


def _words(prompt: str | None, words: tuple[str, ...]) -> tuple[str, ...]:
    return words if prompt is None else (*words, prompt)


def show_event(event: ServerEvent) -> str:
    """Return what a person reads of an event: text, the tools asked for, and an unusual end."""
    fields = generation.fields_of(event)
    delta = fields.get("delta")
    block = fields.get("content_block")
    if event.name == "content_block_delta" and isinstance(delta, dict):
        return str(delta.get("text") or delta.get("partial_json") or "")
    if event.name == "content_block_start" and isinstance(block, dict):
        return _show_block(block, int(str(fields.get("index") or 0)))
    if event.name == "message_delta" and isinstance(delta, dict) and delta.get("stop_reason") not in _ENDINGS:
        return f"\n[stopped: {delta['stop_reason']}]\n"
    return ""


def _show_block(block: dict[str, object], index: int) -> str:
    gap = "\n" if index else ""
    if block.get("type") == "text":
        return gap + str(block.get("text") or "")
    return f"{gap}[{block.get('type')} {block['name']}] " if "name" in block else ""
