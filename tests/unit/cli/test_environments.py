"""`ante environments`, `agents` and `sessions`: what they ask of the server, typed as here and as `ant` has it."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from click.shell_completion import ShellComplete

from antechamber.base.outbound import OutboundError
from antechamber.cli.app import root
from antechamber.cli.exits import Exit
from tests.published import DATA_ANALYSIS, DATA_PACKAGES, UNRESTRICTED
from tests.unit.cli.wire import Ran, Scripted, ante, error, invocation, sse

DONE = Scripted(body={"id": "x"})
BETA = "managed-agents-2026-04-01"
ENVIRONMENT = {
    "id": "env_1",
    "type": "environment",
    "name": "data",
    "config": {
        "type": "cloud",
        "networking": {"type": "limited"},
        "packages": {"type": "packages", "apt": [], "npm": ["express"], "pip": ["a", "b"]},
    },
    "created_at": "2026-11-21T07:00:00Z",
    "archived_at": None,
}
OPEN = "environments create a"
LIMITED = "--network limited"


def cloud(**parts: object) -> dict[str, object]:
    return {"name": "a", "config": {"type": "cloud", **parts}}


def asked(ran: Ran) -> tuple[str, str, list[tuple[str, str]], object]:
    parts = urlsplit(ran.request.url)
    return ran.request.method, parts.path.removeprefix("/v1"), parse_qsl(parts.query), ran.request.body


@pytest.mark.parametrize("group", ["beta:environments", "environments"])
@pytest.mark.parametrize(
    ("words", "stdin", "method", "path", "body"),
    [
        (
            ["create", "--name", "python-dev", "--config", UNRESTRICTED],
            None,
            "POST",
            "/environments",
            {"name": "python-dev", "config": {"type": "cloud", "networking": {"type": "unrestricted"}}},
        ),
        (
            ["create"],
            DATA_ANALYSIS,
            "POST",
            "/environments",
            {
                "name": "data-analysis",
                "config": {
                    "type": "cloud",
                    "packages": DATA_PACKAGES,
                    "networking": {"type": "unrestricted"},
                },
            },
        ),
        (["retrieve", "--environment-id", "env_1"], None, "GET", "/environments/env_1", None),
        (["archive", "--environment-id", "env_1"], None, "POST", "/environments/env_1/archive", None),
        (["delete", "--environment-id", "env_1"], None, "DELETE", "/environments/env_1", None),
        (["update", "--environment-id", "env_1", "--name", "b"], None, "POST", "/environments/env_1", {"name": "b"}),
    ],
)
def test_what_the_page_types_asks_what_ant_asks(
    group: str, words: list[str], stdin: str | None, method: str, path: str, body: object
) -> None:
    # at a terminal too nothing is asked before an end that is typed with the flag of `ant`
    ran = ante(group, *words, stdin=stdin, answers=[DONE], terminal=True)
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert asked(ran) == (method, path, [], body)
    assert ran.request.headers["anthropic-beta"] == BETA
    assert ran.request.headers["x-api-key"]


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (OPEN, {"name": "a"}),
        ("environments create 7", {"name": "7"}),
        ("environments create --name 7", {"name": "7"}),
        (f"{OPEN} --pip x==1 --pip y --npm z", cloud(packages={"npm": ["z"], "pip": ["x==1", "y"]})),
        (f"{OPEN} {LIMITED}", cloud(networking={"type": "limited"})),
        (
            f"{OPEN} --allow-host h --allow-host *.h",
            cloud(networking={"type": "limited", "allowed_hosts": ["h", "*.h"]}),
        ),
        (
            f"{OPEN} --pip x --allow-package-managers --no-allow-mcp-servers",
            cloud(
                packages={"pip": ["x"]},
                networking={"type": "limited", "allow_package_managers": True, "allow_mcp_servers": False},
            ),
        ),
        (f"{OPEN} --metadata.team 5 --metadata.a=b", {"name": "a", "metadata": {"team": "5", "a": "b"}}),
        (f"{OPEN} --config.type self_hosted", {"name": "a", "config": {"type": "self_hosted"}}),
    ],
)
def test_flags_write_the_body(words: str, body: object) -> None:
    ran = ante(*words.split(), answers=[DONE])
    assert (ran.code, asked(ran)) == (Exit.OK, ("POST", "/environments", [], body))


def test_flags_are_laid_over_what_is_piped_in() -> None:
    ran = ante(
        "environments", "create", "mine", "--pip", "polars", "--metadata.a", "b", stdin=DATA_ANALYSIS, answers=[DONE]
    )
    body = ran.request.body
    assert isinstance(body, dict)
    assert (body["name"], body["metadata"]) == ("mine", {"a": "b"})
    assert body["config"]["packages"] == {"pip": ["polars"], "npm": ["express"]}
    assert body["config"]["networking"] == {"type": "unrestricted"}


def test_a_file_is_taken_in_place_of_a_value(tmp_path: Path) -> None:
    (tmp_path / "about.txt").write_text("For data.")
    ran = ante("environments", "create", "a", "--description", f"@{tmp_path}/about.txt", answers=[DONE])
    assert ran.request.body == {"name": "a", "description": "For data."}


@pytest.mark.parametrize(
    ("words", "method", "path", "query", "body"),
    [
        ("environments get env_1", "GET", "/environments/env_1", {}, None),
        ("environments archive env_1 -y", "POST", "/environments/env_1/archive", {}, None),
        ("environments delete env_1 --yes", "DELETE", "/environments/env_1", {}, None),
        ("environments update env_1 --metadata.a null", "POST", "/environments/env_1", {}, {"metadata": {"a": None}}),
        (
            "environments update env_1 --no-allow-mcp-servers",
            "POST",
            "/environments/env_1",
            {},
            {"config": {"type": "cloud", "networking": {"type": "limited", "allow_mcp_servers": False}}},
        ),
        (
            "beta:agents create coder --model sim-1 --system 1 --tool {type:\u00a0agent_toolset_20260401}",
            "POST",
            "/agents",
            {},
            {"name": "coder", "model": "sim-1", "system": "1", "tools": [{"type": "agent_toolset_20260401"}]},
        ),
        ("agents retrieve agent_1 --version 2", "GET", "/agents/agent_1", {"version": "2"}, None),
        ("beta:agents retrieve --agent-id agent_1", "GET", "/agents/agent_1", {}, None),
        ("agents update agent_1 --version 3 --name x", "POST", "/agents/agent_1", {}, {"version": 3, "name": "x"}),
        ("agents archive --agent-id agent_1", "POST", "/agents/agent_1/archive", {}, None),
        (
            "beta:sessions create --agent agent_1 --environment-id env_1 --title 5",
            "POST",
            "/sessions",
            {},
            {"agent": "agent_1", "environment_id": "env_1", "title": "5"},
        ),
        ("sessions retrieve sesn_1", "GET", "/sessions/sesn_1", {}, None),
        ("sessions update --session-id sesn_1 --title t", "POST", "/sessions/sesn_1", {}, {"title": "t"}),
        ("sessions archive sesn_1 -y", "POST", "/sessions/sesn_1/archive", {}, None),
        ("beta:sessions delete --session-id sesn_1", "DELETE", "/sessions/sesn_1", {}, None),
        ("environments keys create env_1 laptop", "POST", "/environments/env_1/keys", {}, {"name": "laptop"}),
        ("environments keys create --environment-id env_1", "POST", "/environments/env_1/keys", {}, {"name": "worker"}),
        ("environments keys revoke env_1 envkey_1 -y", "DELETE", "/environments/env_1/keys/envkey_1", {}, None),
        ("beta:environments:work stats --environment-id env_1", "GET", "/environments/env_1/work/stats", {}, None),
        (
            "beta:environments:work retrieve --environment-id env_1 --work-id work_1",
            "GET",
            "/environments/env_1/work/work_1",
            {},
            None,
        ),
        (
            "environments work stop env_1 work_1 --force",
            "POST",
            "/environments/env_1/work/work_1/stop",
            {},
            {"force": True},
        ),
        (
            "beta:sessions:events send --session-id sesn_1 --event {type:\u00a0user.interrupt}",
            "POST",
            "/sessions/sesn_1/events",
            {},
            {"events": [{"type": "user.interrupt"}]},
        ),
    ],
)
def test_a_command_asks_one_thing(words: str, method: str, path: str, query: dict[str, str], body: object) -> None:
    ran = ante(*(word.replace("\u00a0", " ") for word in words.split(" ")), answers=[DONE])
    assert ran.code == Exit.OK, ran.err
    assert asked(ran) == (method, path, list(query.items()), body)
    assert ran.request.headers["anthropic-beta"] == BETA


@pytest.mark.parametrize(
    ("words", "path", "query"),
    [
        ("beta:environments list", "/environments", []),
        (
            "environments list --include-archived --limit 5",
            "/environments",
            [("limit", "5"), ("include_archived", "true")],
        ),
        ("environments history env_1", "/environments/env_1/history", []),
        ("environments keys list env_1", "/environments/env_1/keys", []),
        ("environments work list env_1", "/environments/env_1/work", []),
        ("sessions events list sesn_1 --type a", "/sessions/sesn_1/events", [("types[]", "a")]),
        ("agents list", "/agents", []),
        ("beta:agents:versions list --agent-id agent_1", "/agents/agent_1/versions", []),
        (
            "sessions list --status idle --status running --agent-id agent_1 --order asc",
            "/sessions",
            [("agent_id", "agent_1"), ("statuses[]", "idle"), ("statuses[]", "running"), ("order", "asc")],
        ),
        ("sessions egress sesn_1 --limit 7", "/sessions/sesn_1/egress", [("limit", "7")]),
    ],
)
def test_a_list_asks_for_its_pages(words: str, path: str, query: list[tuple[str, str]]) -> None:
    first = Scripted(body={"data": [{"id": "1"}], "next_page": "page_2"})
    ran = ante(*words.split(), answers=[first, Scripted(body={"data": [{"id": "2"}], "next_page": None})])
    assert (ran.code, json.loads(ran.out)) == (Exit.OK, [{"id": "1"}, {"id": "2"}])
    assert sorted(asked(ran)[2]) == sorted([*query, ("page", "page_2")])
    assert asked(ran)[1] == path
    assert ran.request.headers["anthropic-beta"] == BETA


def test_a_person_sees_a_table() -> None:
    gone = {**ENVIRONMENT, "id": "env_2", "archived_at": "2026-11-22T07:00:00Z", "config": {"type": "self_hosted"}}
    ran = ante(
        "environments", "list", terminal=True, answers=[Scripted(body={"data": [ENVIRONMENT, gone], "next_page": None})]
    )
    assert ran.out.splitlines() == [
        "id     name             network  packages     created",
        "env_1  data             limited  npm:1 pip:2  2026-11-21 07:00:00",
        "env_2  data (archived)  -        self_hosted  2026-11-21 07:00:00",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("environments create", "say what to change: NAME"),
        ("environments create a b", "unexpected words: b"),
        ("environments create a --network unrestricted --allow-host h", "are for --network limited"),
        ("environments create a --fromat json", "Did you mean --format?"),
        ("environments retrieve", "say which environment: ENVIRONMENT_ID or --environment-id"),
        ("environments retrieve env_1 --environment-id env_2", "say which environment"),
        ("environments delete --environment-id=", "the id of the environment is empty"),
        ("environments update --name x", "say which environment"),
        ("environments update env_1", "say what to change: --name"),
        ("agents update", "say which agent"),
        ("sessions update sesn_1", "say what to change: --title"),
        ("sessions create", "say what to change: --agent"),
        ("sessions create x", "unexpected words: x"),
    ],
)
def test_a_slip_is_explained_and_asks_nothing(words: str, said: str) -> None:
    ran = ante(*words.split())
    assert (ran.code, ran.server.sent) == (Exit.USAGE, [])
    assert said in ran.err


def test_a_text_on_stdin_is_no_body() -> None:
    ran = ante("environments", "create", stdin="data-analysis")
    assert (ran.code, "expected an object" in ran.err, ran.server.sent) == (Exit.USAGE, True, [])


def test_a_conflict_is_told_with_the_code_of_conflicts() -> None:
    said = "An environment with this name exists."
    ran = ante("environments", "create", "a", answers=[error(409, "invalid_request_error", said) for _ in range(3)])
    assert (ran.code, said in ran.err) == (Exit.CONFLICT, True)


def completed(*words: str, answer: Scripted | OutboundError) -> list[tuple[str, str | None]]:
    completion = ShellComplete(root(), {"obj": invocation([answer])}, "ante", "_ANTE_COMPLETE")
    return [(item.value, item.help) for item in completion.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    "words",
    [
        ("environments", "retrieve", "env_"),
        ("beta:environments", "archive", "--environment-id", "env_"),
        ("sessions", "create", "--environment-id", "env_"),
    ],
)
def test_ids_are_completed_from_the_server(words: tuple[str, ...]) -> None:
    page = Scripted(body={"data": [ENVIRONMENT, {"id": "other", "name": "x"}], "next_page": None})
    assert completed(*words, answer=page) == [("env_1", "data")]


def test_a_server_that_does_not_answer_completes_nothing() -> None:
    assert completed("environments", "retrieve", "e", answer=OutboundError("refused", "no")) == []


def test_a_new_key_of_workers_is_alone_on_stdout() -> None:
    made = Scripted(body={"id": "envkey_1", "name": "laptop", "key": "sk-ant-oat01-secret"})
    ran = ante("environments", "keys", "create", "env_1", "laptop", answers=[made])
    assert ran.out == "sk-ant-oat01-secret\n"
    assert "envkey_1 (laptop); the secret is not shown again" in ran.err


def test_events_are_followed_a_line_each() -> None:
    told: list[dict[str, object]] = [
        {"type": "session.status_running", "id": "sevt_1"},
        {"type": "session.status_idle", "id": "sevt_2"},
    ]
    ran = ante("beta:sessions:events", "stream", "--session-id", "sesn_1", answers=[Scripted(pieces=sse(*told))])
    assert [json.loads(line) for line in ran.out.splitlines()] == told
    assert ran.request.url.endswith("/v1/sessions/sesn_1/events/stream")
