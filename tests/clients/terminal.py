"""A terminal for programs that draw themselves: types keys, and waits for words whatever the drawing is like."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

UP, ENTER = "\x1b[A", "\r"
_SIZE = struct.pack("HHHH", 50, 160, 0, 0)
_DRAWING = re.compile(
    rb"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|\[[0-?]*[ -/]*[@-~]|[()].|[@-Z\\_=>])", re.DOTALL
)
_SECONDS = 90
_NOBODY_SITS_HERE = {"CI", "CONTINUOUS_INTEGRATION"}


class Terminal:
    """A program in a terminal of its own; ended with the block."""

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self._command = command
        # somebody sits at it: with CI set, as it is on machines that run tests, programs draw nothing until they end
        kept = {name: value for name, value in environment.items() if name not in _NOBODY_SITS_HERE}
        self._environment = {**kept, "TERM": "xterm-256color"}
        self._folder = folder
        self._seen = b""

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, _SIZE)
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def type(self, keys: str) -> None:
        """Press keys; what was shown until now is forgotten."""
        self._seen = b""
        os.write(self._master, keys.encode())

    def wait_for(self, words: str) -> re.Match[str]:
        """Wait until a pattern is shown; spaces count for nothing, as programs draw them by moving the cursor."""
        pattern, until = re.compile(words.replace(" ", "")), time.monotonic() + _SECONDS
        while (found := pattern.search(self.shown())) is None:
            assert time.monotonic() < until, f"{words!r} was never shown, but:\n{self.shown()[-3000:]}"
            readable, _, _ = select.select([self._master], [], [], 0.2)
            if readable:
                try:
                    self._seen += os.read(self._master, 65_536)
                except OSError:  # as a pty says that its program has ended
                    assert self._process.wait(_SECONDS) is None, f"it ended:\n{self.shown()[-3000:]}"
        return found

    def shown(self) -> str:
        """Return the signs that were drawn since the last key, without spaces."""
        return "".join(_DRAWING.sub(b"", self._seen).decode("utf-8", "replace").split())
