"""`ante environments build|builds|log|bases|layers|prune`: asked, followed, and told apart."""

import json
import re

import pytest

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import Ran, Scripted, ante

PATHS = "http://127.0.0.1:8787/v1"
PIP = {"manager": "pip", "state": "waiting", "packages": 3, "installed": 0}
NPM = {"manager": "npm", "state": "waiting", "packages": 1, "installed": 0}
FAILURE = {"reason": "package_not_found", "message": "there is no such version", "manager": "pip", "package": "x==9"}


def build(state: str, *managers: dict[str, object], **rest: object) -> Scripted:
    return Scripted(
        body={
            "id": "build_1",
            "type": "environment_build",
            "environment_id": "env_1",
            "digest": "ab" * 32,
            "state": state,
            "managers": list(managers),
            "created_at": "2026-11-21T07:00:00Z",
            **rest,
        }
    )


def steps(last: str, **rest: object) -> list[Scripted]:
    return [
        build("queued", NPM, PIP),
        build("building", {**NPM, "state": "installing"}, PIP),
        build(
            "building", {**NPM, "state": "installed", "installed": 1}, {**PIP, "state": "installing", "installed": 2}
        ),
        build(last, {**NPM, "state": "installed"}, {**PIP, "state": rest.pop("pip")}, **rest),
    ]


def urls(ran: Ran) -> list[str]:
    return [sent.url.removeprefix(PATHS) for sent in ran.server.sent]


def log_part(text: str, offset: int, *, done: bool) -> Scripted:
    body = {"type": "environment_build_log", "text": text, "next_offset": offset, "is_complete": done}
    return Scripted(body=body)


@pytest.mark.parametrize(
    ("flags", "body"),
    [([], {}), (["--pinned"], {"pinned": True}), (["--fresh"], {"fresh": True})],
    ids=["plain", "pinned", "fresh"],
)
def test_a_build_is_begun_and_left_going(flags: list[str], body: object) -> None:
    ran = ante("environments", "build", "env_1", *flags, answers=[build("queued")])
    assert (ran.code, ran.request.method, ran.request.body, urls(ran)) == (
        0,
        "POST",
        body,
        ["/environments/env_1/build"],
    )
    assert json.loads(ran.out)["state"] == "queued"


def test_without_a_terminal_each_step_is_a_line_and_the_build_is_the_answer() -> None:
    answers = steps("succeeded", pip="installed", seconds=12.34, size_bytes=5 << 20)
    ran = ante("environments", "build", "env_1", "--watch", answers=answers)
    assert (ran.code, json.loads(ran.out)["state"]) == (Exit.OK, "succeeded")
    assert ran.err.splitlines() == [
        "npm: installing (0 of 1)",
        "npm: installed (1 of 1)",
        "pip: installing (2 of 3)",
        "pip: installed (3 of 3)",
        "built in 12.3 s, 5.0 MiB",
    ]
    assert urls(ran) == ["/environments/env_1/build", *["/environments/env_1/builds/build_1"] * 3]
    assert {sent.headers["anthropic-beta"] for sent in ran.server.sent} == {"managed-agents-2026-04-01"}


def test_at_a_terminal_each_manager_has_a_bar() -> None:
    answers = steps("succeeded", pip="installed", seconds=1.0)
    ran = ante("environments", "build", "env_1", "--watch", answers=answers, terminal=True)
    assert (ran.code, ran.out) == (Exit.OK, "")
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ran.err).splitlines()
    assert lines[-1] == "built in 1.0 s"
    for manager, count in (("npm", "1/1"), ("pip", "3/3")):
        assert any(manager in line and count in line and "installed" in line for line in lines[-3:-1])


