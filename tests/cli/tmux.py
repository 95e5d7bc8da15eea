"""A terminal of eighty columns, as tmux gives it: keys in, what stands on the screen out."""

import contextlib
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

SECONDS = 30
_PAUSE = 0.1
_NAME = "ante"


class Screen:
    """One terminal."""

    def __init__(self, socket: Path) -> None:
        self._base = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def tmux(self, *words: str) -> str:
        done = subprocess.run([*self._base, *words], capture_output=True, text=True, check=True, timeout=SECONDS)
        return done.stdout

    def type(self, text: str, *keys: str) -> None:
        """Type a text, then press keys by their tmux names."""
        if text:
            self.tmux("send-keys", "-t", _NAME, "-l", text)
        for key in keys:
            self.tmux("send-keys", "-t", _NAME, key)

    def shown(self, *, joined: bool = False) -> str:
        """Return the screen; `joined` undoes the terminal's own wrapping."""
        return self.tmux("capture-pane", "-p", *(["-J"] if joined else []), "-t", _NAME)

    def wait_for(self, text: str) -> str:
        """Return the screen once a text stands on it."""
        until = time.monotonic() + SECONDS
        while text not in (shown := self.shown(joined=True)):
            if time.monotonic() > until:
                message = f"{text!r} did not come:\n{shown}"
                raise AssertionError(message)
            time.sleep(_PAUSE)
        return self.shown()

    def wait_until_address(self) -> str:
        """Return the address that stands on a line of its own, once it does."""
        self.wait_for("\nhttp")
        return next(line.strip() for line in self.shown(joined=True).splitlines() if line.startswith("http"))


@contextlib.contextmanager
def terminal(folder: Path, environment: Mapping[str, str], *words: str) -> Iterator[Screen]:
    """Run `ante` in a terminal of 80 columns and 40 lines."""
    screen = Screen(folder / "tmux.sock")
    command = shlex.join([sys.executable, "-m", "antechamber", *words])
    kept = " ".join(
        shlex.quote(f"{name}={value}") for name, value in {**environment, "TERM": "screen-256color"}.items()
    )
    # the shell stays behind, so that the screen does, and shows the exit code
    inside = f"trap : INT; cd {shlex.quote(str(folder))} && env -i {kept} {command}; echo ended with $?; exec cat"
    screen.tmux("new-session", "-d", "-s", _NAME, "-x", "80", "-y", "40", "sh", "-c", inside)
    try:
        yield screen
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            screen.tmux("kill-server")
