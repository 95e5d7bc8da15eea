"""The commands of the organisation: what they ask of the server, and how they show what it answers."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.cli.charts import bar, sparkline
from antechamber.cli.exits import Exit
from antechamber.cli.money import Dollars, dollars, shown
from antechamber.cli.tables import cell_width
from tests.unit.cli.wire import Ran, Scripted, ante, error

DONE = Scripted(body={"id": "x"})
USER = {"id": "user_1", "email": "ada@example.com", "name": "Ada", "role": "admin", "added_at": "2026-11-20T08:09:10Z"}
ADMIN = {"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-abcdefgh"}


def listed(*entries: object) -> Scripted:
    return Scripted(body={"data": list(entries), "has_more": False, "first_id": None, "last_id": None})


def asked(ran: Ran) -> tuple[str, str, list[tuple[str, str]], object]:
    parts = urlsplit(ran.request.url)
    return ran.request.method, parts.path.removeprefix("/v1/organizations"), parse_qsl(parts.query), ran.request.body


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        ("me", "GET", "/me", None),
        ("users retrieve user_1", "GET", "/users/user_1", None),
        ("users update user_1 --role billing", "POST", "/users/user_1", {"role": "billing"}),
        ("users remove user_1 --yes", "DELETE", "/users/user_1", None),
        (
            "invites create a@b.example --role developer",
            "POST",
            "/invites",
            {"email": "a@b.example", "role": "developer"},
        ),
        ("invites delete invite_1 -y", "DELETE", "/invites/invite_1", None),
        (
            "workspaces create Production --tag team=core",
            "POST",
            "/workspaces",
            {"name": "Production", "tags": {"team": "core"}},
        ),
        ("workspaces update w --tag team=", "POST", "/workspaces/w", {"tags": {"team": None}}),
        ("workspaces archive w --yes", "POST", "/workspaces/w/archive", None),
        (
            "members add w u --role admin",
            "POST",
            "/workspaces/w/members",
            {"user_id": "u", "workspace_role": "workspace_admin"},
        ),
        (
            "workspaces members update w u --role workspace_user",
            "POST",
            "/workspaces/w/members/u",
            {"workspace_role": "workspace_user"},
        ),
        ("members remove w u --yes", "DELETE", "/workspaces/w/members/u", None),
        ("api-keys update k --status inactive --name n", "POST", "/api_keys/k", {"status": "inactive", "name": "n"}),
        (
            "api-keys update k --model claude-* --ip 10.0.0.0/8",
            "POST",
            "/api_keys/k",
            {"models": ["claude-*"], "allowed_ips": ["10.0.0.0/8"]},
        ),
        ("api-keys expire k --yes", "POST", "/api_keys/k/expire", None),
        ("admin-keys revoke k --yes", "DELETE", "/admin_api_keys/k", None),
        (
            "rate-limits update rl --workspace-id w --limit requests_per_minute=50",
            "POST",
            "/workspaces/w/rate_limits/rl",
            {"limits": [{"type": "requests_per_minute", "value": 50}]},
        ),
        (
            "rate-limits update rl --limit tokens_per_day=none",
            "POST",
            "/rate_limits/rl",
            {"limits": [{"type": "tokens_per_day", "value": None}]},
        ),
        (
            "spend-limits set --usd 250",
            "POST",
            "/spend_limits",
            {"scope": {"type": "organization"}, "amount": "25000", "period": "monthly"},
        ),
        (
            "spend-limits set --usd $1,000.505 --api-key-id k --period daily",
            "POST",
            "/spend_limits",
            {"scope": {"type": "api_key", "api_key_id": "k"}, "amount": "100050.5", "period": "daily"},
        ),
        ("spend-limits delete s --yes", "DELETE", "/spend_limits/s", None),
        ("quotas delete --user-id user_1", "DELETE", "/quotas/user_1", None),
        ("quotas delete", "DELETE", "/quotas/default", None),
        ("quotas set --requests-per-minute 60", "POST", "/quotas", {"user_id": None, "requests_per_minute": 60}),
    ],
)
@pytest.mark.parametrize("prefix", [["organizations"], []])
def test_a_command_asks_one_thing_of_the_admin_api(
    words: str, method: str, path: str, body: object, prefix: list[str]
) -> None:
    if words == "me":
        prefix = ["organizations"]
    ran = ante(*prefix, *words.split(), answers=[DONE], variables=ADMIN)
    assert ran.code == Exit.OK, ran.err
    assert asked(ran) == (method, path, [], body)


def test_the_colon_form_reaches_every_level() -> None:
    for words in (["workspaces:members", "list", "w"], ["organizations:workspaces:members", "list", "w"]):
        ran = ante(*words, answers=[listed()])
        assert asked(ran)[1] == "/workspaces/w/members"
    assert asked(ante("organizations:users", "list", answers=[listed()]))[1] == "/users"


def test_filters_go_in_brackets() -> None:
    ran = ante("users", "list", "--role", "user", "--role", "admin", "--email", "a+b@c.example", answers=[listed()])
    assert sorted(asked(ran)[2]) == [("email", "a+b@c.example"), ("roles[]", "admin"), ("roles[]", "user")]


def test_people_get_a_table_and_scripts_get_json() -> None:
    ran = ante("users", "list", answers=[listed(USER)], terminal=True)
    assert ran.out.splitlines() == [
        "id      email            name  role   added",
        "user_1  ada@example.com  Ada   admin  2026-11-20 08:09:10",
    ]
    assert json.loads(ante("users", "list", answers=[listed(USER)]).out) == [USER]
    assert ante("users", "list", answers=[listed()], terminal=True).out == "none\n"


def test_the_admin_key_of_the_environment_is_used_for_administration_only() -> None:
    ran = ante("users", "list", answers=[listed()], variables=ADMIN)
    assert (ran.request.headers["x-api-key"], ran.err) == (ADMIN["ANTHROPIC_ADMIN_KEY"], "")
    ran = ante("models", "list", answers=[listed()], variables=ADMIN)
    assert ran.request.headers["x-api-key"] != ADMIN["ANTHROPIC_ADMIN_KEY"]
    ran = ante("usage", "me", answers=[DONE], variables=ADMIN)
    assert ran.request.headers["x-api-key"] != ADMIN["ANTHROPIC_ADMIN_KEY"]
    ran = ante("users", "list", "--auth-token", "t", answers=[listed()], variables=ADMIN)
    assert ran.request.headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(("answer", "code"), [("y\n", Exit.OK), ("\n", Exit.UNEXPECTED), ("no\n", Exit.UNEXPECTED)])
def test_a_person_is_asked_before_something_is_gone(answer: str, code: Exit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.cli.wire.Terminal.readline", lambda *_: answer)
    ran = ante("users", "remove", "user_1", answers=[DONE], terminal=True)
    assert (ran.code, len(ran.server.sent)) == (code, 1 if code is Exit.OK else 0)
    assert "[y/N]" in ran.err


def test_nothing_to_change_is_told_with_what_could_be() -> None:
    for words, flags in (("workspaces update w", "--name"), ("api-keys update k", "--status"), ("quotas set", "--req")):
        ran = ante(*words.split())
        assert (ran.code, flags in ran.err) == (Exit.USAGE, True)


def test_one_scope_at_a_time() -> None:
    for words in (
        "rate-limits list --workspace-id w --user-id u",
        "spend-limits set --usd 1 --workspace-id w --user-id u",
    ):
        assert "name one scope" in ante(*words.split()).err


@pytest.mark.parametrize("words", ["create n --workspace-id w --expires-in 8h --model m", "rotate k --revoke-in 1h"])
def test_a_new_secret_stands_alone_on_stdout(words: str) -> None:
    made = {"id": "apikey_1", "name": "n", "secret": "sk-ant-api03-new"}
    ran = ante("api-keys", *words.split(), answers=[Scripted(body=made)])
    assert (ran.out, "not shown again" in ran.err) == ("sk-ant-api03-new\n", True)
    ran = ante("api-keys", *words.split(), "--format", "json", answers=[Scripted(body=made)])
    assert json.loads(ran.out) == made


BUCKETS = [
    {
        "starting_at": f"2026-11-{day}T00:00:00Z",
        "ending_at": f"2026-11-{day + 1}T00:00:00Z",
        "results": [{"amount": amount, "currency": "USD", "workspace_id": "=w"}] if amount else [],
    }
    for day, amount in ((18, "1250"), (19, None), (20, "2500.5"))
]
REPORT = Scripted(body={"data": BUCKETS, "has_more": False, "next_page": None})


def report() -> Scripted:
    return Scripted(body=REPORT.body)


def test_costs_are_shown_in_dollars_with_bars() -> None:
    ran = ante("cost", "report", answers=[report()], terminal=True)
    lines = ran.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["day", "USD"],
        ["2026-11-18", "$12.50"],
        ["2026-11-19", "$0.00"],
        ["2026-11-20", "$25.00"],
        ["total", "$37.50"],
    ]
    assert lines[1].count("█") * 2 == lines[3].count("█") == 24


def test_an_export_is_csv_with_a_line_a_result(tmp_path: Path) -> None:
    target = tmp_path / "cost.csv"
    ran = ante("cost", "export", "--group-by", "workspace_id", "-o", str(target), answers=[report()])
    assert (ran.code, ran.out) == (Exit.OK, "")
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    assert [(row["starting_at"][:10], row["amount"]) for row in rows] == [
        ("2026-11-18", "1250"),
        ("2026-11-20", "2500.5"),
    ]
    assert rows[0]["workspace_id"] == "'=w", "a spreadsheet must not run it"


def test_the_cost_of_each_person_can_be_asked_for() -> None:
    ran = ante("cost", "report", "--group-by", "user_id", answers=[report()])
    assert ran.code == Exit.OK
    assert ("group_by[]", "user_id") in asked(ran)[2]


def test_an_export_to_a_terminal_is_not_mixed_with_its_progress(tmp_path: Path) -> None:
    shown = ante("cost", "export", answers=[report()], terminal=True)
    assert shown.err == ""
    filed = ante("cost", "export", "-o", str(tmp_path / "cost.csv"), answers=[report()], terminal=True)
    assert "%" in filed.err


def test_an_export_that_is_refused_says_why_and_how_it_ends() -> None:
    ran = ante("usage", "export", answers=[error(403, "permission_error")])
    assert ran.code == Exit.PERMISSION


def test_claude_code_is_asked_for_yesterday_unless_told() -> None:
    row = {
        "actor": {"type": "user_actor", "email_address": "ada@example.com"},
        "terminal_type": "vscode",
        "core_metrics": {"num_sessions": 3, "lines_of_code": {"added": 10, "removed": 2},
                         "commits_by_claude_code": 1, "pull_requests_by_claude_code": 0},
        "model_breakdown": [{"estimated_cost": {"amount": 150.5, "currency": "USD"}}],
    }  # fmt: skip
    answer = Scripted(body={"data": [row], "has_more": False, "next_page": None})
    ran = ante("claude-code", "report", answers=[answer], terminal=True)
    assert asked(ran)[2] == [("starting_at", "2026-11-17")]
    assert ran.out.splitlines()[1].split() == ["ada@example.com", "vscode", "3", "10", "2", "1", "0", "$1.50"]


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=60))
def test_a_sparkline_has_a_character_a_value_and_its_top_is_the_greatest(values: list[float]) -> None:
    line = sparkline(values)
    assert len(line) == len(values)
    if max(values) > 0:
        assert line[values.index(max(values))] == "█"


@given(st.floats(0, 1e9), st.floats(0.001, 1e9), st.integers(1, 60))
def test_a_bar_is_never_longer_than_its_room_and_something_always_shows(value: float, top: float, width: int) -> None:
    drawn = bar(min(value, top), top, width)
    assert cell_width(drawn) <= width
    assert bool(drawn) == (value > 0)


@given(st.decimals(0, 10**9, places=4))
def test_dollars_go_to_cents_and_back_exactly(amount: Decimal) -> None:
    assert dollars(Dollars().convert(f"${amount}", None, None)) == amount


def test_amounts_are_read_as_people_write_them() -> None:
    assert [shown(Decimal(text)) for text in ("0", "1234.5", "0.0004", "-3")] == [
        "$0.00",
        "$1,234.50",
        "$0.0004",
        "$-3.00",
    ]
    for wrong in ("-1", "x", "nan", "inf"):
        with pytest.raises(click.BadParameter, match="write an amount in dollars"):
            Dollars().convert(wrong, None, None)


def test_analytics_are_shown_by_what_they_are_grouped_by() -> None:
    actor = {
        "type": "user_actor",
        "user_id": "user_1",
        "email_address": "ada@example.com",
        "name": "Ada",
        "deleted": False,
    }
    row = {
        "starting_at": "2026-11-14T00:00:00Z",
        "group": {"actor": actor, "model": "sim-1", "session_id": None},
        "cost": {"amount": "1234.5", "currency": "USD", "requests": 7},
    }
    answer = Scripted(body={"data": [row], "next_page": None})
    words = ("analytics", "cost", "--group-by", "actor", "--group-by", "model", "--filter", "models=sim-1")
    ran = ante(*words, answers=[answer], terminal=True, variables=ADMIN)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].split() == ["from", "actor", "model", "requests", "USD"]
    assert ran.out.splitlines()[1].split() == ["2026-11-14", "00:00", "ada@example.com", "sim-1", "7", "$12.34"]
    assert ran.request.headers["anthropic-beta"] == "analytics-usage-cost-2026-08-24"
    assert ("models[]", "sim-1") in asked(ran)[2]
    assert ante("analytics", "usage", "--filter", "sim-1").code == Exit.USAGE


def test_reports_by_person_and_by_interval_are_tables() -> None:
    actor = {"type": "user_actor", "user_id": "user_1", "email_address": "ada@example.com", "deleted": False}
    row = {"starting_at": None, "actor": actor, "model": "sim-1", "amount": "250", "requests": 2}
    answer = Scripted(body={"data": [row], "next_page": None})
    words = ("user-cost-report", "--group-by", "model", "--starting-at", "2026-11-01T00:00:00Z")
    ran = ante("analytics", *words, answers=[answer], terminal=True, variables=ADMIN)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].split() == ["from", "actor", "model", "requests", "USD"]
    assert ran.out.splitlines()[1].split() == ["2026-11-01", "00:00", "ada@example.com", "sim-1", "2", "$2.50"]
    assert "anthropic-beta" not in ran.request.headers
    bucket = {"starting_at": "2026-11-01T00:00:00Z", "results": [{"model": "sim-1", "amount": "250"}]}
    for report, shown_there in (("cost-report", "$2.50"), ("usage-report", "sim-1")):
        ran = ante(
            "analytics", report, "--group-by", "model",
            answers=[Scripted(body={"data": [bucket], "next_page": None})], terminal=True, variables=ADMIN,
        )  # fmt: skip
        assert (ran.code, shown_there in ran.out) == (0, True), ran.err
