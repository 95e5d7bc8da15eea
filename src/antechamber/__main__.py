"""`python -m antechamber` and the `ante` script."""

import gc
import sys

from antechamber import __version__

_YOUNG_OBJECTS = 50_000


def main() -> None:
    """Run `ante` with the process's arguments and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        # Scripts ask for it often, and it needs nothing of the command.
        sys.stdout.write(f"ante {__version__}\n")
        return
    # importing makes much and drops little, which the collector would look through again and again
    gc.set_threshold(_YOUNG_OBJECTS, 20, 100)
    from antechamber.cli import app  # noqa: PLC0415 - see above

    app.leave(app.main())


if __name__ == "__main__":
    main()
