"""Questions to a person at a terminal."""

from collections.abc import Callable

from antechamber.cli.world import World


def asker(world: World) -> Callable[[str], bool] | None:
    """Return what asks a question with yes as its default; None where nobody sits at the terminal."""
    if not (world.stdin.isatty() and world.stderr.isatty()):
        return None

    def ask(question: str) -> bool:
        world.stderr.write(f"{question} [Y/n] ")
        world.stderr.flush()
        return not world.stdin.readline().strip().lower().startswith("n")

    return ask
