"""`ante audit`: tables for people, JSON for scripts, and an exit code that says whether the log is whole."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import Ran, Scripted, ante

KEY = {"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-abcdefghijklmn"}
MARK = "ab" * 32


def activity(number: int, kind: str = "platform_workspace_created", **details: object) -> dict[str, object]:
    return {
        "id": f"activity_{number}",
        "type": kind,
        "created_at": f"2026-11-21T12:00:{number:02}.000123Z",
        "organization_id": "o",
        "organization_uuid": "o",
        "request_id": "req_1",
        "actor": {"type": "user_actor", "user_id": "user_1", "email_address": "ada@example.com", "ip_address": None},
        **details,
    }


def page(*found: Mapping[str, object], more: bool = False) -> Scripted:
    ids = [each["id"] for each in found] or [None]
    return Scripted(body={"data": found, "has_more": more, "first_id": ids[0], "last_id": ids[-1]})


def asked(ran: Ran) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(ran.request.url).query)


def verdict(*, ok: bool = True, head: str | None = "activity_9", problem: object = None) -> Scripted:
    body = {"type": "audit_verification", "ok": ok, "activities": 1234, "head_id": head, "head_mark": MARK}
    return Scripted(body={**body, "problem": problem})


def test_people_see_who_did_what_on_what() -> None:
    created = activity(1, workspace_id="wrkspc_1", name="Ops", updates={"a": 1}, nothing=None)
    minted = {**activity(2, "access_token_minted"), "actor": {"type": "operator_actor", "ip_address": None}}
    ran = ante("audit", "list", answers=[page(minted, created)], terminal=True, variables=KEY)
    first, second, third = ran.out.splitlines()
    assert first.split() == ["time", "who", "what", "on", "what"]
    assert second.startswith("2026-11-21 12:00  operator ")
    assert third.startswith("2026-11-21 12:00  ada@example.com")
    assert "wrkspc_1" in third


def test_the_filters_go_out_under_their_names_on_the_wire() -> None:
    flags = "--since 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z --type a --type b --actor-id user_1 --limit 5"
    ran = ante("audit", "list", *flags.split(), "--format", "jsonl", answers=[page(activity(1))], variables=KEY)
    assert (ran.code, urlsplit(ran.request.url).path) == (Exit.OK, "/v1/compliance/activities")
    assert sorted(asked(ran)) == [
        ("activity_types[]", "a"),
        ("activity_types[]", "b"),
        ("actor_ids[]", "user_1"),
        ("created_at.gte", "2026-01-01T00:00:00Z"),
        ("created_at.lt", "2026-02-01T00:00:00Z"),
        ("limit", "5"),
    ]
    assert json.loads(ran.out)["id"] == "activity_1"


def test_an_export_is_a_line_of_json_for_each_with_the_sum_on_stderr() -> None:
    pages = [page(activity(3, name="é"), activity(2), more=True), page(activity(1))]
    ran = ante("audit", "export", "--type", "x", answers=pages, variables=KEY)
    assert [json.loads(line)["id"] for line in ran.out.splitlines()] == ["activity_3", "activity_2", "activity_1"]
    assert "é" in ran.out
    assert ran.err == "3 activities\n"
    assert ("after_id", "activity_2") in asked(ran)
    assert ("limit", "1000") in asked(ran)


def test_an_export_goes_into_a_file_and_no_further_than_asked(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    answers = [page(activity(2), activity(1), more=True)]
    ran = ante("audit", "export", "-o", str(file), "--max-items", "1", answers=answers, variables=KEY)
    assert ran.out == ""
    assert [json.loads(line)["id"] for line in file.read_text(encoding="utf-8").splitlines()] == ["activity_2"]


def test_a_whole_log_is_said_to_be_whole_with_the_head_to_keep() -> None:
    ran = ante("audit", "verify", answers=[verdict()], terminal=True, variables=KEY)
    assert ran.code == Exit.OK
    assert ran.out.splitlines() == [
        "whole: 1,234 activities",
        f"kept elsewhere, this proves more later: --expect activity_9:{MARK}",
    ]
    assert ante("audit", "verify", answers=[verdict(head=None)], terminal=True, variables=KEY).out == (
        "whole: nothing was done yet\n"
    )


def test_a_broken_log_ends_with_code_1_and_says_what_is_wrong() -> None:
    problem = {
        "code": "activity_missing",
        "sequence": 7,
        "activity_id": None,
        "message": "Activity number 7 is missing.",
    }
    ran = ante("audit", "verify", answers=[verdict(ok=False, problem=problem)], terminal=True, variables=KEY)
    assert ran.code == Exit.UNEXPECTED
    assert ran.out == "BROKEN after 1,234 activities: Activity number 7 is missing. (activity_missing)\n"
    script = ante("audit", "verify", answers=[verdict(ok=False, problem=problem)], variables=KEY)
    assert (script.code, json.loads(script.out)["problem"]) == (Exit.UNEXPECTED, problem)


def test_a_noted_head_is_handed_on() -> None:
    ran = ante("audit", "verify", "--expect", f"activity_9:{MARK}", answers=[verdict()], variables=KEY)
    assert asked(ran) == [("expect", f"activity_9:{MARK}")]


def test_refusals_are_listed_by_hour() -> None:
    counted = {
        "hour": "2026-11-21T12:00:00Z",
        "status": 403,
        "count": 1234,
        "method": "GET",
        "path": "/v1/organizations/users/{user_id}",
        "principal_id": None,
        "last": {"ip_address": "192.0.2.1"},
    }
    answer = Scripted(body={"data": [counted], "next_page": None})
    ran = ante("audit", "refusals", "--status", "403", answers=[answer], terminal=True, variables=KEY)
    assert asked(ran) == [("statuses[]", "403")]
    line = ran.out.splitlines()[1]
    assert line.startswith("2026-11-21 12:00:00  403")
    assert "1,234" in line
    assert line.endswith("192.0.2.1")
