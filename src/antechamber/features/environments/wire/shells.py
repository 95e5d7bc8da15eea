"""The messages of a shell's WebSocket.

The caller's first is a text, `{"type": "start", "command": [...], "tty": true, "rows": 24, "columns": 80,
"environment": {}}`, all but the type may be left out. Later ones are binary, which is input, or texts: `{"type":
"resize", "rows": n, "columns": n}`, `{"type": "signal", "number": n}`, `{"type": "end_input"}`.

The server says `{"type": "started", "sandbox_id": "shell_..."}`, then binary messages: a byte that says where (1
stdout, 2 stderr), and output. Its last is `{"type": "exit", "code": n, "signal": n or null, "oom": false,
"timed_out": false}`, or the body of an error.
"""

import json
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.sandbox import ExitStatus
from antechamber.features.environments.model.shells import (
    Input,
    InputEnded,
    Output,
    Resized,
    Signalled,
    Start,
    Typed,
)
from antechamber.http.bodies import Body

Rows = Annotated[int, Field(ge=1, le=10_000)]
_MOST_WORDS: Final = 1000


class StartMessage(Body):
    """What is to run."""

    type: Literal["start"]
    command: Annotated[list[str], Field(max_length=_MOST_WORDS, default_factory=list)]
    tty: bool = True
    rows: Rows = 24
    columns: Rows = 80
    environment: Annotated[dict[str, str], Field(default_factory=dict)]


class ResizeMessage(Body):
    """The terminal has another size."""

    type: Literal["resize"]
    rows: Rows
    columns: Rows


class SignalMessage(Body):
    """A signal for the program."""

    type: Literal["signal"]
    number: Annotated[int, Field(ge=1, le=64)]


class EndInputMessage(Body):
    """Nothing more will be typed."""

    type: Literal["end_input"]


_LATER: Final[TypeAdapter[ResizeMessage | SignalMessage | EndInputMessage]] = TypeAdapter(
    Annotated[ResizeMessage | SignalMessage | EndInputMessage, Field(discriminator="type")]
)


def read_start(message: bytes | str) -> Start:
    """Return what the first message asks for; InvalidRequest."""
    if isinstance(message, bytes):
        text = 'The first message is a text: {"type": "start"}.'
        raise InvalidRequest(text)
    try:
        said = StartMessage.model_validate_json(message)
    except ValidationError as error:
        raise _refused(error) from error
    return Start(tuple(said.command), said.tty, said.rows, said.columns, said.environment)


def read_input(message: bytes | str) -> Input:
    """Return what a later message means; InvalidRequest."""
    if isinstance(message, bytes):
        return Typed(message)
    try:
        said = _LATER.validate_json(message)
    except ValidationError as error:
        raise _refused(error) from error
    match said:
        case ResizeMessage():
            return Resized(said.rows, said.columns)
        case SignalMessage():
            return Signalled(said.number)
        case EndInputMessage():
            return InputEnded()


def show_started(sandbox_id: str) -> str:
    """Return the message that the container is there."""
    return json.dumps({"type": "started", "sandbox_id": sandbox_id})


def show_output(output: Output, data: bytes) -> bytes:
    """Return the message of what the program wrote."""
    return bytes((output,)) + data


def show_exit(status: ExitStatus) -> str:
    """Return the last message."""
    how = {"code": status.code, "signal": status.signal, "oom": status.oom, "timed_out": status.timed_out}
    return json.dumps({"type": "exit", **how})


def _refused(error: ValidationError) -> InvalidRequest:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "message"
    return InvalidRequest(f"{place}: {first['msg']}")
