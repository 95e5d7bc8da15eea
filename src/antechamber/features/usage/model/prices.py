"""What tokens cost: rates, and the pure rules by which a request's cost follows from one."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from antechamber.base.money import price, price_per_thousand, scale
from antechamber.features.usage.model.tokens import TokenUsage

_WHOLE: Final = 100
# what a provider does when it has time: half the price (both Anthropic's batches and OpenAI's flex)
_LEISURELY: Final = frozenset({"batch", "flex", "flex_discount"})


class PriceSource(StrEnum):
    """Where a price comes from; `fallback` flags a model that no list names."""

    TABLE = "table"
    GENAI = "genai-prices"
    FALLBACK = "fallback"


class Currency(StrEnum):
    """What prices are written in."""

    USD = "USD"
    CNY = "CNY"


class Component(StrEnum):
    """What a cost is made of, in the order of `Cost`."""

    UNCACHED_INPUT = "uncached_input"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"
    CACHE_READ = "cache_read"
    OUTPUT = "output"
    WEB_SEARCH = "web_search"


class Prices(NamedTuple):
    """Nano-units of a currency: per million tokens of each kind, and per thousand web searches."""

    uncached_input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int
    web_search: int

    def times(self, percent: int) -> "Prices":
        """Return these at a percentage, each rounded half to even."""
        return self if percent == _WHOLE else _times(self, percent)


class Cost(NamedTuple):
    """What a request cost, in nano-USD by component; `cny` is the whole of it in nano-CNY where the price is in CNY."""

    uncached_input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int
    web_search: int
    cny: int | None
    source: str
    version: str

    @property
    def total(self) -> int:
        """The sum of the components, nano-USD."""
        parts = (self.uncached_input, self.cache_write_5m, self.cache_write_1h, self.cache_read, self.output)
        return sum(parts) + self.web_search


class Step(NamedTuple):
    """Other prices for the whole of a request that reads more than `above` tokens."""

    above: int
    prices: Prices


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices in one currency; the last step that a request's input passes is the one that counts."""

    base: Prices
    steps: tuple[Step, ...] = ()

    def for_input(self, tokens: int) -> Prices:
        """Return the prices of a request that reads so many tokens, from a cache or not."""
        found = self.base
        for step in self.steps:
            if tokens > step.above:
                found = step.prices
        return found


@dataclass(frozen=True, slots=True)
class Rate:
    """What a model costs at a time; percentages apply to every token price of a request that asked for it.

    `version` says which list: a date of the table, a release of genai-prices. `cny` is the same in CNY where the price
    was written so; `usd` is then converted at that entry's own rate.
    """

    source: PriceSource
    version: str
    usd: Tariff
    cny: Tariff | None = None
    batch_percent: int = 50
    fast_percent: int = 100
    us_percent: int = 100

    def percent(self, service_tier: str, inference_geo: str, speed: str) -> int:
        """Return the percentage at which a request is charged."""
        percent = self.batch_percent if service_tier in _LEISURELY else _WHOLE
        if speed == "fast":
            percent = percent * self.fast_percent // _WHOLE
        if inference_geo == "us":
            percent = percent * self.us_percent // _WHOLE
        return percent

    def cost(
        self,
        usage: TokenUsage,
        service_tier: str = "standard",
        inference_geo: str = "not_available",
        speed: str = "standard",
    ) -> Cost:
        """Return what a request cost; the long-context step follows from its whole input."""
        percent = self.percent(service_tier, inference_geo, speed)
        total_input = usage.total_input
        parts = _parts(usage, self.usd.for_input(total_input).times(percent))
        cny = None if self.cny is None else sum(_parts(usage, self.cny.for_input(total_input).times(percent)))
        return Cost(*parts, cny, self.source.value, self.version)


def _parts(usage: TokenUsage, prices: Prices) -> tuple[int, int, int, int, int, int]:
    searches = usage.web_search_requests
    return (
        price(usage.uncached_input, prices.uncached_input),
        price(usage.cache_write_5m, prices.cache_write_5m) if usage.cache_write_5m else 0,
        price(usage.cache_write_1h, prices.cache_write_1h) if usage.cache_write_1h else 0,
        price(usage.cache_read, prices.cache_read) if usage.cache_read else 0,
        price(usage.output, prices.output),
        price_per_thousand(searches, prices.web_search) if searches else 0,
    )


@lru_cache(maxsize=1024)
def _times(prices: Prices, percent: int) -> Prices:
    # searches are not a matter of tiers
    *tokens, web_search = prices
    scaled = [scale(each, percent, _WHOLE) for each in tokens]
    return Prices(scaled[0], scaled[1], scaled[2], scaled[3], scaled[4], web_search)
