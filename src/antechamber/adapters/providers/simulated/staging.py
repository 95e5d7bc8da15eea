"""Where in an answer the cues of a scenario fall, and the heads of answers."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final

from antechamber.adapters.providers.simulated.answer import Answer
from antechamber.adapters.providers.simulated.playback import Cue, Item
from antechamber.adapters.providers.simulated.scenario import Scenario
from antechamber.base.clock import to_rfc3339
from antechamber.base.tokens import BYTES_PER_TOKEN

_REASONS: Final = {status.value: status.phrase for status in HTTPStatus} | {529: "Overloaded"}
_LIMITS: Final = {"requests": 1000, "tokens": 400_000, "input-tokens": 400_000, "output-tokens": 80_000}
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream; charset=utf-8"


def head(
    status: int, request_id: str, *, kind: str, length: int | None, keep: bool, extra: Iterable[tuple[str, str]] = ()
) -> bytes:
    """Return a status line and headers; without `length` the body is chunked, with -1 it ends with the connection."""
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\ncontent-type: {kind}\r\nrequest-id: {request_id}\r\n"
    ]
    if length is None:
        lines.append("cache-control: no-cache\r\ntransfer-encoding: chunked\r\n")
    elif length >= 0:
        lines.append(f"content-length: {length}\r\n")
    lines.append("connection: keep-alive\r\n\r\n" if keep and not extra else "")
    if not lines[-1]:
        lines += [f"{name}: {value}\r\n" for name, value in extra]
        lines.append("connection: keep-alive\r\n\r\n" if keep else "connection: close\r\n\r\n")
    return "".join(lines).encode("latin-1", "replace")


def limit_headers(path: str, now: int, *, exhausted: bool) -> list[tuple[str, str]]:
    """Return the rate-limit headers of the path's dialect; `now` in microseconds."""
    reset = to_rfc3339((now // 1_000_000 + 60) * 1_000_000)
    if path == "/v1/chat/completions":
        return [
            pair
            for name in ("requests", "tokens")
            for pair in (
                (f"x-ratelimit-limit-{name}", str(_LIMITS[name])),
                (f"x-ratelimit-remaining-{name}", "0" if exhausted else str(_LIMITS[name] - 1000 + 1)),
                (f"x-ratelimit-reset-{name}", "60s"),
            )
        ]
    return [
        pair
        for name, most in _LIMITS.items()
        for pair in (
            (f"anthropic-ratelimit-{name}-limit", str(most)),
            (f"anthropic-ratelimit-{name}-remaining", "0" if exhausted else str(most * 9 // 10)),
            (f"anthropic-ratelimit-{name}-reset", reset),
        )
    ]


def staged(frames: Iterator[Item], scenario: Scenario, first_delay: float, error_frame: bytes) -> Iterator[Item]:
    """Set the scenario's cues between the frames of a stream; positions count frames with text."""
    if not first_delay and _calm(scenario):
        return frames
    return _with_cues(frames, _cues(scenario, error_frame), first_delay)


def whole(body: bytes, weight: int, scenario: Scenario) -> Iterator[Item]:
    """Set the scenario's cues into an answer in one piece; positions count bytes of the body."""
    for place, act in ((scenario.truncate, "close"), (scenario.reset, "reset"), (scenario.hang, "hang")):
        if place is not None:
            yield body[:place], weight
            yield _ACTS[act]
            return
    yield body, weight
    if scenario.content_length > 0:
        yield _ACTS["close"]
    elif scenario.error is not None:
        yield Cue("ended", ended="error")


def generating_seconds(answer: Answer, scenario: Scenario) -> float:
    """Return how long the model takes over an answer that is not streamed, after its first token."""
    sizes = [(block.pieces.count or 0, block.pieces.size() or 0) for block in answer.blocks]
    if scenario.events_per_second:
        return sum(count for count, _ in sizes) / scenario.events_per_second
    if scenario.tokens_per_second:
        return sum(size for _, size in sizes) / BYTES_PER_TOKEN / scenario.tokens_per_second
    return 0.0


_ACTS: Final = {"close": Cue("close"), "reset": Cue("reset"), "hang": Cue("hang")}


def _calm(scenario: Scenario) -> bool:
    return (scenario.error, scenario.reset, scenario.hang, scenario.truncate) == (None,) * 4


def _cues(scenario: Scenario, error_frame: bytes) -> dict[int, list[Item]]:
    cues: dict[int, list[Item]] = {}
    if scenario.truncate is not None:
        cues[scenario.truncate] = [_ACTS["close"]]
    if scenario.reset is not None:
        cues[scenario.reset] = [_ACTS["reset"]]
    if scenario.hang is not None:
        cues[scenario.hang] = [_ACTS["hang"]]
    if scenario.error is not None:
        cues[scenario.error] = [(error_frame, 0), Cue("ended", ended="error")]
    return cues


def _with_cues(frames: Iterator[Item], cues: dict[int, list[Item]], first_delay: float) -> Iterator[Item]:
    if 0 in cues:
        yield from cues[0]
        return
    told = 0
    for item in frames:
        if not isinstance(item, tuple) or not item[1]:
            yield item
            continue
        if first_delay:
            yield Cue("wait", first_delay)
            first_delay = 0.0
        yield item
        told += 1
        if told in cues:
            yield from cues[told]
            return
