"""The price book: who knows a model's price first, and for how long the answer is kept."""

from typing import Final, Protocol

from antechamber.adapters.prices.genai import GenaiPrices
from antechamber.adapters.prices.table import Fallback, PriceTable, shipped
from antechamber.features.usage.model import Cost, Rate, TokenUsage

# some providers' prices depend on the time of day, in steps of half an hour
_KEPT_US: Final = 1_800_000_000
_MOST_KEPT: Final = 4096


class Finder(Protocol):
    """A list of prices."""

    def find(self, model: str, provider: str, at_us: int) -> Rate | None:
        """Return the rate of a model at an instant; None when the list doesn't name it."""
        ...


class Book:
    """Asks the server's own table, the shipped one and genai-prices, in this order; else the fallback counts."""

    def __init__(self, own: PriceTable | None = None, fallback: Fallback | None = None) -> None:
        self._shipped, self._shipped_fallback = shipped()
        self._genai = GenaiPrices()
        self.adopt(own or PriceTable(), fallback)

    def adopt(self, own: PriceTable, fallback: Fallback | None = None) -> None:
        """Take up another table of the server's; what is asked from now on has its prices."""
        self._lists: tuple[Finder, ...] = (own, self._shipped, self._genai)
        self._fallback = fallback or self._shipped_fallback
        self._kept: dict[tuple[str, str, int], Rate] = {}

    def rate(self, model: str, provider: str, at_us: int) -> Rate:
        """Return the rate of a model of a provider at an instant; a model that no list names has the fallback's."""
        key = (model, provider, at_us // _KEPT_US)
        found = self._kept.get(key)
        return self._find(key, at_us) if found is None else found

    def cost(
        self,
        model: str,
        provider: str,
        usage: TokenUsage,
        at_us: int,
        service_tier: str = "standard",
        inference_geo: str = "not_available",
        speed: str = "standard",
    ) -> Cost:
        """Return what a request cost, never nothing for tokens of a model whose price is not known."""
        return self.rate(model, provider, at_us).cost(usage, service_tier, inference_geo, speed)

    def _find(self, key: tuple[str, str, int], at_us: int) -> Rate:
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        answers = (each.find(key[0], key[1], at_us) for each in self._lists)
        found = next((rate for rate in answers if rate is not None), self._fallback)
        self._kept[key] = found
        return found
