"""Limits that hold: set through the API, felt by those who ask models, and equal to the ledger's own sums."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import from_rfc3339
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.database.engine import connection
from antechamber.features.apikeys.model import Draft
from antechamber.features.limits.model.admission import Settlement
from antechamber.features.limits.model.definitions import Period, Scope, SpendRule
from antechamber.features.limits.model.spending import rule_key
from antechamber.features.usage.sql import usage_rows
from tests.api.conftest import House
from tests.api.limiting import Desk, desk
from tests.api.recorder import http
from tests.asgi import Answer, call

SPENDS = "/v1/organizations/spend_limits"
QUOTAS = "/v1/organizations/quotas"
CHAT = "/v1/chat/completions"
CENT = 10_000_000
# simulated models cost a dollar per million tokens that are read, five per million written
INPUT, OUTPUT = 1000, 5000
TELLING = "events=40; bytes=12"  # 120 tokens


def message(model: str = "sim-1", most: int = 200, **more: object) -> bytes:
    return json.dumps(
        {"model": model, "max_tokens": most, "messages": [{"role": "user", "content": "hi"}], **more}
    ).encode()


async def ask(
    house: House, body: bytes, secret: str | None = None, sim: str = "", path: str = "/v1/messages"
) -> Answer:
    headers = {"x-api-key": secret or house.api_key, "anthropic-version": "2023-06-01"}
    if sim:
        headers["x-sim"] = sim
    return await call(house.app.shell, "POST", path, headers=headers, body=body)


async def budget(office: Desk, scope: dict[str, str], cents: int, period: str = "monthly") -> Any:  # noqa: ANN401 - JSON
    made = await office.post(SPENDS, {"scope": scope, "amount": str(cents), "period": period})
    await office.house.app.changes.look()
    return made


async def rates(office: Desk, path: str = "/v1/organizations", model: str = "sim-1", **values: int) -> None:
    entries = await office.get(f"/v1/organizations/rate_limits?model={model}")
    limits = [{"type": name, "value": value} for name, value in values.items()]
    await office.post(f"{path}/rate_limits/{entries['data'][0]['id']}", {"limits": limits})
    await office.house.app.changes.look()


async def in_ledger(house: House) -> int:
    """What the organisation's requests have cost, by the rows."""
    await house.app.ledger.drain()
    async with house.app.storage.database.read() as unit:
        return sum((await connection(unit).execute(select(usage_rows.c.cost))).scalars().all())


async def counted(house: House) -> int:
    """What admission believes the organisation has spent this month."""
    organization_id = house.founded.organization_id
    now = house.app.clock.now()
    key = rule_key(SpendRule("spl", Scope.ORGANIZATION, organization_id, 0, Period.MONTHLY), now)
    counters = house.app.admission._counters
    return (await counters.settle(Settlement("nobody", (), (), ((key, 0),)), now))[key]


def ours(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers if "ratelimit" in name}


async def test_two_hundred_calls_at_the_edge_of_a_budget_overshoot_by_at_most_one(house: House) -> None:
    office = desk(house)
    await budget(office, {"type": "organization"}, 1)
    sim = f"{TELLING}; ttft=30"
    answers = await asyncio.gather(*(ask(house, message(stream=True), sim=sim) for _ in range(200)))
    served = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status != 200]
    assert len(served) + len(refused) == 200
    assert {(answer.status, answer.header("retry-after")) for answer in refused} <= {(429, "1"), (400, None)}
    spent = await in_ledger(house)
    assert len(served) == len(house.app.simulated.truth.records) >= 9
    assert spent <= CENT + spent // len(served)
    assert await counted(house) == spent
    # one after the other they fill it up to the brim, and not a request further
    while (answer := await ask(house, message(), sim=TELLING)).status == 200:
        pass
    spent = await in_ledger(house)
    assert CENT - 700_000 < spent <= CENT + 700_000
    assert (answer.status, house.app.admission.limits.held_count) == (400, 0)


async def test_one_that_asks_for_more_than_is_left_goes_through_and_the_others_wait_for_it(house: House) -> None:
    await budget(desk(house), {"type": "organization"}, 1)
    greedy = [ask(house, message(most=100_000), sim=f"{TELLING}; ttft=30") for _ in range(20)]
    answers = await asyncio.gather(*greedy)
    assert sorted(answer.status for answer in answers) == [200, *[429] * 19]
    told = next(answer for answer in answers if answer.status == 429)
    assert told.json()["error"]["type"] == "rate_limit_error"
    assert "Requests under way" in told.json()["error"]["message"]
    assert (await ask(house, message(most=100_000), sim=TELLING)).status == 200


