"""Writing results: formats, colours, paths into them."""

import json
from collections.abc import Iterable
from typing import Final, TextIO

from antechamber.cli.settings import Settings
from antechamber.cli.transform import MISSING, lead, transform
from antechamber.cli.world import World

_RESET: Final = "\x1b[0m"
_KEY: Final = "\x1b[34m"
_STRING: Final = "\x1b[32m"
_OTHER: Final = "\x1b[33m"


class Printer:
    """Writes values to a stream in the format asked for."""

    def __init__(self, world: World, settings: Settings, stream: TextIO | None = None, *, error: bool = False) -> None:
        """`error` takes --format-error and --transform-error instead of --format and --transform."""
        self.stream = stream or world.stdout
        self._stderr = world.stderr
        self.is_terminal = self.stream.isatty()
        self.format = (settings.format_error if error else settings.format) or "auto"
        self._path = settings.transform_error if error else settings.transform
        self._bare_strings = bool(settings.raw_output)
        self._colour = self.format in {"auto", "pretty"} and world.wants_colour(
            self.stream, refused=bool(settings.no_color)
        )

    @property
    def is_for_humans(self) -> bool:
        """True when nothing was asked for and a person reads: the place for tables and running text."""
        return self.format == "auto" and self.is_terminal and self._path is None

    def value(self, value: object) -> None:
        """Write one value, whole and with a note on stderr where --transform leads nowhere in it."""
        found = value if self._path is None else lead(value, self._path)
        if found is MISSING:
            self._stderr.write(f"note: {self._path} leads nowhere in this answer, which is shown whole\n")
        self._write(value if found is MISSING else found)

    def body(self, content: bytes) -> None:
        """Write an answer's body: untouched for `raw`, else as the value it holds."""
        if self.format == "raw" and self._path is None:
            self.bytes(content)
            return
        try:
            self.value(json.loads(content))
        except ValueError:
            self.text(content.decode("utf-8", "replace"))

    def items(self, items: Iterable[object]) -> None:
        """Write a list's entries: one array, or a line each for `jsonl`; --transform is applied to each entry."""
        if self.format == "jsonl" or (self._bare_strings and self._path is not None):
            for item in items:
                self._write(self._picked(item), compact=True)
        else:
            self._write([self._picked(item) for item in items])

    def events(self, events: Iterable[object]) -> None:
        """Write a stream's events as they come: YAML documents for `yaml`, else a line each."""
        for event in events:
            if self.format == "yaml":
                self.stream.write("---\n")
            self._write(self._picked(event), compact=True)
            self.stream.flush()

    def text(self, text: str) -> None:
        """Write a line of text."""
        self.stream.write(text if text.endswith("\n") else text + "\n")

    def piece(self, text: str) -> None:
        """Write a part of a line and show it at once."""
        self.stream.write(text)
        self.stream.flush()

    def bytes(self, content: bytes) -> None:
        """Write bytes untouched and at once."""
        self.stream.flush()
        if hasattr(self.stream, "buffer"):
            self.stream.buffer.write(content)
        else:
            self.stream.write(content.decode("utf-8", "replace"))
        self.stream.flush()

    def _picked(self, value: object) -> object:
        return value if self._path is None else transform(value, self._path)

    def _write(self, value: object, *, compact: bool = False) -> None:
        if self._bare_strings and isinstance(value, str):
            self.text(value)
        elif self.format == "yaml":
            self._write_yaml(value)
        elif self.format == "jsonl" or compact:
            self.text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
            self.stream.flush()
        elif self._colour:
            self.text(coloured(value))
        else:
            self.text(json.dumps(value, ensure_ascii=False, indent=2))

    def _write_yaml(self, value: object) -> None:
        import yaml  # noqa: PLC0415 - 15 ms that other formats need not pay

        shown: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=120)
        self.text(shown.removesuffix("...\n"))


def coloured(value: object, indent: str = "") -> str:
    """Show a JSON value indented and coloured for a terminal."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        fields = (f"{deeper}{_KEY}{_quoted(key)}{_RESET}: {coloured(inner, deeper)}" for key, inner in value.items())
        return "{\n" + ",\n".join(fields) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(deeper + coloured(inner, deeper) for inner in value) + f"\n{indent}]"
    if isinstance(value, str):
        return f"{_STRING}{_quoted(value)}{_RESET}"
    return _quoted(value) if isinstance(value, (dict, list)) else f"{_OTHER}{_quoted(value)}{_RESET}"


def _quoted(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    # A server's text must not steer the terminal; JSON escapes C0, these are the C1 controls and DEL.
    return "".join(f"\\u{ord(letter):04x}" if 0x7F <= ord(letter) <= 0x9F else letter for letter in shown)  # noqa: PLR2004
