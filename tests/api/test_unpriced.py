"""Models that no list of prices names are shown to the operator: their costs are a guess."""

import json

from antechamber.base.clock import to_rfc3339
from tests.api.conftest import House
from tests.api.test_commands import ante
from tests.api.test_cost_report import NOON, request, spend


async def test_a_model_that_the_fallback_priced_is_listed_with_its_requests(house: House) -> None:
    data = str(house.app.storage.settings.data)
    day = to_rfc3339(NOON)[:10]
    assert ante("prices", "unpriced", "--data", data, "--from", day).stdout == "every model has a price\n"
    for number in (1, 2):
        await spend(house, request(house, number, model_served="nobody-knows-1"))
    await spend(house, request(house, 3))
    told = ante("prices", "unpriced", "--data", data, "--from", day, "--json")
    expected = [{"model": "nobody-knows-1", "requests": 2, "unpriced_requests": 2}]
    assert json.loads(told.stdout)["organizations"] == {house.founded.organization_id: expected}
    assert "nobody-knows-1" in ante("prices", "unpriced", "--data", data, "--from", day).stdout


def test_a_day_that_is_none_is_told() -> None:
    told = ante("prices", "unpriced", "--from", "yesterday", code=2)
    assert "--from: 'yesterday' is not a date such as 2026-01-31" in told.stderr
