"""The analytics pair over HTTP: groups, actors, order, pages, and what may not be asked."""

import json
from decimal import Decimal
from typing import Any

import pytest

from antechamber.features.usage.model import TokenUsage, UsageRow
from tests.api.conftest import House
from tests.api.test_cost_report import NOON, get, request, results, spend
from tests.asgi import Answer

BETA = "analytics-usage-cost-2026-08-24"
USAGE, COST = "/v1/organizations/analytics/usage", "/v1/organizations/analytics/cost"
RANGE = (("starting_at", "2026-11-01T00:00:00Z"), ("ending_at", "2026-11-03T00:00:00Z"))
HOUR = 3_600_000_000
KEY = "apikey_01Rj2N8SVvo6BePZj99NhmiT"


async def ask(house: House, path: str, *pairs: tuple[str, str]) -> Answer:
    return await get(house, path, *RANGE, *pairs, anthropic_beta=BETA)


def data(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = json.loads(answer.body)["data"]
    return found


async def test_without_the_beta_header_there_is_no_such_page(house: House) -> None:
    answer = await get(house, USAGE, *RANGE)
    assert answer.status == 404
    assert BETA in answer.body.decode()


async def test_without_groups_one_row_is_the_whole_range(house: House) -> None:
    await spend(house, request(house, 1), request(house, 2, started_at=NOON + 25 * HOUR))
    (row,) = data(await ask(house, USAGE))
    assert (row["starting_at"], row["ending_at"]) == (RANGE[0][1], RANGE[1][1])
    assert row["usage"] == {
        "cache_creation": {"ephemeral_1h_input_tokens": 6, "ephemeral_5m_input_tokens": 8},
        "cache_read_input_tokens": 4,
        "output_tokens": 14,
        "requests": 2,
        "server_tool_use": {"web_search_requests": 0},
        "total_tokens": 52,
        "uncached_input_tokens": 20,
    }
    assert set(row["group"].values()) == {None}
    body = json.loads((await ask(house, USAGE)).body)
    assert set(body) == {"data", "has_more", "next_page", "data_refreshed_at"}


async def test_a_range_of_odd_hours_is_whole(house: House) -> None:
    await spend(house, *(request(house, number, started_at=NOON + number * HOUR) for number in range(40)))
    answer = await get(
        house,
        USAGE,
        ("starting_at", "2026-11-01T14:30:00Z"),
        ("ending_at", "2026-11-03T01:10:00Z"),
        anthropic_beta=BETA,
    )
    (row,) = data(answer)
    assert (row["starting_at"], row["ending_at"]) == ("2026-11-01T14:00:00Z", "2026-11-03T01:00:00Z")
    assert row["usage"]["requests"] == 35


async def test_cost_by_part_adds_up_to_the_whole(house: House) -> None:
    usage = TokenUsage(10, 4, 3, 2, 7, web_search_requests=2)
    await spend(house, UsageRow(request(house, 1).intent, request(house, 1).outcome), _with(request(house, 2), usage))
    (whole,) = data(await ask(house, COST))
    parts = data(await ask(house, COST, ("group_by[]", "cost_type"), ("group_by[]", "token_type")))
    assert sum(Decimal(part["cost"]["amount"]) for part in parts) == Decimal(whole["cost"]["amount"])
    assert whole["cost"]["list_amount"] == whole["cost"]["amount"]
    assert (whole["cost"]["requests"], parts[0]["cost"]["requests"]) == (2, None)
    assert {(part["group"]["cost_type"], part["group"]["token_type"]) for part in parts} == {
        ("tokens", "uncached_input_tokens"),
        ("tokens", "cache_creation.ephemeral_5m_input_tokens"),
        ("tokens", "cache_creation.ephemeral_1h_input_tokens"),
        ("tokens", "cache_read_input_tokens"),
        ("tokens", "output_tokens"),
        ("web_search", None),
    }


def _with(row: UsageRow, usage: TokenUsage) -> UsageRow:
    import dataclasses  # noqa: PLC0415

    return dataclasses.replace(row, outcome=dataclasses.replace(row.outcome, usage=usage))


async def test_the_pair_and_the_cost_report_agree(house: House) -> None:
    await spend(house, request(house, 1), request(house, 2, model_served="sim-1", provider="simulated"))
    by_model = {
        row["group"]["model"]: row["cost"]["amount"] for row in data(await ask(house, COST, ("group_by[]", "model")))
    }
    report = await get(house, "/v1/organizations/cost_report", *RANGE, ("group_by[]", "model"))
    assert by_model == {row["model"]: row["amount"] for row in results(report)}


async def test_actors_are_people_service_accounts_and_keys(house: House) -> None:
    await spend(
        house,
        request(house, 1),
        request(house, 2, key_id=None, user_id="user_unknown"),
        request(house, 3, key_id=None, service_account_id="svac_1"),
    )
    rows = data(await ask(house, USAGE, ("group_by[]", "actor"), ("group_by[]", "actor_type")))
    actors = {row["group"]["actor_type"]: row["group"]["actor"] for row in rows}
    assert actors == {
        "api_actor": {"type": "api_actor", "api_key_id": KEY},
        "service_account_actor": {"type": "service_account_actor", "service_account_id": "svac_1"},
        "user_actor": {
            "type": "user_actor", "user_id": "user_unknown", "email_address": None, "name": None, "deleted": True,
        },
    }  # fmt: skip
    (only,) = data(await ask(house, USAGE, ("group_by[]", "actor"), ("actor_types[]", "api_actor")))
    assert only["group"]["actor"] == actors["api_actor"]
    (named,) = data(await ask(house, USAGE, ("actor_ids[]", "svac_1")))
    assert named["usage"]["requests"] == 1
    without = data(await ask(house, USAGE, ("group_by[]", "actor"), ("exclude_deleted_users", "true")))
    assert [row["group"]["actor"]["type"] for row in without] == ["api_actor", "service_account_actor"]


async def test_rows_are_ordered_and_paged_without_loss(house: House) -> None:
    rows = [
        _with(request(house, number, model_served=f"m-{number}"), TokenUsage(output=number + 1)) for number in range(7)
    ]
    await spend(house, *rows)
    found: list[str] = []
    page: list[tuple[str, str]] = []
    while True:
        answer = await ask(house, USAGE, ("group_by[]", "model"), ("limit", "3"), ("order", "asc"), *page)
        body = json.loads(answer.body)
        found += [row["group"]["model"] for row in body["data"]]
        if not body["has_more"]:
            break
        page = [("page", body["next_page"])]
    assert found == [f"m-{number}" for number in range(7)]


async def test_time_comes_first_when_asked_for(house: House) -> None:
    await spend(house, *(request(house, number, started_at=NOON + number * HOUR) for number in range(3)))
    pairs = (("time_bucket_width", "1h"), ("order_by", "time"))
    newest = [row["starting_at"] for row in data(await ask(house, COST, *pairs))]
    assert newest == [f"2026-11-01T{hour}:00:00Z" for hour in (14, 13, 12)]
    oldest = [row["starting_at"] for row in data(await ask(house, COST, *pairs, ("order", "asc")))]
    assert oldest == newest[::-1]


async def test_hours_of_tags_are_scanned_and_said(house: House) -> None:
    await spend(
        house, request(house, 1, tag="team-a", session_id="s"), request(house, 2, tag="team-b"), request(house, 3)
    )
    assert (await ask(house, COST, ("group_by[]", "tag"))).header("x-antechamber-scan") is None
    answer = await ask(house, COST, ("group_by[]", "tag"), ("time_bucket_width", "1h"))
    assert answer.header("x-antechamber-scan") == "true"
    assert {row["group"]["tag"] for row in data(answer)} == {"team-a", "team-b", None}
    (one,) = data(await ask(house, USAGE, ("session_ids[]", "s"), ("group_by[]", "model"), ("group_by[]", "end_user")))
    assert one["usage"]["requests"] == 1
    assert (await ask(house, COST, ("group_by[]", "model"))).header("x-antechamber-scan") is None


async def test_what_nothing_is_attributed_to_is_null_and_matches_nothing(house: House) -> None:
    await spend(house, request(house, 1))
    (row,) = data(await ask(house, USAGE, ("group_by[]", "product"), ("group_by[]", "organization_id")))
    assert (row["group"]["product"], row["group"]["organization_id"]) == (None, house.founded.organization_id)
    assert data(await ask(house, USAGE, ("products[]", "chat"))) == []


@pytest.mark.parametrize(
    ("pairs", "word"),
    [
        ((("group_by[]", "colour"),), "group_by"),
        ((("group_by[]", "cost_type"),), "group_by"),
        ((("limit", "0"),), "limit"),
        ((("limit", "1001"),), "limit"),
        ((("order", "up"),), "order"),
        ((("order_by", "amount"),), "order_by"),
        ((("exclude_deleted_users", "true"),), "exclude_deleted_users"),
        ((("page", "page_x"),), "page"),
        ((("time_bucket_width", "1w"),), "time_bucket_width"),
        ((("time_bucket_width", "1m"),), "24 hours"),
        ((("service_tiers[]", "gold"),), "service_tiers"),
        ((("colours[]", "red"),), "colours"),
        (
            tuple(("group_by[]", name) for name in ("model", "actor", "speed", "tag", "product", "agent_id")),
            "at most 5",
        ),
    ],
)
async def test_what_cannot_be_asked_is_named(house: House, pairs: tuple[tuple[str, str], ...], word: str) -> None:
    answer = await ask(house, USAGE, *pairs)
    assert answer.status == 400
    assert word in json.loads(answer.body)["error"]["message"]


async def test_ranges_have_bounds(house: House) -> None:
    for start, end, word in (
        ("2025-12-01T00:00:00Z", "2025-12-02T00:00:00Z", "starting_at"),
        ("2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z", "31 days"),
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "ending_at"),
    ):
        answer = await get(house, USAGE, ("starting_at", start), ("ending_at", end), anthropic_beta=BETA)
        assert (answer.status, word in answer.body.decode()) == (400, True)
    answer = await get(house, USAGE, RANGE[0], ("time_bucket_width", "1d"), anthropic_beta=BETA)
    assert (answer.status, "ending_at" in answer.body.decode()) == (400, True)
