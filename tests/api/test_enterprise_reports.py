"""The four reports of Claude Enterprise over HTTP: by bucket and by person, of usage and of costs."""

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pytest

from antechamber.features.usage.model import TokenUsage, UsageRow
from tests.api.conftest import House
from tests.api.test_analytics import HOUR, RANGE, data
from tests.api.test_cost_report import NOON, get, request, results, spend

ROOT = "/v1/organizations/analytics"
USAGE, COST = f"{ROOT}/usage_report", f"{ROOT}/cost_report"
BY_PERSON, COST_BY_PERSON = f"{ROOT}/user_usage_report", f"{ROOT}/user_cost_report"
ANN, BEA = "user_01AAAAAAAAAAAAAAAAAAAAAA", "user_01BBBBBBBBBBBBBBBBBBBBBB"
UNSET = dict.fromkeys(
    (
        "claude_tag_category", "claude_tag_user_id", "context_window", "inference_geo", "model", "product",
        "rbac_group_id", "slack_channel_id", "speed",
    )
)  # fmt: skip


async def ask(house: House, path: str, *pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return data(await get(house, path, *RANGE, *pairs))


def used(row: UsageRow, usage: TokenUsage) -> UsageRow:
    return dataclasses.replace(row, outcome=dataclasses.replace(row.outcome, usage=usage))


def of_person(house: House, number: int, user_id: str, **changes: Any) -> UsageRow:  # noqa: ANN401 - any field
    return request(house, number, key_id=None, user_id=user_id, **changes)


async def test_a_bucket_without_groups_is_one_row_and_an_empty_one_has_none(house: House) -> None:
    await spend(house, request(house, 1), request(house, 2))
    first, second = await ask(house, USAGE)
    assert (first["starting_at"], first["ending_at"]) == (RANGE[0][1], "2026-11-02T00:00:00Z")
    assert second["results"] == []
    assert first["results"] == [
        {
            **UNSET,
            "cache_creation": {"ephemeral_1h_input_tokens": 6, "ephemeral_5m_input_tokens": 8},
            "cache_read_input_tokens": 4,
            "output_tokens": 14,
            "requests": 2,
            "server_tool_use": {"web_search_requests": 0},
            "uncached_input_tokens": 20,
        }
    ]
    body = json.loads((await get(house, USAGE, *RANGE)).body)
    assert set(body) == {"data", "has_more", "next_page", "data_refreshed_at"}


async def test_the_greatest_groups_of_a_bucket_come_first_and_a_hundred_at_most(house: House) -> None:
    rows = [used(request(house, n, model_served=f"m-{n}"), TokenUsage(output=n + 1)) for n in range(104)]
    await spend(house, *rows)
    first = (await ask(house, USAGE, ("group_by[]", "model")))[0]["results"]
    assert [row["model"] for row in first] == [f"m-{n}" for n in range(103, 3, -1)]


async def test_hours_and_minutes_are_buckets_too(house: House) -> None:
    await spend(house, *(request(house, n, started_at=NOON + n * HOUR) for n in range(3)))
    hours = await ask(house, COST, ("bucket_width", "1h"), ("limit", "30"))
    assert [len(bucket["results"]) for bucket in hours[12:16]] == [1, 1, 1, 0]
    assert len(hours) == 30


async def test_buckets_come_in_pages(house: House) -> None:
    await spend(house, request(house, 1), request(house, 2, started_at=NOON + 24 * HOUR))
    found: list[dict[str, Any]] = []
    page: list[tuple[str, str]] = []
    while True:
        body = json.loads((await get(house, USAGE, *RANGE, ("limit", "1"), *page)).body)
        found += body["data"]
        if not body["has_more"]:
            break
        page = [("page", body["next_page"])]
    assert [len(bucket["results"]) for bucket in found] == [1, 1]
    other = await get(house, COST, *RANGE, ("limit", "1"), *page)
    assert (other.status, "cursor" in other.body.decode()) == (400, True)


async def test_parts_of_a_cost_add_up_to_what_the_cost_report_says(house: House) -> None:
    usage = TokenUsage(10, 4, 3, 2, 7, web_search_requests=2)
    await spend(house, request(house, 1), used(request(house, 2), usage))
    (whole,) = (await ask(house, COST))[0]["results"]
    assert (whole["amount"], whole["currency"], whole["requests"]) == (whole["list_amount"], "USD", 2)
    parts = (await ask(house, COST, ("group_by[]", "cost_type"), ("group_by[]", "token_type")))[0]["results"]
    assert sum(Decimal(part["amount"]) for part in parts) == Decimal(whole["amount"])
    assert {(part["cost_type"], part["requests"]) for part in parts} == {("tokens", None), ("web_search", None)}
    assert {part["token_type"] for part in parts if part["cost_type"] == "tokens"} >= {"output_tokens"}
    (legacy,) = results(await get(house, "/v1/organizations/cost_report", *RANGE))
    assert Decimal(legacy["amount"]) == Decimal(whole["amount"])


async def test_only_what_people_used_is_told_by_person(house: House) -> None:
    await spend(
        house,
        request(house, 1),
        request(house, 2, key_id=None, service_account_id="svac_1"),
        of_person(house, 3, ANN),
        *(of_person(house, number, BEA) for number in range(4, 7)),
    )
    rows = await ask(house, BY_PERSON)
    assert [(row["actor"]["user_id"], row["requests"]) for row in rows] == [(BEA, 3), (ANN, 1)]
    assert rows[1] == {
        **UNSET,
        "actor": {"type": "user_actor", "user_id": ANN, "email_address": None, "name": None, "deleted": True},
        "cache_creation": {"ephemeral_1h_input_tokens": 3, "ephemeral_5m_input_tokens": 4},
        "cache_read_input_tokens": 2,
        "ending_at": None,
        "output_tokens": 7,
        "requests": 1,
        "server_tool_use": {"web_search_requests": 0},
        "starting_at": None,
        "total_tokens": 26,
        "uncached_input_tokens": 10,
    }
    costs = await ask(house, COST_BY_PERSON, ("order", "asc"))
    assert [row["actor"]["user_id"] for row in costs] == [ANN, BEA]
    assert Decimal(costs[1]["amount"]) == 3 * Decimal(costs[0]["amount"])
    assert await ask(house, BY_PERSON, ("exclude_deleted_users", "true")) == []


async def test_people_are_picked_in_all_four(house: House) -> None:
    await spend(house, request(house, 1), of_person(house, 2, ANN), of_person(house, 3, BEA), of_person(house, 4, BEA))
    assert (await ask(house, USAGE, ("user_ids[]", BEA)))[0]["results"][0]["requests"] == 2
    assert (await ask(house, COST, ("user_ids[]", ANN), ("group_by[]", "model")))[0]["results"][0]["requests"] == 1
    for path in (BY_PERSON, COST_BY_PERSON):
        (row,) = await ask(house, path, ("user_ids[]", ANN))
        assert row["actor"]["user_id"] == ANN
    for nobody in ("user_01ZZZZZZZZZZZZZZZZZZZZZZ", "apikey_01Rj2N8SVvo6BePZj99NhmiT"):
        assert [bucket["results"] for bucket in await ask(house, USAGE, ("user_ids[]", nobody))] == [[], []]
        assert await ask(house, BY_PERSON, ("user_ids[]", nobody)) == []


async def test_a_person_has_a_row_a_bucket_when_a_width_is_given(house: House) -> None:
    await spend(house, of_person(house, 1, ANN), of_person(house, 2, ANN, started_at=NOON + 24 * HOUR))
    rows = await ask(house, BY_PERSON, ("bucket_width", "1d"), ("group_by[]", "model"))
    assert sorted((row["starting_at"], row["ending_at"], row["model"]) for row in rows) == [
        ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "claude-sonnet-4-5"),
        ("2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z", "claude-sonnet-4-5"),
    ]


