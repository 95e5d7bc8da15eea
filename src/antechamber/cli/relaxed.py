"""Values of body flags and bodies on stdin: relaxed YAML, and files embedded with @ (wire-auth.md 1.6)."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_WORDS: Final = {"null": None, "~": None, "true": True, "false": False}
_FLOW: Final = ("{", "[")


class ValueUnreadable(Exception):
    """A flag's value, a body or an embedded file cannot be read; the text says which and why."""


def parse_value(text: str) -> object:
    """Read a flag's value: `{…}` and `[…]` are YAML, quoted text a string; null, booleans, numbers are themselves.

    Everything else is the text as typed, so that `--system "Note: be brief"` stays a string.
    """
    stripped = text.strip()
    if stripped.startswith(_FLOW) or (stripped.startswith("- ") and "\n" in stripped):
        return parse_document(stripped)
    if stripped in _WORDS:
        return _WORDS[stripped]
    if _NUMBER.fullmatch(stripped):
        found: object = json.loads(stripped)
        return found
    quoted = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'"
    return parse_document(stripped) if quoted else text


def parse_document(text: str) -> object:
    """Read a YAML or JSON document with JSON's types only: `yes`, dates and 1:30 stay strings; ValueUnreadable."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return _parse_yaml(text)
    return found


def _parse_yaml(text: str) -> object:
    import yaml  # noqa: PLC0415 - 15 ms that most commands need not pay

    loader = yaml.SafeLoader(text)
    # YAML 1.1 reads `no` as false and 1:30 as 90; bodies are JSON, so only JSON's scalars are told apart.
    loader.yaml_implicit_resolvers = {
        **{letter: [("tag:yaml.org,2002:bool", re.compile("true|false"))] for letter in "tf"},
        **{letter: [("tag:yaml.org,2002:null", re.compile("null|~"))] for letter in "n~"},
        **{digit: _number_resolvers() for digit in "-0123456789"},
        "": [("tag:yaml.org,2002:null", re.compile(""))],
        "<": [("tag:yaml.org,2002:merge", re.compile("<<"))],
    }
    try:
        found: object = loader.get_single_data()
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        message = f"not YAML: {problem}"
        raise ValueUnreadable(message) from error
    finally:
        loader.dispose()
    return found


def _number_resolvers() -> list[tuple[str, re.Pattern[str]]]:
    return [
        ("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9]\d*)$")),
        ("tag:yaml.org,2002:float", re.compile(r"-?(0|[1-9]\d*)(\.\d+)([eE][-+]?\d+)?$")),
    ]


class Files:
    """Replaces `@file` by what the file holds; `@-` is stdin, readable once."""

    def __init__(self, read_stdin: Callable[[], bytes]) -> None:
        """`read_stdin` returns everything that is piped in; called at most once."""
        self._read_stdin = read_stdin
        self.stdin_is_read = False

    def embed(self, value: object) -> object:
        """Replace every string in a value that begins with @; ValueUnreadable for a file that cannot be read."""
        if isinstance(value, dict):
            return {key: self.embed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.embed(inner) for inner in value]
        return self._replace(value) if isinstance(value, str) else value

    def _replace(self, text: str) -> str:
        if text.startswith("\\@"):
            return text[1:]
        if not text.startswith("@") or text == "@":
            return text
        name = text[1:]
        for scheme, decode in (("file://", _as_text), ("data://", _as_base64)):
            if name.startswith(scheme):
                path = name.removeprefix(scheme)
                return decode(path, self._content(path))
        if "." not in name and "/" not in name and name != "-" and not Path(name).is_file():
            return text
        return _as_either(self._content(name))

    def _content(self, name: str) -> bytes:
        if name == "-":
            if self.stdin_is_read:
                message = "@-: stdin can be read once only"
                raise ValueUnreadable(message)
            self.stdin_is_read = True
            return self._read_stdin()
        try:
            return Path(name).expanduser().read_bytes()
        except OSError as error:
            message = f"@{name}: {error.strerror} (write \\@{name} for the text itself)"
            raise ValueUnreadable(message) from error


def _as_text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        message = f"@file://{name}: not UTF-8 text (@data://{name} embeds it as base64)"
        raise ValueUnreadable(message) from error


def _as_base64(_: str, content: bytes) -> str:
    return base64.b64encode(content).decode()


def _as_either(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _as_base64("", content)
