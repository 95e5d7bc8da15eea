"""`python -m antechamber.adapters.egress`: the egress process, whose configuration is a line of standard input.

Each further line there is another one, and is answered on standard output.
"""

import asyncio
import resource
import sys

import msgspec

from antechamber.adapters.egress.configuration import EgressConfiguration
from antechamber.adapters.egress.server import run
from antechamber.http.log import configure_logs


def main() -> int:
    """Run it; 2 when the configuration cannot be used."""
    configure_logs("info")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        # without a buffer: the end of the rest is waited for on the descriptor itself
        with open(0, "rb", buffering=0, closefd=False) as given:
            configuration = msgspec.json.decode(given.readline(), type=EgressConfiguration)
        asyncio.run(run(configuration, 0, 1))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"egress: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
