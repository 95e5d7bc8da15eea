"""A worker's loop: take an item, run the program for it, keep the lease meanwhile, end the item or hand it back."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

import click

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.cli.worker.telling import Teller
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.retries import is_worth_retrying
from antechamber.client.work import Item, Kept, Lease, WorkQueue

_SESSION: Final = "session"
_LOOK_SECONDS: Final = 0.1
_GRACE_SECONDS: Final = 30.0
_LONGEST_BACKOFF_SECONDS: Final = 60.0
_STDERR: Final = 2


@dataclass(frozen=True, slots=True)
class Program:
    """What runs for each item: `argv` in a folder, with these variables and the item's on top.

    `keeps_lease`: it sends heartbeats and ends its item by itself, as what the SDKs' `handle_item` serves does.
    """

    argv: Sequence[str]
    folder: str | None
    variables: Mapping[str, str]
    keeps_lease: bool

    @property
    def name(self) -> str:
        """Its name, for people."""
        return os.path.basename(self.argv[0])  # noqa: PTH119 - a word as it was typed


class Worker:
    """Serves a queue until `leaving` is set."""

    def __init__(
        self, queue: WorkQueue, program: Program, teller: Teller, leaving: Event, clock: Clock, chance: Chance
    ) -> None:
        self._queue = queue
        self._program = program
        self._teller = teller
        self._leaving = leaving
        self._clock = clock
        self._chance = chance

    def poll(self, *, drain: bool) -> None:
        """Take items until told to leave; with `drain` until none waits. ServerRefused for a queue that is not ours."""
        failures = 0
        is_idle = False
        while not self._leaving.is_set():
            try:
                item = self._queue.poll()
            except (ServerRefused, ServerUnreachable) as error:
                if isinstance(error, ServerRefused) and not is_worth_retrying(error.status, {}):
                    raise
                failures += 1
                self._pause(failures, error)
                continue
            failures = 0
            if item is not None:
                is_idle = False
                self._take(item)
            elif drain:
                return
            elif not is_idle:
                is_idle = True
                self._teller.tell("waiting", environment_id=self._queue.environment_id)
        self._teller.tell("leaving")

    def _take(self, item: Item) -> None:
        """Acknowledge an item and serve it; what goes wrong with one is no reason to leave the others."""
        try:
            self._queue.acknowledge(item)
            self.serve(item)
        except (ServerRefused, ServerUnreachable) as error:
            self._teller.tell("failed", work_id=item.id, reason=str(error))

    def serve(self, item: Item) -> None:
        """Do what an item asks for; it has been acknowledged."""
        self._teller.tell("taken", work_id=item.id, session_id=item.session_id)
        if item.kind != _SESSION or self._queue.is_ended(item):
            why = "its session has ended" if item.kind == _SESSION else f"it is a {item.kind}"
            self._queue.stop(item)
            self._teller.tell("skipped", work_id=item.id, reason=why)
            return
        try:
            running = self._start(item)
        except OSError as error:
            self._queue.hand_back(item)
            message = f"{self._program.argv[0]} cannot be run: {error.strerror or error}"
            raise click.UsageError(message) from error
        with running:
            kept = self._attend(item, running)
            self._teller.tell("ended", work_id=item.id, program=self._program.name, exit_code=running.returncode)
        self._settle(item, kept, running.returncode)

    def _attend(self, item: Item, running: "subprocess.Popen[bytes]") -> Kept:
        """Keep an item's lease until its program has ended; end it when the item is not ours, or this is to leave."""
        lease = None if self._program.keeps_lease else Lease(self._queue, item, self._clock.monotonic())
        kept = Kept.OURS
        while running.poll() is None and kept is Kept.OURS and not self._leaving.is_set():
            now = self._clock.monotonic()
            if lease is not None and lease.due_at <= now:
                kept = lease.keep(now)
            self._leaving.wait(_LOOK_SECONDS)
        if kept is not Kept.OURS:
            self._teller.tell(kept.value, work_id=item.id)
        self._end(running)
        return kept

    def _settle(self, item: Item, kept: Kept, code: int) -> None:
        if kept is Kept.LOST:
            return
        if self._leaving.is_set() and code != 0:
            self._queue.hand_back(item)
            self._teller.tell("handed_back", work_id=item.id)
        elif not self._program.keeps_lease or code != 0:
            self._queue.stop(item)
            self._teller.tell("stopped", work_id=item.id)

    def _start(self, item: Item) -> "subprocess.Popen[bytes]":
        own = {
            "ANTHROPIC_WORK_ID": item.id,
            "ANTHROPIC_ENVIRONMENT_ID": self._queue.environment_id,
            "ANTHROPIC_SESSION_ID": item.session_id,
            "ANTHROPIC_WORK_SECRET": item.secret or "",
        }
        running = subprocess.Popen(  # noqa: S603 - what its user names, no shell
            self._program.argv,
            stdin=subprocess.PIPE,
            # stdout tells what the worker does
            stdout=_STDERR,
            cwd=self._program.folder,
            env={**self._program.variables, **own},
            start_new_session=True,
        )
        self._teller.tell("started", work_id=item.id, program=self._program.name, pid=running.pid)
        if running.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                running.stdin.write(json.dumps(item.body).encode())
            with contextlib.suppress(BrokenPipeError):
                running.stdin.close()
        return running

    def _end(self, running: "subprocess.Popen[bytes]") -> None:
        """End a program with all that it started: politely, and after its time of grace by force."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if running.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(_GRACE_SECONDS)

    def _pause(self, failures: int, error: Exception) -> None:
        seconds = min(2.0**failures, _LONGEST_BACKOFF_SECONDS) + self._chance.draw(1)[0] / 256
        self._teller.tell("retrying", seconds=round(seconds, 1), reason=str(error))
        self._leaving.wait(seconds)
