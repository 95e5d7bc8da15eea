"""Frames onto the wire: when each goes out, how it is cut up, and where it all goes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from antechamber.adapters.providers.simulated.answer import Frame
from antechamber.adapters.providers.simulated.scenario import Scenario
from antechamber.adapters.providers.simulated.ticks import Ticks
from antechamber.adapters.providers.simulated.truth import Ending, TruthLedger, TruthRecord
from antechamber.base.tokens import BYTES_PER_TOKEN

BURST_EVENTS: Final = 32
BURST_BYTES: Final = 16_384
ALL_BYTES: Final = 4_194_304
SINGLE: Final = (1, BURST_BYTES)
FIRST_OF_SEVERAL: Final = 0xC0
MOST_LATE_SECONDS: Final = 1.0
_BATCHES: Final = {
    "event": SINGLE,
    "split-utf8": SINGLE,
    "split-line": SINGLE,
    "many": (16, BURST_BYTES),
    "all": (1 << 30, ALL_BYTES),
}
SPLIT_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True)
class Cue:
    """A stage direction between frames; `wait` takes seconds, `ended` notes how the record ends.

    The player itself uses `more` (go on), `rest` (keep the pace) and `end`.
    """

    act: Literal["wait", "hang", "reset", "close", "ended", "more", "rest", "end"]
    seconds: float = 0.0
    ended: Ending = "complete"


Item: TypeAlias = Frame | Cue
MORE: Final = Cue("more")
REST: Final = Cue("rest")
END: Final = Cue("end")


class Stage(Protocol):
    """The connection, as far as a playback needs it."""

    def write(self, data: bytes) -> None:
        """Hand bytes to the transport."""
        ...

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        ...

    def hang_up(self) -> None:
        """Flush and close, whatever the answer had promised."""
        ...

    def finished(self) -> None:
        """Take note that the answer is whole; the next request may come."""
        ...


class Appointment(Protocol):
    """A timer that has been set."""

    def cancel(self) -> None:
        """Let it pass."""
        ...


class Playback:
    """Plays one answer's items; the connection tells it to pause, to resume and that the caller is gone."""

    __slots__ = (
        "_chunked",
        "_drip",
        "_due",
        "_ended",
        "_interval",
        "_items",
        "_ledger",
        "_loop",
        "_most",
        "_most_bytes",
        "_over",
        "_paused",
        "_pending",
        "_per_token",
        "_record",
        "_rounds",
        "_scenario",
        "_second_half",
        "_stage",
        "_ticks",
        "_timer",
        "_unbroken",
        "_weight",
        "ending_if_left",
    )

    def __init__(
        self,
        stage: Stage,
        items: Iterator[Item],
        record: TruthRecord,
        ledger: TruthLedger,
        scenario: Scenario,
        *,
        chunked: bool,
        paced: bool,
        ticks: Ticks,
    ) -> None:
        self._stage = stage
        self._items = items
        self._record = record
        self._ledger = ledger
        self._scenario = scenario
        self._chunked = chunked
        self._ticks = ticks
        self._loop = ticks.loop
        self._timer: Appointment | None = None
        self._paused = False
        self._drip = b""
        self._second_half: bytes | None = None
        self._due = 0.0
        self._ended: Ending = "complete"
        self.ending_if_left: Ending = "disconnect"
        paced = paced and scenario.chunking != "all"
        self._interval = 1 / scenario.events_per_second if paced and scenario.events_per_second else 0.0
        self._per_token = 1 / scenario.tokens_per_second if paced and scenario.tokens_per_second else 0.0
        batches = _BATCHES.get(scenario.chunking)
        if batches is None:
            batches = SINGLE if self._interval or self._per_token else (BURST_EVENTS, BURST_BYTES)
        self._most, self._most_bytes = batches
        self._rounds = BURST_EVENTS if self._most == 1 else 1
        self._unbroken = not (scenario.slow or scenario.chunking.startswith("split"))
        self._weight = 0
        self._pending = MORE
        self._over = False

    def start(self, head: bytes, delay: float = 0.0) -> None:
        """Send the head after `delay` seconds and play."""
        if delay > 0:
            self._timer = self._loop.call_later(delay, self.start, head)
            return
        self._timer = None
        if self._scenario.slow:
            self._drip = head
            self._trickle()
            return
        self._stage.write(head)
        self._step()

    def hold(self) -> None:
        """Never begin: the caller waits until it gives up."""
        self._over = True
        self.ending_if_left = "hang"

    def pause(self) -> None:
        """Stop producing: the reader is slower than we are."""
        self._paused = True

    def resume(self) -> None:
        """Go on."""
        if self._paused:
            self._paused = False
            if self._timer is None and not self._over:
                self._step()

    def stop(self) -> None:
        """Never write again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._over = True

    def _step(self) -> None:
        self._timer = None
        if self._drip:
            self._trickle()
            return
        if self._second_half is not None:
            half, self._second_half = self._second_half, None
            self._stage.write(self._framed([half]))
        cue, self._pending = self._pending, MORE
        if self._obey(cue):
            return
        for _ in range(self._rounds):
            if self._paused:
                return
            batch, cue = self._gather()
            if cue is END and self._unbroken:
                self._finish(batch)
                return
            if batch and self._flush(batch):
                self._pending = cue
                return
            if self._obey(cue):
                return
        self._soon()

    def _gather(self) -> tuple[list[bytes], Cue]:
        """Take frames until a write is full, a cue comes or the pace asks for a rest; say which."""
        batch: list[bytes] = []
        record = self._record
        size = 0
        for item in self._items:
            if isinstance(item, Cue):
                return batch, item
            data, weight = item
            batch.append(data)
            size += len(data)
            if weight:
                record.produced_bytes += weight
                record.delivered_events += record.stream
                if self._interval or self._per_token:
                    self._weight = weight
                    return batch, REST
            if len(batch) >= self._most or size >= self._most_bytes:
                return batch, MORE
        return batch, END

    def _flush(self, batch: list[bytes]) -> bool:
        """Write a batch; True when part of it has to wait, and a timer is set for it."""
        if self._unbroken:
            self._stage.write(self._framed(batch))
            return False
        if self._scenario.slow:
            self._drip = self._framed(batch)
            self._trickle()
            return True
        whole = b"".join(batch)
        at = _split_point(whole, self._scenario.chunking)
        if not 0 < at < len(whole):
            self._stage.write(self._framed(batch))
            return False
        self._stage.write(self._framed([whole[:at]]))
        self._second_half = whole[at:]
        self._timer = self._loop.call_later(SPLIT_SECONDS, self._step)
        return True

    def _framed(self, batch: list[bytes]) -> bytes:
        if not self._chunked:
            return b"".join(batch)
        if self._scenario.chunking in ("many", "all"):
            whole = b"".join(batch)
            return b"%x\r\n%b\r\n" % (len(whole), whole)
        return b"".join([b"%x\r\n%b\r\n" % (len(data), data) for data in batch])

    def _soon(self) -> None:
        if self._timer is None and not self._paused:
            self._timer = self._loop.call_soon(self._step)

    def _sleep(self) -> None:
        now = self._loop.time()
        gap = self._interval or self._per_token * self._weight / BYTES_PER_TOKEN
        # Kept on a grid, so that late timers do not slow the stream; after a pause the grid starts anew.
        self._due = (self._due if self._due > now - MOST_LATE_SECONDS else now) + gap
        self._timer = self._ticks.at(self._due, self._step)

    def _trickle(self) -> None:
        self._stage.write(self._drip[:1])
        self._drip = self._drip[1:]
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._scenario.slow, self._step)

    def _obey(self, cue: Cue) -> bool:
        """Follow a cue; True when the playback does not go on by itself now."""
        if cue is MORE:
            return False
        if cue is REST:
            self._sleep()
        elif cue is END:
            self._finish([])
        elif cue.act == "ended":
            self._ended = cue.ended
            return False
        elif cue.act == "wait":
            self._timer = self._loop.call_later(cue.seconds, self._step)
        else:
            self._break_off(cue)
        return True

    def _break_off(self, cue: Cue) -> None:
        self._over = True
        if cue.act == "hang":
            self.ending_if_left = "hang"
        elif cue.act == "reset":
            self._ledger.end(self._record, "reset")
            self._stage.reset()
        else:
            self._ledger.end(self._record, "truncated")
            self._stage.hang_up()

    def _finish(self, batch: list[bytes]) -> None:
        self._over = True
        tail = self._framed(batch) if batch else b""
        if self._chunked:
            tail += b"0\r\n\r\n"
        if tail:
            self._stage.write(tail)
        self._ledger.end(self._record, self._ended)
        self._stage.finished()


def _split_point(data: bytes, chunking: str) -> int:
    """Return where to cut an event: inside its first character of several bytes, or inside its `data:` line."""
    if chunking == "split-utf8" and not data.isascii():
        return next(index for index, byte in enumerate(data) if byte >= FIRST_OF_SEVERAL) + 1
    at = data.find(b"data:")
    return at + len(b"da") if at >= 0 else len(data) // 2
