"""Prices: which list counts, that a cost is the price of its tokens, and that nothing unknown is free."""

import datetime as dt
import tomllib
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.prices import Book, PriceError, PriceTable, read_fallback, read_prices, shipped
from antechamber.base.money import price, price_per_thousand, scale
from antechamber.features.usage.model import Component, Prices, PriceSource, Rate, Step, Tariff, TokenUsage
from tests.unit.usage.samples import DAY, NOON

counts = st.integers(0, 2**40)
nano = st.integers(0, 10**12)
usages = st.builds(TokenUsage, *[counts] * 5, *[st.integers(0, 99)] * 3)
tariffs = st.builds(Tariff, st.builds(Prices, *[nano] * 6), st.just(()))


def entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any key
    return {"model": "m-*", "valid_from": dt.date(2025, 1, 1), "input": 10**9, "output": 5 * 10**9, **changes}


@given(usage=usages, tariff=tariffs)
def test_a_cost_is_the_price_of_its_tokens(usage: TokenUsage, tariff: Tariff) -> None:
    cost = Rate(PriceSource.TABLE, "v", tariff).cost(usage)
    prices = tariff.base
    for component in list(Component)[:5]:
        exact = Decimal(getattr(usage, component) * getattr(prices, component)) / 1_000_000
        assert getattr(cost, component) == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    assert cost.web_search == price_per_thousand(usage.web_search_requests, prices.web_search)
    assert cost.total == sum(cost[:6])


@given(amount=st.integers(0, 10**20), numerator=st.integers(0, 10**6), denominator=st.integers(1, 10**6))
def test_scaling_rounds_half_to_even(amount: int, numerator: int, denominator: int) -> None:
    twice = 2 * (scale(amount, numerator, denominator) * denominator - amount * numerator)
    assert abs(twice) <= denominator
    if abs(twice) == denominator:
        assert scale(amount, numerator, denominator) % 2 == 0


def test_batches_and_flexible_requests_cost_half() -> None:
    rate = Rate(PriceSource.TABLE, "v", Tariff(Prices(100, 125, 200, 10, 500, 7)))
    used = TokenUsage(10**6, 10**6, 10**6, 10**6, 10**6, web_search_requests=1000)
    whole = rate.cost(used)
    for tier in ("batch", "flex", "flex_discount"):
        assert rate.cost(used, tier)[:6] == (50, 62, 100, 5, 250, 7)
    assert whole[:6] == (100, 125, 200, 10, 500, 7)
    assert rate.cost(used, "priority") == whole


def test_fast_and_regional_requests_cost_what_their_entry_says() -> None:
    rate = Rate(PriceSource.TABLE, "v", Tariff(Prices(100, 0, 0, 0, 0, 0)), fast_percent=600, us_percent=110)
    million = TokenUsage(10**6)
    assert rate.cost(million, speed="fast").total == 600
    assert rate.cost(million, inference_geo="us").total == 110
    assert rate.cost(million, "batch", "us", "fast").total == 330


def test_a_long_request_has_the_step_that_its_whole_input_passes() -> None:
    tariff = Tariff(
        Prices(1, 1, 1, 1, 1, 0), (Step(100, Prices(2, 2, 2, 2, 2, 0)), Step(200, Prices(3, 3, 3, 3, 3, 0)))
    )
    assert tariff.for_input(100).output == 1
    assert tariff.for_input(101).output == 2
    assert tariff.for_input(201).output == 3


def test_a_step_costs_what_it_gives_and_else_what_the_one_below_it_does() -> None:
    steps = [{"above": 200, "output": 30}, {"above": 100, "input": 20}]
    (read,) = read_prices([entry(input=10, cache_read=1, output=15, web_search=5, steps=steps)]).entries
    low, high = (step.prices for step in read.rate.usd.steps)
    assert low == Prices(20, 20, 20, 1, 15, 5)
    assert high == Prices(20, 20, 20, 1, 30, 5)


def test_yuan_keep_both_amounts() -> None:
    table = read_prices([entry(currency="CNY", nano_usd_per_cny=140_000_000)])
    rate = table.find("m-1", "any", NOON)
    assert rate is not None
    cost = rate.cost(TokenUsage(10**6, output=10**6))
    assert (cost.cny, cost.total) == (6 * 10**9, 6 * 140_000_000)


def test_the_newest_entry_in_force_counts() -> None:
    first, second = entry(), entry(valid_from=dt.date(2025, 12, 1), input=2 * 10**9)
    table = read_prices([second, first])
    found = [table.find("m-1", "any", at) for at in (NOON - DAY, NOON)]
    assert [rate.usd.base.uncached_input for rate in found if rate] == [10**9, 2 * 10**9]
    assert table.find("m-1", "any", 0) is None


def test_a_name_counts_before_a_glob_and_a_longer_glob_before_a_shorter() -> None:
    table = read_prices([entry(model="*", output=1), entry(model="m-2*", output=2), entry(model="m-2-x", output=3)])
    found = [table.find(model, "any", NOON) for model in ("a", "m-20", "m-2-x")]
    assert [rate.usd.base.output for rate in found if rate] == [1, 2, 3]


