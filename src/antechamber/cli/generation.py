"""Asking a model: a body from flags and stdin, the answer whole or as it comes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from antechamber.base.outbound import Headers
from antechamber.cli.body import apply_flags
from antechamber.cli.composing import part, read_document
from antechamber.cli.connection import connect
from antechamber.cli.output import Printer
from antechamber.cli.relaxed import Files
from antechamber.cli.settings import Invocation
from antechamber.client.events import ServerEvent
from antechamber.client.http import Stream


@dataclass(frozen=True, slots=True)
class Options:
    """What to send and how to show it.

    `flags` are (name, value) as typed; `words` is the prompt; `stream` is None when neither was asked for; `show` turns
    an event into the text to show a person.
    """

    path: str
    flags: Sequence[tuple[str, str]]
    words: Sequence[str]
    stream: bool | None
    show: Callable[[ServerEvent], str]
    headers: Headers = ()
    prompt_field: str | None = None
    can_stream: bool = True


def run(options: Options, invocation: Invocation) -> None:
    """Send the request and write the answer."""
    printer = Printer(invocation.world, invocation.settings)
    body = build_body(options, invocation)
    if options.can_stream:
        asked = options.stream if options.stream is not None else body.get("stream")
        streaming = printer.is_for_humans if asked is None else bool(asked)
        body = {**body, "stream": True} if streaming else {key: body[key] for key in body if key != "stream"}
    else:
        streaming = False
    with connect(invocation) as server:
        if not streaming:
            answer = server.call("POST", options.path, body=body, headers=options.headers)
            printer.body(answer.body)
            return
        with server.stream("POST", options.path, body=body, headers=options.headers) as stream:
            write_stream(stream, printer, options.show)


def build_body(options: Options, invocation: Invocation) -> dict[str, object]:
    """Lay flags and prompt over what stdin gives; ValueUnreadable or UsageError for what cannot be read."""
    files = Files(invocation.world.read_stdin)
    unknown, words = part(options.words)
    flags = [*options.flags, *unknown]
    prompt = " ".join(words)
    start = read_document(invocation, files, (prompt, *(text for _, text in flags)))
    if isinstance(start, str):
        # Plain text on stdin is what to ask about.
        prompt = f"{prompt}\n\n{start}" if prompt else start
        start = {}
    body = apply_flags(start, flags, files.embed)
    if prompt:
        content = files.embed(prompt)
        if options.prompt_field:
            body[options.prompt_field] = content
        else:
            listed = body.get("messages")
            body["messages"] = [*(listed if isinstance(listed, list) else []), {"role": "user", "content": content}]
    return body


def write_stream(stream: Stream, printer: Printer, show: Callable[[ServerEvent], str]) -> None:
    """Write a stream as it comes: running text for a person, bytes for `raw`, else one event a line."""
    if printer.format == "raw":
        for piece in stream.pieces():
            printer.bytes(piece)
        return
    if not printer.is_for_humans:
        printer.events(parse_event(event) for event in stream.events() if event.data != "[DONE]")
        return
    shown = "\n"
    try:
        for event in stream.events():
            if text := printable(show(event)):
                printer.piece(text)
                shown = text
    finally:
        if not shown.endswith("\n"):
            printer.piece("\n")


def parse_event(event: ServerEvent) -> object:
    """Return an event's data as JSON, or the text if it is none."""
    try:
        found: object = json.loads(event.data)
    except ValueError:
        return event.data
    return found


def fields_of(event: ServerEvent) -> Mapping[str, object]:
    """Return an event's data as an object; empty if it is none."""
    found = parse_event(event)
    return found if isinstance(found, dict) else {}


def printable(text: str) -> str:
    """Drop control characters: a model's words must not steer the terminal."""
    return "".join(letter for letter in text if letter in "\n\t" or letter.isprintable())


def given(**values: object) -> list[tuple[str, str]]:
    """Return the flags that were given as (name, value), repeated ones one by one; names with underscores."""
    flags: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, tuple):
            flags.extend((name, str(entry)) for entry in value)
        elif value is not None:
            flags.append((name, str(value)))
    return flags
