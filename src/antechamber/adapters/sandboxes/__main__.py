"""`python -m antechamber.adapters.sandboxes`: the supervisor of sandboxes (configuration.py tells what it is told)."""

import os
import sys
from typing import Final

import msgspec

from antechamber.adapters.sandboxes.bootstrap import BootstrapError, isolate
from antechamber.adapters.sandboxes.configuration import Answer, Refused, SupervisorConfiguration

# These start no process on this machine.
_APART: Final = frozenset({"docker", "memory"})


def main() -> int:
    """Run it to its end."""
    configuration = msgspec.json.decode(_line(), type=SupervisorConfiguration)
    try:
        pid = os.getpid() if configuration.runtime in _APART else isolate()
    except BootstrapError as error:
        _say(Refused(str(error)))
        return 1
    # Not before: namespaces are taken while there is one thread.
    from antechamber.adapters.sandboxes.daemon import run  # noqa: PLC0415

    return run(configuration, pid, _say)


def _line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(sys.stdin.fileno(), 1 << 16)
        if not part:
            sys.exit(0)  # who started it has gone already
        line += part
    return line


def _say(answer: Answer) -> None:
    os.write(sys.stdout.fileno(), msgspec.json.encode(answer) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
