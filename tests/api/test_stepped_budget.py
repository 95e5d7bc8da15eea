"""Budgets where prices have steps: what is held is what a request costs at the step that its input reaches."""

import asyncio
from pathlib import Path

import pytest

from tests.api import conftest
from tests.api.limiting import desk
from tests.api.test_limits_enforced import TELLING, ask, budget, in_ledger, message

STEPPED = """
[[prices]]
model = "sim-*"
valid_from = 2025-01-01
input = 1_000_000_000
output = 5_000_000_000

[[prices.steps]]
above = 1000
input = 10_000_000_000
output = 500_000_000_000
"""
# 6 cents of output alone, where a short request's would be 0.06
WRITTEN = 120 * 500_000


async def test_calls_at_the_edge_of_a_budget_overshoot_by_at_most_one_where_prices_have_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "PROVIDERS", conftest.PROVIDERS + STEPPED)
    body = message(most=120, stream=True, system="word " * 2000)
    async with conftest.open_house(tmp_path) as house:
        await budget(desk(house), {"type": "organization"}, 15)
        answers = await asyncio.gather(*(ask(house, body, sim=f"{TELLING}; ttft=30") for _ in range(60)))
        served = [answer for answer in answers if answer.status == 200]
        spent = await in_ledger(house)
        assert served
        assert spent >= len(served) * WRITTEN
        assert spent <= 15 * 10_000_000 + spent // len(served)