async def test_parts_of_a_persons_cost_do_not_count_towards_the_limit(house: House) -> None:
    await spend(house, of_person(house, 1, ANN), of_person(house, 2, BEA))
    answer = await get(house, COST_BY_PERSON, *RANGE, ("group_by[]", "token_type"), ("limit", "1"))
    body = json.loads(answer.body)
    assert (len(body["data"]), body["has_more"]) == (5, True)
    assert len({row["actor"]["user_id"] for row in body["data"]}) == 1


async def test_what_nothing_is_attributed_to_is_null_and_matches_nothing(house: House) -> None:
    await spend(house, of_person(house, 1, ANN))
    (row,) = await ask(house, BY_PERSON, ("group_by[]", "product"), ("group_by[]", "rbac_group_id"))
    assert (row["product"], row["rbac_group_id"]) == (None, None)
    for name, value in (
        ("products", "claude_code"),
        ("claude_tag_categories", "dm"),
        ("rbac_group_ids", "rbac_group_1"),
    ):
        assert await ask(house, BY_PERSON, (f"{name}[]", value)) == []
        assert [bucket["results"] for bucket in await ask(house, COST, (f"{name}[]", value))] == [[], []]


@pytest.mark.parametrize(
    ("path", "pairs", "word"),
    [
        (USAGE, (("group_by[]", "workspace_id"),), "group_by"),
        (USAGE, (("group_by[]", "token_type"),), "group_by"),
        (USAGE, (("limit", "32"),), "limit"),
        (USAGE, (("bucket_width", "1m"), ("limit", "257")), "limit"),
        (USAGE, (("order", "asc"),), "order"),
        (COST, (("products[]", "colour"),), "products"),
        (COST, (("group_by[]", "claude_tag_user_id"), ("rbac_group_ids[]", "rbac_group_1")), "claude_tag_user_id"),
        (BY_PERSON, (("limit", "1001"),), "limit"),
        (BY_PERSON, (("order_by", "amount"),), "order_by"),
        (BY_PERSON, (("order_by", "time"),), "order_by"),
        (BY_PERSON, (("bucket_width", "1m"),), "24 hours"),
        (COST_BY_PERSON, (("order", "up"),), "order"),
        (COST_BY_PERSON, (("page", "page_x"),), "page"),
        (COST_BY_PERSON, (("colours[]", "red"),), "colours"),
    ],
)
async def test_what_cannot_be_asked_is_named(
    house: House, path: str, pairs: tuple[tuple[str, str], ...], word: str
) -> None:
    answer = await get(house, path, *RANGE, *pairs)
    assert answer.status == 400
    assert word in json.loads(answer.body)["error"]["message"]


async def test_an_open_range_has_an_end_except_by_persons_and_bucket(house: House) -> None:
    await spend(house, of_person(house, 1, ANN))
    assert (await get(house, USAGE, RANGE[0])).status == 200
    answer = await get(house, BY_PERSON, RANGE[0], ("bucket_width", "1d"))
    assert (answer.status, "is required with bucket_width" in answer.body.decode()) == (400, True)
