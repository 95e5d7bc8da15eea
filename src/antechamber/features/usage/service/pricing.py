"""The price of a row, as a pure function of the row and the price book."""

from antechamber.features.usage.model import UsageRow
from antechamber.features.usage.ports import PriceBook


def price_row(row: UsageRow, prices: PriceBook) -> UsageRow:
    """Return a row with its cost, by the prices of the moment at which the request began."""
    intent, outcome = row.intent, row.outcome
    cost = prices.cost(
        intent.model_served,
        intent.provider,
        outcome.usage,
        intent.started_at,
        outcome.service_tier,
        outcome.inference_geo,
        outcome.speed,
    )
    return UsageRow(intent, outcome, cost)
