"""Dated tables of prices, as TOML: `[[prices]]` and `[fallback_price]`."""

import datetime as dt
import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from operator import itemgetter
from typing import Any, Final

from antechamber.base.clock import EPOCH
from antechamber.base.money import NANO_PER_DOLLAR, scale
from antechamber.features.usage.model import Currency, Prices, PriceSource, Rate, Step, Tariff

_PRICES: Final = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")
_PERCENTS: Final = {"batch_percent": 50, "fast_percent": 100, "us_percent": 100}
_STEP: Final = ("above", *_PRICES)
_FALLBACK: Final = ("currency", "nano_usd_per_cny", "steps", *_PRICES, *_PERCENTS)
_KEYS: Final = ("model", "provider", "valid_from", *_FALLBACK)
_MOST: Final = 10**15


class PriceError(ValueError):
    """A table of prices can't be used; the message names the place."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `model` and `provider` are names or globs, `since` is microseconds."""

    model: str
    provider: str
    since: int
    rate: Rate

    def rank(self, model: str, provider: str) -> tuple[int, int] | None:
        """Return how exactly it names a model of a provider, more is closer; None if it does not."""
        ranks = _rank(self.model, model), _rank(self.provider, provider)
        return None if ranks[0] is None or ranks[1] is None else (ranks[0], ranks[1])


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Entries; the one that names a model most exactly counts, of these the newest that is in force."""

    entries: tuple[Entry, ...] = ()

    def find(self, model: str, provider: str, at_us: int) -> Rate | None:
        """Return the rate of a model at an instant; None when no entry in force names it."""
        best: tuple[tuple[int, int], int] | None = None
        found: Rate | None = None
        for entry in self.entries:
            rank = entry.rank(model, provider) if entry.since <= at_us else None
            if rank is not None and (best is None or (rank, entry.since) > best):
                best, found = (rank, entry.since), entry.rate
        return found


Fallback = Rate


def read_prices(value: object) -> PriceTable:
    """Read the array of tables `[[prices]]`; PriceError names what is wrong."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(row, Mapping) for row in value):
        message = "prices: must be an array of tables, written as [[prices]]"
        raise PriceError(message)
    return PriceTable(tuple(_entry(row, f"prices[{index}]") for index, row in enumerate(value)))


def read_fallback(value: object) -> Fallback:
    """Read the table `[fallback_price]`, whose prices must not be zero; PriceError names what is wrong."""
    place = "fallback_price"
    if not isinstance(value, Mapping):
        message = f"{place}: must be a table, written as [fallback_price]"
        raise PriceError(message)
    _refuse_unknown(value, _FALLBACK, place)
    rate = _rate(value, place, PriceSource.FALLBACK, "fallback")
    for name in ("input", "output"):
        if not value.get(name):
            message = f"{place}.{name}: must be more than 0: a model without a price is never free"
            raise PriceError(message)
    return rate


def shipped() -> tuple[PriceTable, Fallback]:
    """Return the table that comes with this version, and its fallback."""
    tables = tomllib.loads(files(__package__).joinpath("shipped.toml").read_text(encoding="utf-8"))
    return read_prices(tables["prices"]), read_fallback(tables["fallback_price"])


def _entry(row: Mapping[str, Any], place: str) -> Entry:
    _refuse_unknown(row, _KEYS, place)
    model, provider, since = row.get("model"), row.get("provider", "*"), row.get("valid_from")
    for name, value in (("model", model), ("provider", provider)):
        if not isinstance(value, str) or not value:
            message = f"{place}.{name}: must be a name or a glob"
            raise PriceError(message)
    if not isinstance(since, dt.date) or isinstance(since, dt.datetime):
        message = f"{place}.valid_from: must be a date, as 2026-01-31"
        raise PriceError(message)
    start = dt.datetime(since.year, since.month, since.day, tzinfo=dt.UTC)
    at = (start - EPOCH) // dt.timedelta(microseconds=1)
    return Entry(str(model), str(provider), at, _rate(row, place, PriceSource.TABLE, since.isoformat()))


def _rate(row: Mapping[str, Any], place: str, source: PriceSource, version: str) -> Rate:
    try:
        currency = Currency(row.get("currency", "USD"))
    except ValueError:
        message = f'{place}.currency: must be "USD" or "CNY"'
        raise PriceError(message) from None
    tariff = Tariff(_prices(row, place), _steps(row, place))
    batch, fast, us = (_whole(row, name, place, default) for name, default in _PERCENTS.items())
    if currency is Currency.USD:
        if "nano_usd_per_cny" in row:
            message = f"{place}.nano_usd_per_cny: is for prices in CNY"
            raise PriceError(message)
        return Rate(source, version, tariff, None, batch, fast, us)
    worth = _whole(row, "nano_usd_per_cny", place)
    if not worth:
        message = f"{place}.nano_usd_per_cny: must be more than 0"
        raise PriceError(message)
    usd = Tariff(
        _converted(tariff.base, worth), tuple(Step(each.above, _converted(each.prices, worth)) for each in tariff.steps)
    )
    return Rate(source, version, usd, tariff, batch, fast, us)


def _prices(row: Mapping[str, Any], place: str) -> Prices:
    """Read prices; what is not given of a cache costs as much as input, of searches nothing."""
    read = _whole(row, "input", place)
    written = _whole(row, "cache_write_5m", place, read)
    return Prices(
        uncached_input=read,
        cache_write_5m=written,
        cache_write_1h=_whole(row, "cache_write_1h", place, written),
        cache_read=_whole(row, "cache_read", place, read),
        output=_whole(row, "output", place),
        web_search=_whole(row, "web_search", place, 0),
    )


def _steps(entry: Mapping[str, Any], place: str) -> tuple[Step, ...]:
    """Read the steps of an entry; what one does not give is as in the step below it."""
    value = entry.get("steps", [])
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        message = f"{place}.steps: must be an array of tables"
        raise PriceError(message)
    rows = []
    for index, row in enumerate(value):
        here = f"{place}.steps[{index}]"
        _refuse_unknown(row, _STEP, here)
        rows.append((_whole(row, "above", here), here, row))
    steps: list[Step] = []
    given = {name: entry[name] for name in _PRICES if name in entry}
    for above, here, row in sorted(rows, key=itemgetter(0)):
        given |= {name: row[name] for name in _PRICES if name in row}
        steps.append(Step(above, _prices(given, here)))
    return tuple(steps)


def _whole(row: Mapping[str, Any], name: str, place: str, default: int | None = None) -> int:
    value = row.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        message = f"{place}.{name}: must be a whole number from 0 to {_MOST}"
        raise PriceError(message)
    return value


def _converted(prices: Prices, nano_usd_per_cny: int) -> Prices:
    return Prices(*(scale(each, nano_usd_per_cny, NANO_PER_DOLLAR) for each in prices))


def _refuse_unknown(row: Mapping[str, Any], known: Sequence[str], place: str) -> None:
    for written in row:
        if written not in known:
            near = difflib.get_close_matches(written, known, n=1)
            message = f"{place}.{written}: there is no such key{f'; did you mean {near[0]}?' if near else ''}"
            raise PriceError(message)


def _rank(glob: str, name: str) -> int | None:
    if glob == name:
        return len(name) + 1
    # only the star is special, as in providers' models
    if "*" in glob and fnmatchcase(name, glob.replace("[", "[[]").replace("?", "[?]")):
        return len(glob.replace("*", ""))
    return None
