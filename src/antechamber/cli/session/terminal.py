"""The terminal of a session: lines with history and completion, hidden input, choices."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from antechamber.cli.generation import printable

_PRIVATE: Final = 0o600
_STYLE: Final = Style.from_dict({"bottom-toolbar": "noreverse fg:ansibrightblack", "mark": "bold"})
_MARK: Final = "> "


class Terminal:
    """Reads from a person and writes to them; keyboard and screen are the process's own unless given.

    `streams` are stdin and stdout.
    """

    def __init__(
        self,
        streams: tuple[TextIO, TextIO],
        history: Path | None,
        commands: Mapping[str, str],
        toolbar: Callable[[], str],
        *,
        keyboard: Input | None = None,
        screen: Output | None = None,
        colour: bool = True,
    ) -> None:
        self._stdin, self._stdout = streams
        self._former: list[Any] | None = None
        self._plain: PromptSession[str] = PromptSession(input=keyboard, output=screen)
        self._lines: PromptSession[str] = PromptSession(
            history=_private_history(history),
            completer=_Slashes(commands),
            complete_while_typing=Condition(lambda: self._lines.default_buffer.text.startswith("/")),
            multiline=True,
            key_bindings=_keys(),
            bottom_toolbar=lambda: [("class:bottom-toolbar", toolbar())],
            prompt_continuation=lambda width, *_: " " * width,
            style=_STYLE if colour else None,
            input=keyboard,
            output=screen,
        )

    def read(self, default: str = "") -> str:
        """Return what the person says next; EOFError at Ctrl-D, KeyboardInterrupt at Ctrl-C."""
        return self._lines.prompt(FormattedText([("class:mark", _MARK)]), default=default)

    def ask(self, question: str, default: str = "") -> str:
        """Return an answer in one line, outside the history."""
        shown = f"{question} [{default}]: " if default else f"{question}: "
        return self._plain.prompt(shown, is_password=False).strip() or default

    def ask_hidden(self, question: str) -> str:
        """Return a secret: shown as stars, kept nowhere."""
        return self._plain.prompt(f"{question}: ", is_password=True).strip()

    def confirm(self, question: str) -> bool:
        """Return the answer to a question whose default is yes."""
        return not self._plain.prompt(f"{question} [Y/n] ", is_password=False).strip().lower().startswith("n")

    def choose(self, title: str, entries: Sequence[str]) -> int | None:
        """Return which entry was picked by its number; None for an empty line."""
        self.say(title)
        width = len(str(len(entries)))
        for number, entry in enumerate(entries, 1):
            self.say(f"  {number:>{width}}  {entry}")
        while picked := self._plain.prompt("Number (empty to leave it): ", is_password=False).strip():
            if picked.isdigit() and 1 <= int(picked) <= len(entries):
                return int(picked) - 1
            if picked in entries:
                return entries.index(picked)
            self.say(f"There is no {picked}.")
        return None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep what is typed between two lines off the screen and for the next one; Ctrl-C still interrupts.

        A terminal that edits lines itself would turn the Enter of what is typed ahead into another character.
        """
        with _attributes(self._stdin, quiet=True) as former:
            self._former = former
            yield

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Give the terminal back to what reads lines from stdin by itself."""
        with _attributes(self._stdin, quiet=False, wanted=self._former):
            yield

    def say(self, text: str = "") -> None:
        """Write a line."""
        self.piece(f"{text}\n")

    def piece(self, text: str) -> None:
        """Write a part of a line at once, without what would steer the terminal."""
        self._stdout.write(printable(text))
        self._stdout.flush()


@contextmanager
def _attributes(stream: TextIO, *, quiet: bool, wanted: list[Any] | None = None) -> Iterator[list[Any] | None]:
    """Change a terminal's attributes for a while: to those wanted, or to `quiet`; hands out the former ones."""
    if sys.platform == "win32" or not stream.isatty():
        yield None
        return
    import termios  # noqa: PLC0415 - which Windows has not

    descriptor = stream.fileno()
    former = termios.tcgetattr(descriptor)
    changed = [*(wanted or former)]
    if quiet:
        changed[0] &= ~termios.ICRNL
        changed[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(descriptor, termios.TCSANOW, changed)
    try:
        yield former
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, former)


def _private_history(path: Path | None) -> History:
    """Return the history kept in a file that only its owner reads; in memory where it cannot be kept so."""
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags, _PRIVATE)
        try:
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, _PRIVATE)
        finally:
            os.close(descriptor)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


class _Slashes(Completer):
    """Completes the session's own commands."""

    def __init__(self, commands: Mapping[str, str]) -> None:
        self._commands = commands

    def get_completions(self, document: Document, complete_event: object) -> Iterable[Completion]:
        """Yield the commands that begin as the line does."""
        del complete_event
        text = document.text_before_cursor
        if text.startswith("/") and " " not in text and "\n" not in text:
            for name, about in self._commands.items():
                if name.startswith(text):
                    yield Completion(name, start_position=-len(text), display_meta=about)


def _keys() -> KeyBindings:
    """Enter sends; Alt-Enter, Ctrl-J, or a backslash before Enter begin another line."""
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.current_line_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.newline()
        elif buffer.text.strip():
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    @keys.add("c-j")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.newline()

    return keys
