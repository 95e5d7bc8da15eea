"""The cost report over HTTP: cents, days, descriptions and its extensions."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from antechamber.features.usage.model import UsageRow
from tests.api.conftest import House
from tests.asgi import Answer, call
from tests.unit.usage.samples import outcome, row

REPORT = "/v1/organizations/cost_report"
DAY = "2026-11-01T00:00:00Z"
NOON = 1_793_534_400_000_000  # 2026-11-01T12:00:00Z


async def get(house: House, path: str, *pairs: tuple[str, str], **headers: str) -> Answer:
    assert house.founded.admin_key is not None
    sent = {"x-api-key": house.founded.admin_key.reveal(), "anthropic-version": "2023-06-01"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await call(house.app.shell, "GET", f"{path}?{urlencode(pairs)}", headers=sent)


async def spend(house: House, *rows: UsageRow) -> None:
    """Have requests been made at noon, as the drain brings them in."""
    app = house.app
    for one in rows:
        app.ledger.open(one.intent).settle(one.outcome)
    await app.ledger.drain()


def request(house: House, number: int, **changes: Any) -> UsageRow:  # noqa: ANN401 - any field of the intent
    founded = house.founded
    told = {
        "organization_id": founded.organization_id,
        "workspace_id": founded.workspace_id,
        "default_workspace": True,
        "started_at": NOON,
    }
    return row(number, **{**told, **changes})


def results(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    return [result for bucket in json.loads(answer.body)["data"] for result in bucket["results"]]


async def test_amounts_are_decimal_strings_in_cents(house: House) -> None:
    await spend(house, request(house, 1), request(house, 2))
    answer = await get(house, REPORT, ("starting_at", DAY), ("limit", "1"))
    body = json.loads(answer.body)
    assert [bucket["starting_at"] for bucket in body["data"]] == [DAY]
    (total,) = results(answer)
    # claude-sonnet-4-5: 10 input, 4 and 3 written, 2 read, 7 output, at $3, $3.75, $6, $0.30, $15 a million, twice
    assert total["amount"] == str(Decimal(2 * (10 * 300 + 4 * 375 + 3 * 600 + 2 * 30 + 7 * 1500)) / 1_000_000)
    assert total["currency"] == "USD"
    assert [name for name, value in total.items() if value is None] == [
        "context_window", "cost_type", "description", "inference_geo", "model", "service_tier", "token_type",
        "workspace_id",
    ]  # fmt: skip


async def test_a_description_is_a_model_and_a_kind_of_token(house: House) -> None:
    batch = UsageRow(request(house, 2).intent, outcome(service_tier="batch"))
    await spend(house, request(house, 1), batch)
    found = results(await get(house, REPORT, ("starting_at", DAY), ("group_by[]", "description")))
    amounts = {each["description"]: each["amount"] for each in found}
    assert amounts["Claude Sonnet 4.5 Usage - Input Tokens"] == "0.003"
    assert amounts["Claude Sonnet 4.5 Usage - Input Tokens (Batch)"] == "0.0015"
    assert amounts["Claude Sonnet 4.5 Usage - Output Tokens"] == "0.0105"
    assert len(found) == len(amounts) == 10
    (output,) = [each for each in found if each["description"] == "Claude Sonnet 4.5 Usage - Output Tokens"]
    assert output == {
        "amount": "0.0105",
        "context_window": "0-200k",
        "cost_type": "tokens",
        "currency": "USD",
        "description": "Claude Sonnet 4.5 Usage - Output Tokens",
        "inference_geo": "global",
        "model": "claude-sonnet-4-5",
        "service_tier": "standard",
        "token_type": "output_tokens",
        "workspace_id": None,
    }


async def test_the_default_workspace_is_null_and_keys_are_an_extension(house: House) -> None:
    await spend(house, request(house, 1), request(house, 2, workspace_id="wrkspc_2", default_workspace=False))
    by_workspace = results(await get(house, REPORT, ("starting_at", DAY), ("group_by[]", "workspace_id")))
    assert [each["workspace_id"] for each in by_workspace] == [None, "wrkspc_2"]
    by_key = results(await get(house, REPORT, ("starting_at", DAY), ("group_by[]", "api_key_id")))
    assert [each["api_key_id"] for each in by_key] == ["apikey_01Rj2N8SVvo6BePZj99NhmiT"]


async def test_a_model_without_a_price_is_priced_by_the_fallback(house: House) -> None:
    await spend(house, request(house, 1, model_served="nobody-knows-1"))
    (total,) = results(await get(house, REPORT, ("starting_at", DAY)))
    assert Decimal(total["amount"]) > 0


async def test_what_cannot_be_asked_is_400(house: House) -> None:
    for name, value in (("bucket_width", "1h"), ("limit", "32"), ("group_by[]", "speed"), ("models[]", "m")):
        answer = await get(house, REPORT, ("starting_at", DAY), (name, value))
        assert (answer.status, name.removesuffix("[]") in answer.body.decode()) == (400, True)


async def test_days_come_in_pages(house: House) -> None:
    pairs = [("starting_at", "2026-11-01T00:00:00Z"), ("ending_at", "2026-11-06T00:00:00Z"), ("limit", "2")]
    days: list[str] = []
    page: list[tuple[str, str]] = []
    while True:
        body = json.loads((await get(house, REPORT, *pairs, *page)).body)
        days += [bucket["starting_at"][:10] for bucket in body["data"]]
        if not body["has_more"]:
            break
        page = [("page", body["next_page"])]
    assert days == [f"2026-11-0{number}" for number in range(1, 6)]
