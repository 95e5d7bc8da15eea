"""What rows add to the roll-ups."""

from collections.abc import Iterable
from dataclasses import fields
from operator import add, attrgetter
from typing import Any, Final, TypeAlias

from antechamber.features.usage.model import COSTS, Cost, PriceSource, TokenUsage, UsageRow, Width
from antechamber.features.usage.sql.cubes import CUBES

_Counters: TypeAlias = tuple[int, ...]
_Sums: TypeAlias = dict[tuple[Any, ...], _Counters]
# total, components, CNY, source, version
_NO_COST: Final = (None,) * (len(COSTS) + 4)
_NOTHING: Final = (0,) * len(COSTS)
_usage_values: Final = attrgetter(*(field.name for field in fields(TokenUsage)))


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
    minutes: _Sums = {}
    for row, counters in pairs:
        _add(minutes, _group(row), counters)
    widths: _Sums = {}
    for (organization, minute, *group), counters in minutes.items():
        for cube in CUBES:
            values = cube.flatten(group)
            for width in cube.widths:
                _add(widths, (organization, cube.name(width), width.floor(minute), *values), counters)
    return [(*key, *counters) for key, counters in sorted(widths.items())]


def _group(row: UsageRow) -> tuple[Any, ...]:
    intent, outcome = row.intent, row.outcome
    # in the order of the roll-ups' columns from the bucket to default_workspace
    return (
        intent.organization_id,
        Width.MINUTE.floor(intent.started_at),
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
