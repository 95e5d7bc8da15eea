"""What rows add to the roll-ups."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from operator import add, attrgetter
from typing import Any, Final, TypeAlias

from antechamber.features.usage.model import COSTS, Cost, PriceSource, Tag, TokenUsage, UsageRow, Width
from antechamber.features.usage.sql.cubes import CUBES, UNTAGGED, WEEK, Cube

_Counters: TypeAlias = tuple[int, ...]
_Sums: TypeAlias = dict[tuple[Any, ...], _Counters]
# total, components, CNY, source, version
_NO_COST: Final = (None,) * (len(COSTS) + 4)
_NOTHING: Final = (0,) * len(COSTS)
_usage_values: Final = attrgetter(*(field.name for field in fields(TokenUsage)))
_tags: Final = attrgetter(*(tag.value for tag in Tag))
_UNTAGGED: Final = (None,) * len(Tag)
_DIGEST_BYTES: Final = 16
_WIDTHS: Final = (Width.MINUTE, Width.HOUR, Width.DAY)
_FINER: Final = {Width.HOUR: Width.MINUTE, Width.DAY: Width.HOUR}
_STEPS: Final = {width: width.microseconds for width in Width}


def _chain() -> list[tuple[Cube, str | None, Callable[[tuple[Any, ...]], tuple[Any, ...]]]]:
    """Return the cubes, the finest first, each with the suffix of the coarsest that it can be made of."""
    made: list[Cube] = []
    chain: list[tuple[Cube, str | None, Callable[[tuple[Any, ...]], tuple[Any, ...]]]] = []
    for cube in reversed(CUBES):
        finer = [each for each in made if each.dimensions >= cube.dimensions and each.widths >= cube.widths]
        least = min(finer, key=lambda each: len(each.dimensions)).suffix if finer else None
        chain.append((cube, least, cube.flattener()))
        made.append(cube)
    return chain


_CHAIN: Final = _chain()


def cost_values(cost: Cost | None) -> tuple[object, ...]:
    """Return what a row's columns from `cost` to `price_version` hold."""
    return _NO_COST if cost is None else (cost.total, *cost)


def counters_of(row: UsageRow) -> tuple[int, ...]:
    """Return what a row adds to a roll-up's counters."""
    cost = row.cost
    parts = _NOTHING if cost is None else cost[: len(COSTS)]
    unpriced = cost is None or cost.source == PriceSource.FALLBACK
    return (*_usage_values(row.outcome.usage), 1, *parts, int(unpriced))


def roll_up(pairs: Iterable[tuple[UsageRow, tuple[int, ...]]]) -> list[tuple[Any, ...]]:
    """Return the roll-ups that rows with these counters add to, as rows of the table, in the order of their keys.

    In that order two nodes that add to the same roll-ups can't lock each other out.
    """
    found: dict[tuple[str, Width], _Sums] = {}
    halves: tuple[_Sums, _Sums] = ({}, {})
    for row, counters in pairs:
        organization, at, *group = _group(row)
        half = halves[_tags(row.intent) == _UNTAGGED]
        _add(half, (organization, at - at % _STEPS[Width.MINUTE], tuple(group)), counters)
    minutes, untagged = halves
    found[UNTAGGED.suffix, Width.DAY] = _widen(untagged, _STEPS[Width.DAY])
    for key, counters in untagged.items():
        _add(minutes, key, counters)
    for cube, finer, flatten in _CHAIN:
        for width in _WIDTHS:
            if width not in cube.widths:
                continue
            if (source := found.get((cube.suffix, _FINER.get(width, width)))) is not None:
                found[cube.suffix, width] = _widen(source, _STEPS[width])
            else:
                found[cube.suffix, width] = _flatten(found[finer, width], flatten) if finer is not None else minutes
    named = {width.value + suffix: sums for (suffix, width), sums in found.items()}
    named |= {cube.week_name: _widen(found[cube.suffix, Width.DAY], WEEK) for cube in CUBES if cube.has_weeks}
    rows = [
        (key[0], name, key[1], *key[2], *counters) for name, sums in named.items() for key, counters in sums.items()
    ]
    rows.sort()
    return rows


def _widen(source: _Sums, step: int) -> _Sums:
    sums: _Sums = {}
    for (organization, at, group), counters in source.items():
        _add(sums, (organization, at - at % step, group), counters)
    return sums


def _flatten(source: _Sums, flatten: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> _Sums:
    sums: _Sums = {}
    for (organization, at, group), counters in source.items():
        _add(sums, (organization, at, flatten(group)), counters)
    return sums


def roll_up_tagged(pairs: Iterable[tuple[UsageRow, tuple[int, ...]]]) -> list[tuple[Any, ...]]:
    """Return what those of these rows that carry a tag add to their days, as rows of the table, in the same order."""
    sums: _Sums = {}
    for row, counters in pairs:
        tags = _tags(row.intent)
        if tags != _UNTAGGED:
            organization, at, *group = _group(row)
            key = (organization, at - at % _STEPS[Width.DAY], *[tag or "" for tag in tags], *group)
            _add(sums, key, counters)
    rows = [(*key[:2], _digest(key[2:-1]), *key[2:], *counters) for key, counters in sums.items()]
    return sorted(rows)


def roll_up_sessions(pairs: Iterable[tuple[UsageRow, tuple[int, ...]]]) -> list[tuple[Any, ...]]:
    """Return what these rows add to days of sessions, as rows of the table, in the same order."""
    sums: _Sums = {}
    for row, counters in pairs:
        intent = row.intent
        day = intent.started_at - intent.started_at % _STEPS[Width.DAY]
        _add(sums, (intent.organization_id, day, intent.session_id or "", intent.model_served), counters)
    return sorted((*key, *counters) for key, counters in sums.items())


def _digest(texts: Sequence[str]) -> bytes:
    """Return the name of a group of tags and dimensions; migration 0007 makes the same."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=_DIGEST_BYTES).digest()


def _group(row: UsageRow) -> tuple[Any, ...]:
    intent, outcome = row.intent, row.outcome
    # an organisation, an instant, then the order of the roll-ups' columns up to default_workspace
    return (
        intent.organization_id,
        intent.started_at,
        intent.account_id or "",
        intent.key_id or "",
        outcome.context_window,
        outcome.inference_geo,
        intent.model_served,
        intent.service_account_id or "",
        outcome.service_tier,
        outcome.speed,
        intent.workspace_id,
        intent.default_workspace,
    )


def _add(sums: _Sums, key: tuple[Any, ...], counters: _Counters) -> None:
    there = sums.get(key)
    sums[key] = counters if there is None else tuple(map(add, there, counters))
