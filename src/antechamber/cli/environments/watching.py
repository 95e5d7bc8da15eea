"""Following a build: a bar for each manager on a terminal, a line for each step elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from antechamber.cli.connection import connect
from antechamber.cli.environments.resource import PATH
from antechamber.cli.managed import BETA
from antechamber.cli.paths import segment
from antechamber.cli.settings import Invocation
from antechamber.cli.world import World
from antechamber.client.http import Server

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Build = Mapping[str, object]

OVER: Final = frozenset({"succeeded", "failed"})
_PAUSE_SECONDS: Final = 0.3
_LAST_LINES: Final = 15
_LOG_PART: Final = 1 << 20


class _Display(Protocol):
    def show(self, build: Build) -> None: ...


def watch(server: Server, world: World, build: Build) -> Build:
    """Show a build until it is over, and return it as it ended; Ctrl-C leaves it going."""
    path = f"{PATH}/{segment(str(build['environment_id']))}/builds/{segment(str(build['id']))}"
    with _display(world) as display:
        display.show(build)
        while build.get("state") not in OVER:
            world.sleep(_PAUSE_SECONDS)
            build = _object(server.call("GET", path, headers=BETA).json())
            display.show(build)
    world.stderr.write(f"{_verdict(build)}\n")
    if build.get("state") == "failed":
        world.stderr.write(_last_lines(server, f"{path}/log"))
    return build


def build_first(invocation: Invocation, environment_id: str) -> None:
    """Build an environment's packages, with bars, where it has some that nobody has built yet."""
    one = f"{PATH}/{segment(environment_id)}"
    with connect(invocation) as server:
        config = _object(_object(server.call("GET", one, headers=BETA).json()).get("config"))
        packages = _object(config.get("packages"))
        if not any(isinstance(listed, list) and listed for listed in packages.values()):
            return
        build = _object(server.call("POST", f"{one}/build", body={}, headers=BETA).json())
        if build.get("state") not in OVER:
            watch(server, invocation.world, build)


@contextmanager
def _display(world: World) -> Iterator[_Display]:
    if not world.stderr.isatty():
        yield _Lines(world)
        return
    from rich.console import Console  # noqa: PLC0415 - 50 ms that most commands need not pay
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    colours = None if world.wants_colour(world.stderr) else True
    console = Console(file=world.stderr, width=world.width(), no_color=colours, highlight=False)
    columns = (
        TextColumn("{task.description:<5}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]:<10}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress)


class _Bars:
    """A bar for each manager, in the order in which they run."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, build: Build) -> None:
        """Bring the bars up to date."""
        for part in _managers(build):
            name, state = str(part.get("manager")), str(part.get("state"))
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, start=False, total=_count(part, "packages"), state="")
            task = self._tasks[name]
            if state != "waiting":
                self._progress.start_task(task)
            self._progress.update(task, completed=_done(part), state=state)
            if state in {"installed", "failed"}:
                self._progress.stop_task(task)


class _Lines:
    """A line for each manager that begins or ends."""

    def __init__(self, world: World) -> None:
        self._stderr = world.stderr
        self._known: dict[str, object] = {}

    def show(self, build: Build) -> None:
        """Write what has changed."""
        for part in _managers(build):
            name, state = str(part.get("manager")), part.get("state")
            if state != "waiting" and self._known.get(name) != state:
                self._stderr.write(f"{name}: {state} ({_done(part)} of {_count(part, 'packages')})\n")
                self._stderr.flush()
            self._known[name] = state


def _verdict(build: Build) -> str:
    if build.get("state") == "failed":
        failure = _object(build.get("failure"))
        where = " ".join(str(failure[name]) for name in ("manager", "package") if failure.get(name))
        return f"failed: {f'{where}: ' if where else ''}{failure.get('message')} ({failure.get('reason')})"
    seconds, size = build.get("seconds"), build.get("size_bytes")
    took = f" in {seconds:.1f} s" if isinstance(seconds, (int, float)) else ""
    weighs = f", {size / (1 << 20):,.1f} MiB" if isinstance(size, int) else ""
    return f"built{took}{weighs}"


def _last_lines(server: Server, path: str) -> str:
    text, offset = "", 0
    while True:
        part = _object(server.call("GET", path, query=[("offset", offset)], headers=BETA).json())
        text = (text + str(part.get("text") or ""))[-_LOG_PART:]
        following = part.get("next_offset")
        if part.get("is_complete") or not isinstance(following, int) or following == offset:
            return "".join(f"  {line}\n" for line in _printable(text).splitlines()[-_LAST_LINES:])
        offset = following


def _printable(text: str) -> str:
    # what a package prints must not steer the terminal
    return "".join(letter for letter in text if letter in "\n\t" or letter.isprintable())


def _managers(build: Build) -> list[Mapping[str, object]]:
    managers = build.get("managers")
    return [part for part in managers if isinstance(part, dict)] if isinstance(managers, list) else []


def _done(part: Mapping[str, object]) -> int:
    return _count(part, "packages") if part.get("state") == "installed" else _count(part, "installed")


def _count(part: Mapping[str, object], name: str) -> int:
    value = part.get(name)
    return value if isinstance(value, int) else 0


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
