"""Reading `[model_groups]` and `[rate_limits]` of the server's file: everything is checked before anything changes."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from antechamber.features.limits.model.definitions import MAX_RATE, Limiter
from antechamber.features.limits.model.groups import RESERVED, Group, Groups, GroupType

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_GROUP_KEYS: Final = frozenset({"display_name", "models"})
_EVERY_MODEL: Final = "default"


class LimitTableError(Exception):
    """A table can't be used; the message names the place."""


def read_groups(table: object, aliases: Mapping[str, str]) -> Groups:
    """Return the groups that `[model_groups]` describes: a key, and its models' names or globs.

    A group is an array of them, or a table of `models` and `display_name`. LimitTableError names what is wrong.
    """
    if not isinstance(table, Mapping):
        message = 'model_groups: must be a table of groups, as fast = ["claude-haiku-*"]'
        raise LimitTableError(message)
    configured = tuple(_group(str(key), value) for key, value in table.items())
    named = [glob for group in configured for glob in group.globs]
    twice = [glob for glob in named if named.count(glob) > 1]
    if twice:
        message = f"model_groups: {twice[0]!r} is in two groups; a model falls into exactly one"
        raise LimitTableError(message)
    return Groups(configured, dict(aliases))


def _group(key: str, value: object) -> Group:
    place = f"model_groups.{key}"
    if not _KEY.fullmatch(key) or key in RESERVED:
        message = f"{place}: a group's key is lower-case letters, digits, dots, hyphens and underscores, and none of: "
        raise LimitTableError(message + ", ".join(sorted(RESERVED)))
    row = value if isinstance(value, Mapping) else {"models": value}
    for written in row:
        _known(str(written), _GROUP_KEYS, place)
    models = row.get("models")
    if not isinstance(models, list) or not models or not all(isinstance(item, str) and item for item in models):
        message = f'{place}: must name its models or globs, as ["claude-haiku-*"]'
        raise LimitTableError(message)
    display_name = row.get("display_name", key)
    if not isinstance(display_name, str) or not display_name.strip():
        message = f"{place}.display_name: must be text and not empty"
        raise LimitTableError(message)
    return Group(key, GroupType.MODEL_GROUP, display_name.strip(), tuple(models))


def read_defaults(table: object, groups: Groups) -> dict[str, dict[Limiter, int]]:
    """Return the rates that `[rate_limits]` gives every organisation, by the key of their group.

    `[rate_limits.default]` is for every group of models; a group's own table wins over it, limiter by limiter.
    """
    if not isinstance(table, Mapping):
        message = "rate_limits: must be a table of groups, written as [rate_limits.default]"
        raise LimitTableError(message)
    known = {group.key: group for group in groups.everything()}
    for key in table:
        _known(str(key), [_EVERY_MODEL, *known], "rate_limits")
    every = _rates(table.get(_EVERY_MODEL, {}), f"rate_limits.{_EVERY_MODEL}", frozenset(Limiter))
    found = {}
    for key, group in known.items():
        own = _rates(table.get(key, {}), f"rate_limits.{key}", group.limiters)
        found[key] = {**every, **own} if group.type is GroupType.MODEL_GROUP else own
    return found


def _rates(value: object, place: str, allowed: frozenset[Limiter]) -> dict[Limiter, int]:
    if not isinstance(value, Mapping):
        message = f"{place}: must be a table of rates, as requests_per_minute = 60"
        raise LimitTableError(message)
    found = {}
    for name, rate in value.items():
        _known(str(name), sorted(allowed), place)
        if isinstance(rate, bool) or not isinstance(rate, int) or not 1 <= rate <= MAX_RATE:
            message = f"{place}.{name}: must be a whole number from 1 to {MAX_RATE}"
            raise LimitTableError(message)
        found[Limiter(name)] = rate
    return found


def _known(written: str, names: Iterable[str], place: str) -> None:
    names = list(names)
    if written not in names:
        near = difflib.get_close_matches(written, names, n=1)
        message = f"{place}.{written}: there is no such key{f'; did you mean {near[0]}?' if near else ''}"
        raise LimitTableError(message)


def tables_of(catalogue: Mapping[str, Any], aliases: Mapping[str, str]) -> tuple[Groups, dict[str, dict[Limiter, int]]]:
    """Return the groups and the server's rates that the file's tables describe."""
    groups = read_groups(catalogue.get("model_groups", {}), aliases)
    return groups, read_defaults(catalogue.get("rate_limits", {}), groups)
