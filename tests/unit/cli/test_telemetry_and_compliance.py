"""The commands of telemetry destinations, and of the compliance settings."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import Ran, Scripted, ante

DONE = Scripted(body={"id": "x"})
ADMIN = {"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-abcdefgh"}
ALL = "/v1/organizations/telemetry_destinations"
SETTINGS = "/v1/organizations/compliance_settings"
URL = "https://gateway.example.com"
MORE = "--header k=v=w --header empty= --no-traces --traces-url https://a.example/t --max-content-bytes 5"
KNOWN = {
    "id": "tdst_1",
    "display_name": "Acme",
    "endpoint_url": URL,
    "state": {"type": "disabled", "reason": {"type": "caller"}},
    "workspaces": {"type": "include"},
    "delivery_health": {"last_error": "timeout", "last_error_at": None, "last_success_at": "2026-11-20T08:09:10Z"},
}


def asked(ran: Ran) -> tuple[str, str, list[tuple[str, str]], object]:
    parts = urlsplit(ran.request.url)
    return ran.request.method, parts.path, parse_qsl(parts.query), ran.request.body


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        (f"create {URL}", "POST", ALL, {"endpoint_url": URL, "workspaces": {"type": "all"}}),
        (
            f"create {URL} --display-name n --workspaces include --workspace-id a --workspace-id b {MORE}",
            "POST",
            ALL,
            {
                "endpoint_url": URL,
                "workspaces": {"type": "include", "workspace_ids": ["a", "b"]},
                "display_name": "n",
                "headers": {"k": "v=w", "empty": ""},
                "traces": {"enabled": False, "endpoint_url": "https://a.example/t", "max_content_bytes": 5},
            },
        ),
        ("retrieve d", "GET", f"{ALL}/d", None),
        ("update d --state disabled", "POST", f"{ALL}/d", {"state": {"type": "disabled"}}),
        (
            f"update d --endpoint-url {URL} --header a=1 --remove-header b --traces",
            "POST",
            f"{ALL}/d",
            {"endpoint_url": URL, "headers": {"b": None, "a": "1"}, "traces": {"enabled": True}},
        ),
        ("update d --workspaces exclude", "POST", f"{ALL}/d", {"workspaces": {"type": "exclude"}}),
        ("delete d --yes", "DELETE", f"{ALL}/d", None),
        ("workspaces add d w", "POST", f"{ALL}/d/workspaces/w", None),
        ("workspaces remove d w", "DELETE", f"{ALL}/d/workspaces/w", None),
    ],
)
@pytest.mark.parametrize("prefix", ["organizations telemetry-destinations", "telemetry-destinations"])
def test_a_command_asks_one_thing(words: str, method: str, path: str, body: object, prefix: str) -> None:
    ran = ante(*prefix.split(), *words.split(), answers=[DONE], variables=ADMIN)
    assert ran.code == Exit.OK, ran.err
    assert asked(ran) == (method, path, [], body)
    assert ran.request.headers["anthropic-beta"] == "telemetry-destinations-2026-08-11"
    assert ran.request.headers["x-api-key"] == ADMIN["ANTHROPIC_ADMIN_KEY"]


def test_colons_name_nested_commands() -> None:
    words = ("organizations:telemetry-destinations:workspaces", "add", "d", "w")
    ran = ante(*words, answers=[DONE], variables=ADMIN)
    assert asked(ran)[:2] == ("POST", f"{ALL}/d/workspaces/w")


def test_lists_are_tables_for_people() -> None:
    listed = Scripted(body={"data": [KNOWN], "next_page": None})
    words = ("telemetry-destinations", "list", "--workspace-id", "w", "--workspace-id", "v", "--limit", "5")
    ran = ante(*words, answers=[listed], terminal=True)
    for shown in ("tdst_1", "Acme", "disabled", "include", "2026-11-20", "timeout"):
        assert shown in ran.out
    assert sorted(asked(ran)[2]) == [("limit", "5"), ("workspace_ids[]", "v"), ("workspace_ids[]", "w")]
    entry = {"workspace_id": "wrkspc_1", "created_at": "2026-11-20T08:09:10Z"}
    listed = Scripted(body={"data": [entry], "next_page": None})
    ran = ante("telemetry-destinations", "workspaces", "list", "d", answers=[listed], terminal=True)
    assert "wrkspc_1" in ran.out


@pytest.mark.parametrize(
    ("result", "told", "code"),
    [
        ({"type": "success"}, "took the test span", Exit.OK),
        ({"type": "failure", "error": "timeout"}, "failure: timeout", Exit.UNEXPECTED),
    ],
)
def test_a_test_tells_its_result_by_words_and_exit_code(result: dict[str, str], told: str, code: Exit) -> None:
    answer = {"type": "telemetry_destination_test", "result": result}
    ran = ante("telemetry-destinations", "test", "d", answers=[Scripted(body=answer)], terminal=True)
    assert (ran.code, told in ran.out) == (code, True)
    words = ("telemetry-destinations", "test", "d", "--format", "json")
    ran = ante(*words, answers=[Scripted(body=answer)])
    assert (ran.code, json.loads(ran.out)) == (code, answer)
    assert asked(ran)[:2] == ("POST", f"{ALL}/d/test")


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ("telemetry-destinations update d", "--state"),
        (f"telemetry-destinations create {URL} --header name", "NAME=VALUE"),
        (f"telemetry-destinations create {URL} --workspace-id w", "--workspaces include"),
        ("compliance-settings update", "--state"),
    ],
)
def test_what_is_missing_is_told(words: str, flag: str) -> None:
    ran = ante(*words.split())
    assert (ran.code, flag in ran.err) == (Exit.USAGE, True)


@pytest.mark.parametrize("prefix", ["organizations:compliance-settings", "compliance-settings"])
def test_the_compliance_settings_are_shown_and_changed(prefix: str) -> None:
    shown = Scripted(body={"state": {"type": "enabled"}, "type": "compliance_settings"})
    ran = ante(prefix, "retrieve", answers=[shown], variables=ADMIN)
    assert asked(ran) == ("GET", SETTINGS, [], None)
    for state in ("enabled", "disabled"):
        ran = ante(prefix, "update", "--state", state, answers=[shown], variables=ADMIN)
        assert asked(ran) == ("POST", SETTINGS, [], {"state": state})


def test_a_person_is_asked_before_the_log_is_closed() -> None:
    words = ("compliance-settings", "update", "--state", "disabled")
    ran = ante(*words, terminal=True)
    assert (ran.code, "nothing was changed" in ran.err) == (Exit.UNEXPECTED, True)
