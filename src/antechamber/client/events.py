"""Server-sent events: bytes in, events out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `data` lines joined by newlines, `name` is `message` if the server gave none."""

    name: str
    data: str


class EventReader:
    """Cuts a stream into events, wherever the network cut the bytes."""

    __slots__ = ("_data", "_name", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """Return the events that `piece` completes; comments are dropped."""
        whole, cut, rest = (self._rest + piece).rpartition(b"\n")
        self._rest = rest
        if not cut:
            return []
        return [event for line in whole.split(b"\n") if (event := self._line(line.removesuffix(b"\r"))) is not None]

    def _line(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        return None

    def _dispatch(self) -> ServerEvent | None:
        name, data = self._name, self._data
        self._name, self._data = "", []
        return ServerEvent(name or "message", "\n".join(data)) if data else None
