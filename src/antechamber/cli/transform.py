r"""The path language of --transform, a part of GJSON's.

    a.b          the field b of the field a; a dot inside a name is written \\.
    a.0          the first entry of a list; a.-1 the last
    a.#          how many entries a list has
    a.#.b        the field b of every entry that has it
    a.#(k==v).b  the field b of the first entry whose field k is v; also != < <= > >= and % (a pattern)
    a.#(k==v)#.b the same of every such entry
    {id,n:a.b}   a new object of these; [id,a.b] a new list

A path that leads nowhere leaves the value as it is, as `ant` does; a note on stderr says so.
"""

import fnmatch
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

MISSING: Final = object()
_CONDITION: Final = re.compile(r"\s*([^=!<>%]*?)\s*(==|!=|<=|>=|<|>|%)\s*(.*?)\s*", re.DOTALL)
_ORDERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PathMalformed(Exception):
    """A path that cannot be read; the text says where."""


def transform(value: object, path: str) -> object:
    """Return what `path` leads to in a JSON value, the value itself if nowhere; PathMalformed for a bad path."""
    found = lead(value, path)
    return value if found is MISSING else found


def lead(value: object, path: str) -> object:
    """Return what `path` leads to in a JSON value, MISSING if nowhere; PathMalformed for a bad path."""
    return _walk(value, split(path, "."))


def split(path: str, separator: str) -> list[str]:
    """Cut a path at separators outside brackets and quotes, where no backslash stands before; PathMalformed."""
    parts: list[str] = [""]
    closers: list[str] = []
    quoted = False
    characters = iter(path)
    for character in characters:
        if character == "\\":
            parts[-1] += character + next(characters, "")
            continue
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "([{":
            closers.append({"(": ")", "[": "]", "{": "}"}[character])
        elif not quoted and character in ")]}" and (not closers or closers.pop() != character):
            message = f"{path}: {character!r} closes nothing"
            raise PathMalformed(message)
        if character == separator and not closers and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    if closers or quoted:
        missing = closers[-1] if closers else '"'
        message = f"{path}: {missing!r} is missing"
        raise PathMalformed(message)
    return parts


def _walk(value: object, steps: list[str]) -> object:
    if not steps or steps == [""]:
        return value
    step, rest = steps[0], steps[1:]
    if step == "#":
        return _entries(value, rest)
    if step.startswith("#("):
        return _matching(value, step, rest)
    if step.startswith("{"):
        return _walk(_gather(value, step), rest)
    if step.startswith("["):
        found = [_walk(value, split(part.strip(), ".")) for part in split(step[1:-1], ",")]
        return _walk([entry for entry in found if entry is not MISSING], rest)
    inner = _field(value, re.sub(r"(?s)\\(.)", r"\1", step))
    return MISSING if inner is MISSING else _walk(inner, rest)


def _field(value: object, name: str) -> object:
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if isinstance(value, list) and re.fullmatch(r"-?\d+", name):
        index = int(name)
        return value[index] if -len(value) <= index < len(value) else MISSING
    return MISSING


def _entries(value: object, rest: list[str]) -> object:
    if not isinstance(value, list):
        return MISSING
    if not rest:
        return len(value)
    return [found for entry in value if (found := _walk(entry, rest)) is not MISSING]


def _matching(value: object, step: str, rest: list[str]) -> object:
    every = step.endswith("#")
    condition = _CONDITION.fullmatch(step.removesuffix("#")[2:-1])
    if condition is None:
        message = f"{step}: expected #(name==value)"
        raise PathMalformed(message)
    if not isinstance(value, list):
        return MISSING
    name, sign, wanted = condition.groups()
    kept = [entry for entry in value if _holds(_walk(entry, split(name, ".")), sign, wanted)]
    if every:
        return [found for entry in kept if (found := _walk(entry, rest)) is not MISSING]
    return _walk(kept[0], rest) if kept else MISSING


def _holds(found: object, sign: str, wanted: str) -> bool:
    expected = _literal(wanted)
    if sign in {"==", "!="}:
        return (found == expected) is (sign == "==")
    if sign == "%":
        return isinstance(found, str) and fnmatch.fnmatchcase(found, str(expected))
    comparable = isinstance(found, (int, float)) and isinstance(expected, (int, float))
    return comparable and _ORDERS[sign](found, expected)  # type: ignore[arg-type]


def _literal(text: str) -> object:
    try:
        found: object = json.loads(text)
    except ValueError:
        return text
    return found


def _gather(value: object, step: str) -> dict[str, object]:
    gathered: dict[str, object] = {}
    for part in split(step[1:-1], ","):
        name, colon, path = part.strip().partition(":")
        steps = split((path if colon else name).strip(), ".")
        found = _walk(value, steps)
        if found is not MISSING:
            gathered[name.strip().strip('"') if colon else steps[-1]] = found
    return gathered