def test_a_failure_tells_which_package_and_shows_the_end_of_the_log() -> None:
    answers = [
        *steps("failed", pip="failed", failure=FAILURE),
        log_part("==> pip\n", 8, done=False),
        log_part("ERROR: \x1b[31mno x==9\n", 30, done=False),
        log_part("", 30, done=True),
    ]
    ran = ante("environments", "build", "env_1", "--watch", answers=answers)
    assert ran.code == Exit.UNEXPECTED
    assert ran.err.splitlines()[-3:] == [
        "failed: pip x==9: there is no such version (package_not_found)",
        "  ==> pip",
        "  ERROR: [31mno x==9",
    ]
    assert urls(ran)[-3:] == [f"/environments/env_1/builds/build_1/log?offset={at}" for at in (0, 8, 30)]


def test_one_that_is_there_already_is_not_waited_for() -> None:
    ran = ante("environments", "build", "env_1", "--watch", answers=[build("succeeded", {**PIP, "state": "installed"})])
    assert (ran.code, ran.slept, len(ran.server.sent)) == (Exit.OK, [], 1)


def test_builds_are_a_table_and_one_is_shown_whole() -> None:
    page = Scripted(body={"data": [json.loads(build("succeeded", seconds=2.0, size_bytes=1 << 20)._rest[0])]})
    ran = ante("environments", "builds", "env_1", terminal=True, answers=[page])
    assert ran.out.splitlines()[1].split() == [
        "build_1", "succeeded", "abababababab", "2.0", "s", "1.0", "MiB", "2026-11-21", "07:00:00",
    ]  # fmt: skip
    one = ante("environments", "builds", "--environment-id", "env_1", "build_1", answers=[build("failed")])
    assert (one.code, urls(one)) == (0, ["/environments/env_1/builds/build_1"])


def test_a_log_is_written_part_by_part_and_followed_to_its_end() -> None:
    newest = Scripted(body={"data": [{"id": "build_1"}]})
    parts = [log_part("a\n", 2, done=False), log_part("", 2, done=False)]
    ran = ante("environments", "log", "env_1", answers=[newest, *parts])
    assert (ran.code, ran.out, ran.slept) == (Exit.OK, "a\n", [])
    parts = [log_part("a\n", 2, done=False), log_part("", 2, done=False), log_part("b\n", 4, done=False)]
    ran = ante("environments", "log", "env_1", "build_1", "-f", answers=[*parts, log_part("", 4, done=True)])
    assert (ran.code, ran.out, len(ran.slept)) == (Exit.OK, "a\nb\n", 1)


def test_an_environment_without_builds_has_no_log() -> None:
    ran = ante("environments", "log", "env_1", answers=[Scripted(body={"data": []})])
    assert (ran.code, "env_1 has no builds" in ran.err) == (Exit.USAGE, True)


def test_bases_say_what_they_bring_and_how_to_make_one() -> None:
    found = [
        {"name": "host", "state": "ready", "managers": ["npm", "pip"], "size_bytes": None, "hint": None},
        {"name": "full", "state": "missing", "managers": [], "hint": "ante sandboxes images build full"},
    ]
    ran = ante("environments", "bases", terminal=True, answers=[Scripted(body={"data": found, "next_page": None})])
    assert ran.out.splitlines()[1].split() == ["host", "ready", "npm", "pip", "-", "-"]
    assert ran.out.splitlines()[2].endswith("ante sandboxes images build full")
    assert urls(ran) == ["/environment_bases"]


def test_layers_are_listed_and_pruned() -> None:
    layer = {"digest": "cd" * 32, "size_bytes": 3 << 20, "created_at": "2026-11-21T07:00:00Z", "used_at": None}
    ran = ante("environments", "layers", "--format", "jsonl", answers=[Scripted(body={"data": [layer]})])
    assert (json.loads(ran.out), urls(ran)) == (layer, ["/environment_layers"])
    pruned = Scripted(body={"removed": [layer], "freed_bytes": 3 << 20})
    ran = ante("environments", "prune", "--unused-days", "7", terminal=True, answers=[pruned])
    assert (ran.out, ran.request.body) == ("1 removed, 3.0 MiB freed\n", {"unused_days": 7})
    assert urls(ran) == ["/environment_layers/prune"]