@pytest.mark.parametrize("scope", ["organization", "workspace", "api_key", "user"])
async def test_a_reached_limit_is_told_in_the_contracts_words(house: House, scope: str) -> None:
    office = desk(house)
    workspace, member = await office.workspace(), await office.member("dev@example.com")
    await house.app.storage.workspace_members.add(
        office.organization_id, workspace.id, member.id, WorkspaceRole.DEVELOPER, OPERATOR
    )
    key, secret = await office.api_key(workspace_id=workspace.id, user_id=member.id)
    ids = {"workspace": workspace.id, "api_key": key.id, "user": member.id}
    await budget(office, {"type": scope, **({f"{scope}_id": ids[scope]} if scope in ids else {})}, 0)
    answer = await ask(house, message(), secret)
    words = {"organization": "", "workspace": "workspace ", "api_key": "API key ", "user": "user "}
    error = answer.json()["error"]
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    begins = f"You have reached your specified {words[scope]}API usage limits. You will regain access on "
    assert error["message"].startswith(begins)
    resets_at = error["details"]["resets_at"]
    assert error["message"].endswith(f"{resets_at[:10]} at 00:00 UTC.")
    assert from_rfc3339(resets_at) == Period.MONTHLY.end(house.app.clock.now())
    # what others may spend and have spent is theirs to know, as in GET /v1/usage/me
    own = {"limit": "0", "spent": "0"} if scope in {"api_key", "user"} else {}
    told = {"scope": scope, "period": "monthly", "currency": "USD", "remaining": "0", "resets_at": "", **own}
    assert error["details"] | {"resets_at": ""} == told
    assert (answer.header("x-should-retry"), answer.header("retry-after")) == ("false", None)
    assert ours(answer)["anthropic-ratelimit-unified-status"] == "rejected"
    assert await in_ledger(house) == 0
    assert (await ask(house, message(), house.api_key)).status == (400 if scope == "organization" else 200)
    counting = json.dumps({"model": "sim-1", "messages": [{"role": "user", "content": "hi"}]}).encode()
    assert (await ask(house, counting, secret, path="/v1/messages/count_tokens")).status == 200


