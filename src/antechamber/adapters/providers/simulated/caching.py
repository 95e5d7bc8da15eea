"""Prompt caching as the Messages API accounts for it: prefixes up to `cache_control` marks, by hash."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from antechamber.adapters.providers.simulated.answer import Refused, Usage
from antechamber.base.clock import Clock
from antechamber.base.tokens import estimate

MOST_MARKS: Final = 4
LOOK_BACK: Final = 20
KEPT: Final = 20_000
SECONDS: Final = {"5m": 300, "1h": 3600}


class _Step(NamedTuple):
    digest: bytes
    size: int
    ttl: str | None


class PrefixCache:
    """Which prefixes were seen and until when; a read renews an entry, as upstream does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def account(self, body: bytes, scope: str) -> Usage:
        """Return the input side of a request's usage and remember its prefixes. `scope`: model and credential."""
        total = estimate(len(body))
        steps = list(_steps(msgspec.json.decode(body), scope))
        marks = [index for index, step in enumerate(steps) if step.ttl is not None]
        if len(marks) > MOST_MARKS:
            msg = f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {len(marks)}."
            raise Refused(400, msg)
        read_at = self._longest(steps, marks)
        read = 0 if read_at < 0 else min(estimate(steps[read_at].size), total)
        written = {"5m": 0, "1h": 0}
        done = read
        now = self._clock.monotonic()
        for index in marks:
            step = steps[index]
            ttl = step.ttl or "5m"
            if index > read_at:
                upto = max(min(estimate(step.size), total), done)
                written[ttl] += upto - done
                done = upto
            self._remember(step.digest, now, SECONDS[ttl])
        return Usage(input=total - done, cache_read=read, cache_5m=written["5m"], cache_1h=written["1h"])

    def _longest(self, steps: list[_Step], marks: list[int]) -> int:
        now = self._clock.monotonic()
        for mark in reversed(marks):
            for index in range(mark, max(mark - LOOK_BACK, -1), -1):
                entry = self._entries.get(steps[index].digest)
                if entry is not None and entry[0] > now:
                    self._remember(steps[index].digest, now, entry[1])
                    return index
        return -1

    def _remember(self, digest: bytes, now: float, seconds: int) -> None:
        self._entries[digest] = (now + seconds, seconds)
        self._entries.move_to_end(digest)
        if len(self._entries) > KEPT:
            self._entries.popitem(last=False)


def _steps(body: dict[str, Any], scope: str) -> Iterator[_Step]:
    """Walk tools, system and messages block by block; the hash leaves `cache_control` out, for marks move."""
    running = hashlib.sha256(scope.encode())
    size = 0
    last: _Step | None = None
    for block in _blocks(body):
        ttl: str | None = None
        if isinstance(block, dict) and isinstance(mark := block.get("cache_control"), dict):
            ttl = _ttl(mark)
            block = {key: value for key, value in block.items() if key != "cache_control"}  # noqa: PLW2901
        raw = msgspec.json.encode(block)
        running.update(raw)
        size += len(raw)
        last = _Step(running.copy().digest(), size, ttl)
        yield last
    # A mark on the request itself stands for one on its last block.
    if last is not None and last.ttl is None and isinstance(mark := body.get("cache_control"), dict):
        yield _Step(last.digest, last.size, _ttl(mark))


def _ttl(mark: dict[str, Any]) -> str:
    ttl = mark.get("ttl", "5m")
    if ttl not in SECONDS:
        msg = "cache_control.ttl: Input should be '5m' or '1h'"
        raise Refused(400, msg)
    return str(ttl)


def _blocks(body: dict[str, Any]) -> Iterator[Any]:
    yield from body.get("tools") or ()
    system = body.get("system")
    if isinstance(system, list):
        yield from system
    elif system:
        yield system
    for message in body.get("messages") or ():
        yield message.get("role")
        content = message.get("content")
        if isinstance(content, list):
            yield from content
        else:
            yield content
