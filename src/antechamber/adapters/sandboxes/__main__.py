"""`python -m antechamber.adapters.sandboxes`: the supervisor of sandboxes (configuration.py tells what it is told)."""

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from antechamber.adapters.sandboxes.bootstrap import BootstrapError, isolate, show
from antechamber.adapters.sandboxes.configuration import Answer, Refused, SupervisorConfiguration

# These start no process on this machine.
_APART: Final = frozenset({"docker", "memory"})


def main() -> int:
    """Run it to its end."""
    configuration = msgspec.json.decode(_line(), type=SupervisorConfiguration)
    pid = os.getpid()
    try:
        if configuration.runtime not in _APART:
            pid = isolate()
            configuration = msgspec.structs.replace(configuration, folder=str(_shown(configuration)))
    except BootstrapError as error:
        _say(Refused(str(error)))
        return 1
    # Not before: namespaces are taken while there is one thread.
    from antechamber.adapters.sandboxes.daemon import run  # noqa: PLC0415

    return run(configuration, pid, _say)


def _shown(configuration: SupervisorConfiguration) -> Path:
    ours = (configuration.blobs, configuration.cache, sys.prefix, sys.base_prefix, __file__)
    return show(Path(configuration.folder), [Path(each) for each in ours])


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
