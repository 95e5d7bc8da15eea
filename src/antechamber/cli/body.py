"""A request body put together from stdin and flags; flags win."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from antechamber.cli.relaxed import ValueUnreadable, parse_value

# Flags that may be given several times: each adds an entry to the list of the other name.
REPEATED: Final = {
    "event": "events",
    "message": "messages",
    "mcp_server": "mcp_servers",
    "skill": "skills",
    "stop_sequence": "stop_sequences",
    "tool": "tools",
}


def apply_flags(
    body: dict[str, object], flags: Iterable[tuple[str, str]], embed: Callable[[object], object]
) -> dict[str, object]:
    """Return the body with flags laid over it.

    A flag is a name as typed, without its dashes, and the value as typed: `max-tokens`, `metadata.user-id`, `message`.
    The first of a repeated flag replaces the list that stdin gave. ValueUnreadable for a value that does not fit.
    """
    result = dict(body)
    begun: set[str] = set()
    for typed, text in flags:
        names = [part.replace("-", "_") for part in typed.split(".")]
        value = embed(parse_value(text))
        if names[0] in REPEATED:
            _append(result, names, value, begun)
        else:
            _set(result, names, value, typed)
    return result


def split_flags(arguments: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Part `--name value` and `--name=value` from plain words; everything after `--` is plain.

    A flag that another one follows, or nothing, is `true`.
    """
    flags: list[tuple[str, str]] = []
    words: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            return flags, words + rest
        if not argument.startswith("--"):
            words.append(argument)
            continue
        name, equals, value = argument[2:].partition("=")
        if not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        flags.append((name, value))
    return flags, words


def _set(result: dict[str, object], names: list[str], value: object, typed: str) -> None:
    target = result
    for name in names[:-1]:
        inner = target.get(name)
        if inner is not None and not isinstance(inner, dict):
            message = f"--{typed}: {name} is not an object"
            raise ValueUnreadable(message)
        copy: dict[str, object] = dict(inner or {})
        target[name] = copy
        target = copy
    target[names[-1]] = value


def _append(result: dict[str, object], names: list[str], value: object, begun: set[str]) -> None:
    field = REPEATED[names[0]]
    listed = result.get(field)
    entries = list(listed) if field in begun and isinstance(listed, list) else []
    begun.add(field)
    if len(names) == 1:
        entries.append({"role": "user", "content": value} if field == "messages" and isinstance(value, str) else value)
    else:
        last = entries[-1] if entries else None
        # `--message.role user --message.content hi` builds one entry; a name that it has already begins the next.
        if not isinstance(last, dict) or names[1] in last:
            entries.append({names[1]: value})
        else:
            entries[-1] = {**last, names[1]: value}
    result[field] = entries
