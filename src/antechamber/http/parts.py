"""The control plane in parts: each is loaded when a request for one of its paths comes first, and no sooner.

What describes and checks the control plane's requests takes longer to load, and more room, than all that models are
served with. A server that only serves models never pays for it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.http.reply import Asgi, Receive, Scope, Send

_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the control plane's paths, and what serves them.

    `paths` are theirs and those below them; a segment `*` stands for any. The longest that fits a request decides.
    `build` may take its time: it is called once, in a thread.
    """

    paths: tuple[str, ...]
    build: Callable[[], Asgi]


class Parts:
    """An ASGI application that knows which part a path belongs to; `rest` answers for what belongs to none."""

    def __init__(self, parts: Sequence[Part], rest: Callable[[], Asgi]) -> None:
        self.on_built: Callable[[], None] | None = None
        """Called in the thread, after each part."""
        found = [(tuple(path.split("/")), part) for part in parts for path in part.paths]
        self._places = sorted(found, key=lambda place: -len(place[0]))
        self._rest = Part((), rest)
        self._built: dict[int, Asgi] = {}
        self._building = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        part = self.part_of(scope["path"]) or self._rest
        serve = self._built.get(id(part)) or await self._build(part)
        await serve(scope, receive, send)

    def part_of(self, path: str) -> Part | None:
        """Return the part that a path belongs to, if it does to any."""
        segments = path.split("/")
        return next((part for place, part in self._places if _fits(place, segments)), None)

    async def _build(self, part: Part) -> Asgi:
        async with self._building:
            if id(part) not in self._built:
                self._built[id(part)] = await asyncio.to_thread(self._load, part)
        return self._built[id(part)]

    def _load(self, part: Part) -> Asgi:
        built = part.build()
        if self.on_built is not None:
            self.on_built()
        return built


def _fits(place: Sequence[str], segments: Sequence[str]) -> bool:
    if len(place) > len(segments):
        return False
    return all(own in (_ANY, segment) for own, segment in zip(place, segments, strict=False))