async def test_claude_codes_own_workspace_is_told_when_to_come_back(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com", OrganizationRole.CLAUDE_CODE_USER)
    async with house.app.storage.database.read() as unit:
        workspace = await house.app.storage.workspaces.claude_code(unit, office.organization_id)
    assert workspace is not None
    async with house.app.storage.database.begin() as unit:
        _, key = await house.app.storage.api_keys.claude_code_key(unit, office.organization_id, member.id, OPERATOR)
    secret = key.reveal()
    await budget(office, {"type": "workspace", "workspace_id": workspace.id}, 0)
    answer = await ask(house, message(), secret)
    assert (answer.status, answer.json()["error"]["type"]) == (429, "rate_limit_error")
    assert answer.json()["error"]["message"].startswith("You have reached your specified workspace API usage limits.")
    assert int(answer.header("retry-after") or 0) > 0
    assert answer.header("x-should-retry") == "false"


async def test_a_rate_limit_is_told_with_its_name_scope_and_value_and_when_to_come_back(house: House) -> None:
    office = desk(house)
    await rates(office, requests_per_minute=2, input_tokens_per_minute_cache_aware=50_000)
    first = await ask(house, message())
    assert ours(first) | _resets(first) == {
        "anthropic-ratelimit-requests-limit": "2",
        "anthropic-ratelimit-requests-remaining": "1",
        "anthropic-ratelimit-input-tokens-limit": "50000",
        "anthropic-ratelimit-input-tokens-remaining": "50000",
        **_resets(first),
    }
    streamed = await ask(house, message(stream=True))
    assert ours(streamed)["anthropic-ratelimit-requests-remaining"] == "0"
    refused = await ask(house, message())
    assert (refused.status, refused.json()["error"]["type"]) == (429, "rate_limit_error")
    assert refused.json()["error"]["message"] == (
        "This request would exceed your organization's rate limit of 2 requests per minute"
        " (model group Simulated models)."
    )
    assert 1 <= int(refused.header("retry-after") or 0) <= 30
    assert ours(refused)["anthropic-ratelimit-requests-remaining"] == "0"
    # another group of models has its own
    assert (await ask(house, message("claude-x"))).status == 200


def _resets(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in ours(answer).items() if name.endswith("-reset")}


async def test_a_chat_says_it_in_openais_shape(house: House) -> None:
    await rates(desk(house), requests_per_minute=1, tokens_per_minute=90_000)
    chat = json.dumps({"model": "sim-1", "messages": [{"role": "user", "content": "hi"}]}).encode()
    answer = await ask(house, chat, path=CHAT)
    assert {name for name in ours(answer) if "anthropic" not in name} == {
        f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")
    }
    assert ours(answer)["x-ratelimit-limit-tokens"] == "90000"
    refused = await ask(house, chat, path=CHAT)
    assert (refused.status, refused.header("x-ratelimit-remaining-requests")) == (429, "0")
    assert "rate limit of 1 requests per minute" in refused.json()["error"]["message"]


async def test_where_nothing_is_configured_nothing_is_said_but_what_the_provider_says(house: House) -> None:
    answer = await ask(house, message())
    assert ours(answer) == {}
    theirs = b'{"type": "message", "usage": {"input_tokens": 1, "output_tokens": 2}}'
    house.recorder.answer = http(theirs, "200 OK", "application/json", "anthropic-ratelimit-requests-limit: 7")
    assert ours(await ask(house, message("claude-x"))) == {"anthropic-ratelimit-requests-limit": "7"}
    await rates(desk(house), model="claude-x", requests_per_minute=500)
    assert ours(await ask(house, message("claude-x")))["anthropic-ratelimit-requests-limit"] == "500"


async def test_a_provider_that_fails_still_lets_the_caller_know_its_limits(house: House) -> None:
    await rates(desk(house), requests_per_minute=10)
    answer = await ask(house, message(), sim="status=529")
    assert (answer.status, ours(answer)["anthropic-ratelimit-requests-remaining"]) == (529, "9")
    answer = await ask(house, message(), sim="reset=headers")
    assert answer.status >= 500
    assert ours(answer)["anthropic-ratelimit-requests-remaining"] == "8"


async def _without_disk(house: House) -> None:
    house.app.spool._sync_error = OSError("the disk is full")
    answer = await ask(house, message(most=100_000))
    house.app.spool._sync_error = None
    assert answer.status == 529


FAILURES: dict[str, Callable[[House], Awaitable[object]]] = {
    "refused by the provider": lambda house: ask(house, message(most=100_000), sim="status=529"),
    "answered with an error": lambda house: ask(house, message(most=100_000, stream=True), sim="error=0"),
    "cut off at once": lambda house: ask(house, message(most=100_000), sim="reset=headers"),
    "not let onto the disk": _without_disk,
}


@pytest.mark.parametrize("how", sorted(FAILURES))
async def test_a_call_that_failed_gives_its_reservation_back(house: House, how: str) -> None:
    await budget(desk(house), {"type": "organization"}, 1)
    for _ in range(3):
        await FAILURES[how](house)
        assert house.app.admission.limits.held_count == 0
    assert await counted(house) == await in_ledger(house) < CENT // 10
    assert (await ask(house, message(most=100_000), sim=TELLING)).status == 200
    assert house.app.admission.open == 0


async def test_a_caller_who_leaves_pays_for_what_was_produced_and_no_more(house: House) -> None:
    await budget(desk(house), {"type": "organization"}, 1)
    leaves = asyncio.Event()
    headers = {
        "x-api-key": house.api_key,
        "anthropic-version": "2023-06-01",
        "x-sim": "events=5000; events_per_second=50",
    }
    body = message(most=100_000, stream=True)
    waiting = asyncio.create_task(
        call(house.app.shell, "POST", "/v1/messages", headers=headers, body=body, leaves=leaves)
    )
    truth = house.app.simulated.truth
    async with asyncio.timeout(10):
        while not (truth.records and truth.records[-1].delivered_events > 2):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
    assert (await ask(house, message())).status == 429
    leaves.set()
    await waiting
    assert house.app.admission.limits.held_count == 0
    assert 0 < await counted(house) == await in_ledger(house) < CENT // 2
    assert (await ask(house, message())).status == 200


async def test_a_stream_is_settled_with_its_real_tokens(house: House) -> None:
    await budget(desk(house), {"type": "organization"}, 100)
    answer = await ask(house, message(most=5000, stream=True), sim=TELLING)
    record = house.app.simulated.truth.records[-1]
    assert answer.status == 200
    assert await counted(house) == record.input_tokens * INPUT + 120 * OUTPUT == await in_ledger(house)


async def test_what_was_spent_before_the_limit_was_made_counts_and_so_does_what_ends_after(house: House) -> None:
    await ask(house, message(), sim=TELLING)
    long = asyncio.create_task(ask(house, message(stream=True), sim=f"{TELLING}; ttft=300"))
    await asyncio.sleep(0.05)
    await budget(desk(house), {"type": "organization"}, 100)
    await ask(house, message(), sim=TELLING)
    await long
    assert await counted(house) == await in_ledger(house) > 3 * 120 * OUTPUT


async def test_claude_code_is_warned_and_thresholds_go_to_the_audit_log_once(house: House) -> None:
    office = desk(house)
    made = await budget(office, {"type": "organization"}, 1)
    statuses = []
    while (answer := await ask(house, message(), sim=TELLING)).status == 200:
        statuses.append(ours(answer)["anthropic-ratelimit-unified-status"])
    assert statuses == sorted(statuses)
    assert set(statuses) == {"allowed", "allowed_warning"}
    assert "anthropic-ratelimit-unified-overage-surpassed-threshold" in ours(answer)
    await house.app.admission.events.close()
    told = (await office.get("/v1/compliance/activities?limit=100"))["data"]
    crossings = [each for each in reversed(told) if each["type"] == "budget_threshold_crossed"]
    assert [each["percent"] for each in crossings] == [50, 75, 90, 100][: len(crossings)]
    assert len(crossings) >= 3
    assert {each["spend_limit_id"] for each in crossings} == {made["id"]}


async def test_a_person_over_their_quota_is_served_by_the_weaker_model(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    _, secret = await office.api_key(user_id=member.id)
    quota = {"requests_per_minute": 2, "requests_per_day": 2000, "fallback_model": "sim-1"}
    await office.post(QUOTAS, {"user_id": member.id, **quota})
    await house.app.changes.look()
    body = message("claude-x")
    answers = [await ask(house, body, secret) for _ in range(3)]
    assert [answer.header("x-antechamber-fallback-model") for answer in answers] == [None, None, "sim-1"]
    assert (answers[2].status, answers[2].json()["model"]) == (200, "sim-1")
    assert len(house.recorder.requests) == 2
    await house.app.ledger.drain()
    async with house.app.storage.database.read() as unit:
        columns = (usage_rows.c.model_asked, usage_rows.c.model)
        rows = (await connection(unit).execute(select(*columns).order_by(usage_rows.c.started_at))).all()
    assert [tuple(row) for row in rows] == [("claude-x", "claude-x")] * 2 + [("claude-x", "sim-1")]
    # others, and keys that are nobody's, are not held by it
    assert (await ask(house, body)).header("x-antechamber-fallback-model") is None


async def test_a_quota_refuses_where_nothing_serves_its_weaker_model_in_this_dialect(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    _, secret = await office.api_key(user_id=member.id)
    await office.post(QUOTAS, {"user_id": member.id, "requests_per_day": 1, "fallback_model": "gpt-small"})
    await house.app.changes.look()
    assert (await ask(house, message("claude-x"), secret)).status == 200
    refused = await ask(house, message("claude-x"), secret)
    assert (refused.status, refused.header("x-should-retry")) == (429, "false")
    assert refused.json()["error"]["message"].startswith("This request would exceed your quota of 1 requests per day.")
    assert house.app.admission.open == 0


async def test_a_quota_leads_to_no_model_that_the_key_does_not_open(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    draft = Draft("Key", user_id=member.id, models=("claude-*",))
    _, key = await house.app.storage.api_keys.create(office.organization_id, draft, OPERATOR)
    await office.post(QUOTAS, {"user_id": member.id, "requests_per_day": 1, "fallback_model": "sim-1"})
    await house.app.changes.look()
    statuses = [(await ask(house, message("claude-x"), key.reveal())).status for _ in range(2)]
    assert statuses == [200, 429]


async def test_limits_of_key_person_workspace_and_organization_hold_together(house: House) -> None:
    office = desk(house)
    workspace, member = await office.workspace(), await office.member("dev@example.com")
    await house.app.storage.workspace_members.add(
        office.organization_id, workspace.id, member.id, WorkspaceRole.DEVELOPER, OPERATOR
    )
    key, secret = await office.api_key(workspace_id=workspace.id, user_id=member.id)
    await rates(office, requests_per_minute=8)
    for path, value in (
        (f"/v1/organizations/workspaces/{workspace.id}", 6),
        (f"/v1/organizations/users/{member.id}", 4),
        (f"/v1/organizations/api_keys/{key.id}", 2),
    ):
        await rates(office, path, requests_per_minute=value)
    assert [(await ask(house, message(), secret)).status for _ in range(3)] == [200, 200, 429]
    refused = await ask(house, message(), secret)
    assert "your API key's rate limit of 2 requests" in refused.json()["error"]["message"]
    # nothing was taken of the others by what was refused
    answers = [await ask(house, message()) for _ in range(7)]
    assert [answer.status for answer in answers] == [200] * 6 + [429]
