"""Prices from genai-prices: a list that comes with the package; nothing is fetched."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Final

from antechamber.base.clock import EPOCH
from antechamber.features.usage.model import Prices, PriceSource, Rate, Step, Tariff

_NANO: Final = Decimal(1_000_000_000)
_HOUR_FACTOR: Final = 2
_KEYS: Final = ("input_mtok", "cache_write_mtok", "cache_write_1h_mtok", "cache_read_mtok", "output_mtok")


class GenaiPrices:
    """Looks models up; the first look-up loads the package (a third of a second, 25 MB)."""

    def find(self, model: str, provider: str, at_us: int) -> Rate | None:
        """Return the rate of a model in force at an instant; None when the list doesn't name it with both prices."""
        from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - 25 MB, needed by few models

        snapshot = get_snapshot()
        at = EPOCH + dt.timedelta(microseconds=at_us)
        for provider_id in (provider, None):
            try:
                _, info = snapshot.find_provider_model(model, None, provider_id, None)
            except LookupError:
                continue
            return _rate(vars(info.get_prices(at)))
        return None


def _rate(values: Mapping[str, Any]) -> Rate | None:
    if values.get("input_mtok") is None or values.get("output_mtok") is None:
        return None
    starts = {tier.start for key in _KEYS for tier in getattr(values.get(key), "tiers", ())}
    tariff = Tariff(_prices(values, 0), tuple(Step(start, _prices(values, start + 1)) for start in sorted(starts)))
    return Rate(PriceSource.GENAI, f"genai-prices {version('genai-prices')}", tariff)


def _prices(values: Mapping[str, Any], tokens: int) -> Prices:
    """Return the prices of a request that reads so many tokens; a cache that has no price costs as much as input."""
    read = _nano(values["input_mtok"], tokens)
    five_minutes = _nano(values.get("cache_write_mtok"), tokens, read)
    # genai-prices lists the hour's price only for some; Anthropic's is twice the input's everywhere
    an_hour = read * _HOUR_FACTOR if values.get("cache_write_mtok") is not None else five_minutes
    return Prices(
        uncached_input=read,
        cache_write_5m=five_minutes,
        cache_write_1h=_nano(values.get("cache_write_1h_mtok"), tokens, an_hour),
        cache_read=_nano(values.get("cache_read_mtok"), tokens, read),
        output=_nano(values["output_mtok"], tokens),
        web_search=_nano(values.get("web_searches_kcount"), 0, 0),
    )


def _nano(value: Any, tokens: int, default: int = 0) -> int:  # noqa: ANN401 - a Decimal, or tiers of them
    if value is None:
        return default
    if not isinstance(value, Decimal):
        price = value.base
        for tier in value.tiers:
            if tokens > tier.start:
                price = tier.price
        value = price
    return int((value * _NANO).to_integral_value())
