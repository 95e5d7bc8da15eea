"""The Claude Code report: what was exported and what was asked of models, by actor, terminal and remoteness."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from antechamber.features.usage.sql import SqlClaudeCode
from tests.api.coding import Desk, desk
from tests.unit.usage.samples import DAY, HOUR, NOON
from tests.unit.usage.telemetry import encoded, export, told

HOURS = 3 * 3600
TODAY = "starting_at=2025-12-01"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, NOON) as opened:
        yield opened


def told_in(session: str, *, at: int = NOON, terminal: str = "vscode") -> list[dict[str, Any]]:
    """Return what a session tells that edits a little."""
    named = {"session__id": session, "terminal__type": terminal, "user__email": "liar@example.com"}
    edit = {**named, "tool_name": "Edit", "language": "Python", "source": "user_temporary"}
    return [
        told("session.count", 1, at, **named, start_type="fresh"),
        told("lines_of_code.count", 12, at, **named, type="added"),
        told("lines_of_code.count", 5, at, **named, type="removed"),
        told("commit.count", 2, at, **named),
        told("pull_request.count", 1, at, **named),
        told("code_edit_tool.decision", 4, at, **edit, decision="accept"),
        told("code_edit_tool.decision", 1, at, **edit, decision="reject"),
        told("cost.usage", 99, at, **named, model="claude-opus-4-8"),
        told("token.usage", 99_999, at, **named, model="claude-opus-4-8", type="input"),
        told("active_time.total", 60, at, **named, type="cli"),
    ]


async def test_a_record_has_every_field_of_the_reference(office: Desk) -> None:
    key = await office.person("ana@example.com")
    answer = await office.export(export(*told_in("s1")), key)
    assert (answer.status, answer.json()) == (200, {})
    assert answer.header("content-type") == "application/json"
    assert (await office.ask_model("s1", key)).status == 200
    office.clock.advance(HOURS)
    (record,) = (await office.report(TODAY)).json()["data"]
    (model,) = record.pop("model_breakdown")
    assert record == {
        "date": "2025-12-01T00:00:00Z",
        "actor": {"type": "user_actor", "email_address": "ana@example.com"},
        "organization_id": office.founded.organization_id,
        "customer_type": "api",
        "subscription_type": None,
        "terminal_type": "vscode",
        "is_remote": False,
        "core_metrics": {
            "num_sessions": 1,
            "lines_of_code": {"added": 12, "removed": 5},
            "commits_by_claude_code": 2,
            "pull_requests_by_claude_code": 1,
        },
        "tool_actions": {
            "edit_tool": {"accepted": 4, "rejected": 1},
            "multi_edit_tool": {"accepted": 0, "rejected": 0},
            "notebook_edit_tool": {"accepted": 0, "rejected": 0},
            "write_tool": {"accepted": 0, "rejected": 0},
        },
    }
    assert model["tokens"]["input"] > 0
    assert model["tokens"]["output"] > 0
    assert set(model["tokens"]) == {"input", "output", "cache_read", "cache_creation"}
    assert model["estimated_cost"]["currency"] == "USD"
    assert isinstance(model["estimated_cost"]["amount"], float)


async def test_a_key_without_an_owner_is_named_itself(office: Desk) -> None:
    await office.export(export(*told_in("s1")))
    office.clock.advance(HOURS)
    (record,) = (await office.report(TODAY)).json()["data"]
    assert record["actor"] == {"type": "api_actor", "api_key_name": "First API key"}


async def test_an_export_that_is_sent_again_counts_once(office: Desk) -> None:
    for _ in range(3):
        await office.export(export(*told_in("s1")))
    await office.export(export(*told_in("s1", at=NOON + 60_000_000)))
    office.clock.advance(HOURS)
    (record,) = (await office.report(TODAY)).json()["data"]
    assert record["core_metrics"]["commits_by_claude_code"] == 4


async def test_cumulative_counters_count_what_they_have_grown(office: Desk) -> None:
    for minute, value in enumerate((3, 3, 8, 2)):
        point = told("commit.count", value, NOON + minute * 60_000_000, session__id="s1")
        body = export(point, temporality=2)
        (data,) = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"]
        data["startTimeUnixNano"] = "1"
        await office.export(body)
    office.clock.advance(HOURS)
    (record,) = (await office.report(TODAY)).json()["data"]
    assert record["core_metrics"]["commits_by_claude_code"] == 10


async def test_terminals_and_remote_sessions_are_records_of_their_own(office: Desk) -> None:
    await office.export(export(*told_in("s1")))
    await office.export(export(*told_in("s2", terminal="tmux")))
    await office.export(export(told("session.count", 1, NOON, session__id="s3", ccr__session__id="session_1")))
    for session in ("s2", "s4"):
        await office.ask_model(session)
    await office.ask_model(None)
    office.clock.advance(HOURS)
    records = (await office.report(TODAY)).json()["data"]
    seen = [(each["terminal_type"], each["is_remote"], len(each["model_breakdown"])) for each in records]
    assert seen == [("tmux", False, 1), ("unknown", False, 1), ("unknown", True, 0), ("vscode", False, 0)]
    unknown = records[1]
    assert unknown["core_metrics"]["num_sessions"] == 0


async def test_an_actor_has_a_bounded_number_of_terminals(office: Desk) -> None:
    for number in range(20):
        await office.export(export(*told_in(f"s{number}", terminal=f"terminal-{number:02}")))
    office.clock.advance(HOURS)
    records = (await office.report(f"{TODAY}&limit=100")).json()["data"]
    assert len(records) == 17
    (other,) = [each for each in records if each["terminal_type"] == "other"]
    assert other["core_metrics"]["num_sessions"] == 4


async def test_only_what_is_older_than_an_hour_is_shown(office: Desk) -> None:
    await office.export(export(*told_in("s1")))
    office.clock.advance(3600)
    assert (await office.report(TODAY)).json() == {"data": [], "has_more": False, "next_page": None}
    office.clock.advance(3600)
    assert len((await office.report(TODAY)).json()["data"]) == 1


async def test_pages_hold_every_record_once(office: Desk) -> None:
    keys = [await office.person(f"p{number}@example.com") for number in range(5)]
    for number, key in enumerate(keys):
        await office.export(export(*told_in(f"a{number}")), key)
        await office.export(export(*told_in(f"b{number}", terminal="tmux")), key)
    office.clock.advance(HOURS)
    whole = (await office.report(TODAY)).json()
    assert (len(whole["data"]), whole["has_more"], whole["next_page"]) == (10, False, None)
    paged: list[Any] = []
    page, answer = "", whole
    for _ in range(4):
        answer = (await office.report(f"{TODAY}&limit=3{page}")).json()
        paged += answer["data"]
        page = f"&page={answer['next_page']}"
        assert answer["has_more"] is (answer["next_page"] is not None)
    assert paged == whole["data"]
    assert answer["next_page"] is None


async def test_later_pages_keep_the_boundary_of_the_first(office: Desk) -> None:
    keys = [await office.person(f"p{number}@example.com") for number in range(3)]
    for number, key in enumerate(keys):
        await office.export(export(*told_in(f"s{number}")), key)
    office.clock.advance(HOURS)
    first = (await office.report(f"{TODAY}&limit=1")).json()
    for number, key in enumerate(keys):
        await office.export(export(*told_in(f"later{number}", at=NOON + 3 * HOUR)), key)
    office.clock.advance(HOURS)
    second = (await office.report(f"{TODAY}&limit=1&page={first['next_page']}")).json()
    assert second["data"][0]["core_metrics"]["num_sessions"] == 1
    assert (await office.report(TODAY)).json()["data"][1]["core_metrics"]["num_sessions"] == 2


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "starting_at"),
        ("starting_at=2025-12-01T00:00:00Z", "starting_at"),
        ("starting_at=yesterday", "starting_at"),
        (f"{TODAY}&limit=0", "limit"),
        (f"{TODAY}&limit=1001", "limit"),
        (f"{TODAY}&page=page_x", "page"),
        (f"{TODAY}&ending_at=2025-12-02", "ending_at"),
    ],
)
async def test_what_cannot_be_asked_is_named(office: Desk, query: str, problem: str) -> None:
    answer = await office.report(query)
    assert answer.status == 400
    assert answer.json()["error"]["message"].startswith(f"{problem}: ")


async def test_a_cursor_of_another_day_is_refused(office: Desk) -> None:
    for session, terminal in (("s1", "vscode"), ("s2", "tmux")):
        await office.export(export(*told_in(session, terminal=terminal)))
    office.clock.advance(HOURS)
    page = (await office.report(f"{TODAY}&limit=1")).json()["next_page"]
    answer = await office.report(f"starting_at=2025-12-02&page={page}")
    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_an_api_key_does_not_read_the_report_nor_an_admin_key_post_metrics(office: Desk) -> None:
    assert (await office.report(TODAY, key=office.api_key)).status == 403
    assert (await office.export(export(), office.admin_key)).status == 403
    assert (await office.export(export(), "sk-nobody")).status == 401


async def test_points_that_cannot_be_counted_are_named_and_the_others_counted(office: Desk) -> None:
    bad = told("lines_of_code.count", 3, NOON, session__id="s1", type="moved")
    answer = await office.export(export(*told_in("s1"), bad, told("commit.count", -1, NOON, session__id="s1")))
    assert answer.status == 200
    partial = answer.json()["partialSuccess"]
    assert partial["rejectedDataPoints"] == "2"
    assert "attribute type must be one of added, removed" in partial["errorMessage"]
    office.clock.advance(HOURS)
    (record,) = (await office.report(TODAY)).json()["data"]
    assert record["core_metrics"]["lines_of_code"] == {"added": 12, "removed": 5}


async def test_bad_exports_are_refused(office: Desk) -> None:
    assert (await office.export(b"{")).status == 400
    assert (await office.export(b"{}", content_type="text/plain")).status == 400
    assert (await office.export(b"{}", content_encoding="br")).status == 400
    assert (await office.export(b"\0" * (5 << 20))).status == 413
    bomb = gzip.compress(b" " * (17 << 20))
    assert (await office.export(bomb, content_encoding="gzip")).status == 413


async def test_a_large_export_of_a_collector_is_counted(office: Desk) -> None:
    sessions = [point for number in range(200) for point in told_in(f"s{number}")]
    body = encoded(export(*sessions))
    assert (await office.export(gzip.compress(body), content_encoding="gzip")).status == 200
    office.clock.advance(HOURS)
    (record,) = (await office.report(TODAY)).json()["data"]
    assert record["core_metrics"]["num_sessions"] == 200


async def test_what_no_exporter_sends_again_is_forgotten(office: Desk) -> None:
    store, organization = SqlClaudeCode(), office.founded.organization_id
    cumulative = export(told("commit.count", 1, NOON, session__id="long"), temporality=2)
    await office.export(cumulative)
    await office.export(export(*told_in("s1")))
    async with office.app.storage.database.read() as unit:
        (actor,) = await store.actors(unit, organization, NOON - NOON % DAY, 2**62, "", 10)
        assert await store.series_count(unit, organization, actor) == 8
    office.clock.advance(25 * 3600)
    await office.export(export(told("commit.count", 1, office.clock.now(), session__id="s2")))
    async with office.app.storage.database.read() as unit:
        assert await store.series_count(unit, organization, actor) == 2


async def test_a_longer_list_of_tools_than_is_kept_ends_with_the_others(office: Desk) -> None:
    points = [
        told("code_edit_tool.decision", 1, NOON, session__id="s1", tool_name=f"Tool{number}", decision="accept")
        for number in range(40)
    ]
    await office.export(export(*points))
    office.clock.advance(HOURS)
    (record,) = (await office.report(TODAY)).json()["data"]
    assert record["tool_actions"]["other_tool"] == {"accepted": 8, "rejected": 0}
    assert sum(actions["accepted"] for actions in record["tool_actions"].values()) == 40
