"""Bodies put together from flags and from what is piped in, for every command that takes fields as they come."""

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Final

import click

from antechamber.cli.body import apply_flags, split_flags
from antechamber.cli.relaxed import Files, ValueUnreadable, parse_document
from antechamber.cli.settings import GLOBAL_NAMES, Invocation

# Body fields that resemble a flag of ours without being a slip of the hand.
_FIELDS: Final = frozenset({"messages", "tools", "stop-sequences", "stop", "model", "prompt", "n", "user", "seed"})
_RESEMBLANCE: Final = 0.8
# For commands whose unknown flags are fields of the body.
OPEN_ENDED: Final = {"ignore_unknown_options": True, "allow_extra_args": True}

Flags = Sequence[tuple[str, str]]


def compose(
    invocation: Invocation, flags: Flags, texts: Flags, arguments: Sequence[str]
) -> tuple[dict[str, object], list[str]]:
    """Return a body and the words that are left of `arguments`; ValueUnreadable or UsageError.

    What is piped in is the start. `flags` are values as `ante help files` has them, `texts` are strings whatever they
    look like; both are laid over it, and so is every flag among `arguments`.
    """
    files = Files(invocation.world.read_stdin)
    unknown, words = part(arguments)
    labels = [(name, text) for name, text in unknown if name.startswith("metadata.")]
    others = [(name, text) for name, text in unknown if not name.startswith("metadata.")]
    given = [*flags, *texts, *unknown]
    piped = read_document(invocation, files, [text for _, text in given])
    if isinstance(piped, str):
        message = "stdin: expected an object with the body's fields"
        raise ValueUnreadable(message)
    body = apply_flags(piped, [*flags, *others], files.embed)
    body |= {name: files.embed(text) for name, text in texts}
    if labels:
        kept = body.get("metadata")
        own = {name.removeprefix("metadata."): None if text == "null" else text for name, text in labels}
        body["metadata"] = {**(kept if isinstance(kept, dict) else {}), **own}
    return body, words


def part(arguments: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the flags among arguments, and the words; UsageError for a global flag that is misspelt."""
    unknown, words = split_flags(arguments)
    _refuse_slips(name for name, _ in unknown)
    return unknown, words


def read_document(invocation: Invocation, files: Files, values: Iterable[str]) -> dict[str, object] | str:
    """Return the object or the text that is piped in, unless one of `values` takes stdin for itself."""
    world = invocation.world
    takes_stdin = any(_names_stdin(text) for text in values)
    piped = world.read_stdin() if world.stdin_is_piped() and not takes_stdin else b""
    return _document(piped, files)


def _names_stdin(text: str) -> bool:
    return text == "@-" or '"@-"' in text or "'@-'" in text or ": @-" in text


def _document(piped: bytes, files: Files) -> dict[str, object] | str:
    text = piped.decode("utf-8", "replace")
    if not text.strip():
        return {}
    try:
        machine_made = json.loads(text)
    except ValueError:
        found = files.embed(parse_document(text))
    else:
        found = machine_made
    if isinstance(found, dict):
        return found
    if isinstance(found, str):
        return text.strip()
    message = "stdin: expected an object with the body's fields"
    raise ValueUnreadable(message)


def _refuse_slips(names: Iterable[str]) -> None:
    known = [name.replace("_", "-") for name in GLOBAL_NAMES]
    for name in names:
        near = difflib.get_close_matches(name, known, n=1, cutoff=_RESEMBLANCE) if name not in _FIELDS else []
        if near:
            message = f"No such option: --{name}. Did you mean --{near[0]}?"
            raise click.UsageError(message)
