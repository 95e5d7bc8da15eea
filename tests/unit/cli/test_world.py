"""What a command learns of the terminal."""

import fcntl
import os
import pty
import struct
import termios
from dataclasses import replace

from antechamber.cli.world import system_world


def test_tables_may_be_as_wide_as_the_terminal() -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 150, 0, 0))
    with os.fdopen(follower, "w") as stdout:
        assert replace(system_world(), stdout=stdout).width() == 150
    os.close(leader)


def test_without_a_terminal_there_are_80_columns() -> None:
    with open(os.devnull, "w", encoding="utf-8") as stdout:  # noqa: PTH123 - no file to speak of
        assert replace(system_world(), stdout=stdout).width() == 80
