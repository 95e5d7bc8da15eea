"""A person's way into a fresh container: what begins it, and what goes in and out meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

# the label of their containers, by which those of a server that has died are found
LABEL: Final = "shell"
# who asks for no program gets the shell of whoever logs in
LOGIN_SHELL: Final = ("/bin/bash", "-l")


class Output(IntEnum):
    """Where bytes come out; of a terminal everything comes on the first."""

    STDOUT = 1
    STDERR = 2


@dataclass(frozen=True, slots=True)
class Start:
    """What is to run; without a command the login shell."""

    command: tuple[str, ...] = ()
    tty: bool = True
    rows: int = 24
    columns: int = 80
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Typed:
    """Bytes for the program's input."""

    data: bytes


@dataclass(frozen=True, slots=True)
class InputEnded:
    """Nothing more will be typed."""


@dataclass(frozen=True, slots=True)
class Resized:
    """The terminal has another size now."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Signalled:
    """A signal for the program."""

    number: int


Input = Typed | InputEnded | Resized | Signalled