def test_a_providers_own_price_counts_before_everyones() -> None:
    table = read_prices([entry(output=1), entry(provider="cheap", output=2)])
    found = [table.find("m-1", provider, NOON) for provider in ("cheap", "other")]
    assert [rate.usd.base.output for rate in found if rate] == [2, 1]


def test_the_servers_table_counts_before_the_shipped_and_that_before_genai_prices() -> None:
    own = read_prices([entry(model="claude-sonnet-4-5", output=1)])
    assert Book(own).rate("claude-sonnet-4-5", "anthropic", NOON).source == PriceSource.TABLE
    assert Book().rate("sim-1", "simulated", NOON).source == PriceSource.TABLE
    assert Book().rate("qwen-plus", "qwen", NOON).cny is not None
    listed = Book().rate("claude-sonnet-4-5-20250929", "anthropic", NOON)
    assert listed.source == PriceSource.GENAI
    assert listed.usd.base == (3 * 10**9, 3_750_000_000, 6 * 10**9, 300_000_000, 15 * 10**9, 10**10)
    assert listed.usd.for_input(200_001).output == 22_500_000_000


@given(model=st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12), usage=usages)
def test_a_model_that_nobody_lists_is_never_free(model: str, usage: TokenUsage) -> None:
    cost = Book().cost(f"zz-{model}", "unheard-of", usage, NOON)
    assert cost.source == PriceSource.FALLBACK
    assert (cost.total > 0) == (usage.total_input + usage.output + usage.web_search_requests > 0)


def test_another_table_counts_from_now_on() -> None:
    book = Book()
    before = book.rate("m-1", "any", NOON)
    fallback = read_fallback({"input": 7, "output": 8})
    book.adopt(read_prices([entry()]), fallback)
    assert (before.source, book.rate("m-1", "any", NOON).source) == (PriceSource.FALLBACK, PriceSource.TABLE)
    assert book.rate("other", "any", NOON).usd.base.output == 8
    book.adopt(PriceTable())
    assert book.rate("m-1", "any", NOON) == before


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (entry(modle="m"), "prices[0].modle: there is no such key; did you mean model?"),
        (entry(model=""), "prices[0].model: must be a name or a glob"),
        (entry(valid_from="2025-01-01"), "prices[0].valid_from: must be a date"),
        (entry(valid_from=dt.datetime(2025, 1, 1, tzinfo=dt.UTC)), "prices[0].valid_from: must be a date"),
        (entry(input=1.5), "prices[0].input: must be a whole number"),
        (entry(input=True), "prices[0].input: must be a whole number"),
        (entry(output=-1), "prices[0].output: must be a whole number"),
        (entry(output=None), "prices[0].output: must be a whole number"),
        (entry(currency="EUR"), 'prices[0].currency: must be "USD" or "CNY"'),
        (entry(currency="CNY"), "prices[0].nano_usd_per_cny: must be a whole number"),
        (entry(currency="CNY", nano_usd_per_cny=0), "prices[0].nano_usd_per_cny: must be more than 0"),
        (entry(nano_usd_per_cny=1), "prices[0].nano_usd_per_cny: is for prices in CNY"),
        (entry(steps=[{"above": 5, "input": "1"}]), "prices[0].steps[0].input: must be a whole number"),
        (entry(steps={"above": 5}), "prices[0].steps: must be an array of tables"),
    ],
)
def test_what_is_wrong_with_an_entry_is_named(row: dict[str, Any], message: str) -> None:
    with pytest.raises(PriceError) as refused:
        read_prices([row])
    assert str(refused.value).startswith(message)


def test_a_fallback_that_is_free_is_refused() -> None:
    for table in ({"input": 0, "output": 5}, {"input": 5, "output": 0}):
        with pytest.raises(PriceError, match="must be more than 0"):
            read_fallback(table)
    with pytest.raises(PriceError, match=r"written as \[fallback_price\]"):
        read_fallback([])
    with pytest.raises(PriceError, match=r"written as \[\[prices\]\]"):
        read_prices({"m": 1})


def test_the_shipped_table_has_no_free_model() -> None:
    table, fallback = shipped()
    assert fallback.source == PriceSource.FALLBACK
    for listed in table.entries:
        assert listed.rate.usd.base.uncached_input > 0
        assert listed.rate.usd.base.output > 0


def test_a_table_is_read_as_toml_writes_it() -> None:
    text = """
    [[prices]]
    model = "house-*"
    valid_from = 2025-06-01
    input = 2_000_000_000
    output = 4_000_000_000
    """
    rate = read_prices(tomllib.loads(text)["prices"]).find("house-1", "ours", NOON)
    assert rate is not None
    assert rate.version == "2025-06-01"
    # what is not said of the cache costs as much as input
    assert rate.usd.base == (2 * 10**9,) * 4 + (4 * 10**9, 0)
    assert price(500_000, rate.usd.base.output) == 2 * 10**9
