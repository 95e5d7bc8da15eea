"""`ante worker`, which `ant` calls beta:worker: the work of a self-hosted environment, done on this machine."""

import dataclasses
import shlex
import signal
import socket
from threading import Event
from typing import TYPE_CHECKING, Final

import click

from antechamber.cli.connection import connect
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command, Group
from antechamber.cli.settings import Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from antechamber.cli.worker.serving import Worker

_TIMEOUT_SECONDS: Final = 30.0
_IN_PROCESS: Final = "in-process"
# what opens more than the item is not handed on
_KEPT_BACK: Final = (
    "ANTHROPIC_ADMIN_KEY",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_ENVIRONMENT_KEY",
)


@click.group(cls=Group)
def command() -> None:
    """Do the work of a self-hosted environment on this machine: a program of yours runs for each item.

    \b
    export ANTHROPIC_ENVIRONMENT_ID=env_... ANTHROPIC_ENVIRONMENT_KEY=...
    ante worker poll --exec './serve-session --verbose'
    ante beta:worker poll --on-work ./worker.py      # as `ant` has it
    """  # noqa: D301 - click's mark for text that keeps its lines


def _options(run: "Callable[..., object]") -> "Callable[..., object]":
    for option in (
        click.option("--environment-id", metavar="ID", help="ANTHROPIC_ENVIRONMENT_ID says the same."),
        click.option("--environment-key", metavar="KEY", help="ANTHROPIC_ENVIRONMENT_KEY says the same, and better."),
        click.option("--worker-id", metavar="NAME", help="What the queue calls this worker.  [default: host, random]"),
        click.option(
            "--exec", "exec_", metavar="PROGRAM", help="Run this for each item, and keep its lease meanwhile."
        ),
        click.option("--on-work", metavar="PROGRAM", help="Run this, which sends heartbeats and ends its item itself."),
        click.option(
            "--workdir", metavar="FOLDER", type=click.Path(exists=True, file_okay=False), help="Run it there."
        ),
        click.option("--log-format", type=click.Choice(("text", "json")), help="How events are told.  [default: text]"),
    )[::-1]:
        run = option(run)
    return run


@command.command("poll", cls=Command)
@_options
@click.option("--drain", is_flag=True, help="End when nothing waits.")
@click.pass_obj
def poll(invocation: Invocation, /, *, drain: bool, **options: str | None) -> int:
    """Take items one after the other, and run a program for each, until SIGTERM or Ctrl-C.

    The item is JSON on the program's stdin; ANTHROPIC_WORK_ID, ANTHROPIC_SESSION_ID, ANTHROPIC_ENVIRONMENT_ID,
    ANTHROPIC_WORK_SECRET and ANTHROPIC_BASE_URL are set. With --exec the item ends when the program does. On SIGTERM
    the program gets one, and half a minute; an item that it leaves undone goes back to the queue.
    """
    return _work(invocation, options, lambda worker: worker.poll(drain=drain))


@command.command("run", cls=Command)
@_options
@click.option("--session-id", metavar="ID", help="ANTHROPIC_SESSION_ID says the same.")
@click.option("--work-id", metavar="ID", help="ANTHROPIC_WORK_ID says the same.")
@click.pass_obj
def run(invocation: Invocation, /, *, session_id: str | None, work_id: str | None, **options: str | None) -> int:
    """Serve one item that was taken and acknowledged already, as a poller hands it to a machine of its own."""
    from antechamber.client.work import Item  # noqa: PLC0415 - only then

    environment = invocation.world.environment
    work = _said(invocation, "--work-id", "ANTHROPIC_WORK_ID", work_id)
    session = _said(invocation, "--session-id", "ANTHROPIC_SESSION_ID", session_id)
    secret = environment.get("ANTHROPIC_WORK_SECRET")
    data = {"type": "session", "id": session}
    item = Item(work, session, "session", secret, {"id": work, "type": "work", "data": data, "secret": secret})
    return _work(invocation, options, lambda worker: worker.serve(item))


def _work(invocation: Invocation, options: dict[str, str | None], job: "Callable[[Worker], None]") -> int:
    from antechamber.cli.worker.serving import Program, Worker  # noqa: PLC0415 - only then
    from antechamber.cli.worker.telling import Teller  # noqa: PLC0415 - the same
    from antechamber.client.work import WorkQueue  # noqa: PLC0415 - the same

    world = invocation.world
    argv, keeps_lease = _program(options)
    environment_id = _said(invocation, "--environment-id", "ANTHROPIC_ENVIRONMENT_ID", options["environment_id"])
    key = _said(invocation, "--environment-key", "ANTHROPIC_ENVIRONMENT_KEY", options["environment_key"])
    worker_id = options["worker_id"] or world.environment.get("ANTHROPIC_WORKER_ID")
    if invocation.settings.timeout is None:
        invocation.remember("timeout", _TIMEOUT_SECONDS)
    leaving = Event()
    with connect(invocation, credentialed=False) as server:
        server.timing = dataclasses.replace(server.timing, sleep=lambda seconds: _pause(leaving, seconds))
        variables = {name: text for name, text in world.environment.variables.items() if name not in _KEPT_BACK}
        variables["ANTHROPIC_BASE_URL"] = server.base_url
        if keeps_lease:
            variables["ANTHROPIC_ENVIRONMENT_KEY"] = key
        name = worker_id or f"{socket.gethostname()}-{world.chance.draw(6).hex()}"
        queue = WorkQueue(server, environment_id, key, name)
        program = Program(argv, options["workdir"], variables, keeps_lease)
        as_json = (options["log_format"] or invocation.settings.format) in {"json", "jsonl"}
        worker = Worker(queue, program, Teller(world, as_json=as_json), leaving, world.clock, world.chance)
        return _until_told(leaving, lambda: job(worker))


def _until_told(leaving: Event, job: "Callable[[], None]") -> int:
    """Do a job; SIGTERM and Ctrl-C set `leaving`, and a second one of them ends at once."""
    interrupted = False

    def leave(number: int, _: object) -> None:
        nonlocal interrupted
        if leaving.is_set():
            raise KeyboardInterrupt
        interrupted = number == signal.SIGINT
        leaving.set()

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        job()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Exit.INTERRUPTED if interrupted else Exit.OK


def _pause(leaving: Event, seconds: float) -> None:
    leaving.wait(seconds)


def _program(options: dict[str, str | None]) -> tuple[list[str], bool]:
    kept, own = options["exec_"], options["on_work"]
    if own == _IN_PROCESS:
        message = (
            "--on-work in-process: the tools of sessions are not in this program; name one with --exec or --on-work"
        )
        raise click.UsageError(message)
    text = kept if kept is not None else own
    argv = shlex.split(text or "")
    if (kept is None) == (own is None) or not argv:
        message = "say what to run: --exec PROGRAM, or --on-work PROGRAM for one that keeps its own lease"
        raise click.UsageError(message)
    return argv, own is not None


def _said(invocation: Invocation, flag: str, variable: str, given: str | None) -> str:
    found = given or invocation.world.environment.get(variable)
    if not found:
        message = f"give {flag}, or set {variable}"
        raise click.UsageError(message)
    return found
