"""Before a log-in begins: which server, which profile, which way."""

import json
from pathlib import Path
from typing import Any

import click
import pytest

from antechamber.cli.auth.browsing import open_command
from antechamber.cli.auth.logging_in import readers
from antechamber.cli.auth.targets import Target, Wishes, find_target
from antechamber.cli.auth.ways import Way, choose_way
from antechamber.client.environment import EnvFile, Environment
from antechamber.client.store import ProfileStore
from tests.unit.cli.test_auth_status import WORKSPACE, write_profile
from tests.unit.cli.wire import ante


def target(home: Path, wishes: Wishes | None = None, **variables: str) -> Target:
    environment = Environment(variables, home)
    return find_target(wishes or Wishes(), environment, ProfileStore(environment))


def program(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_a_first_log_in_goes_to_the_default_server_and_writes_it_down(tmp_path: Path) -> None:
    found = target(tmp_path)
    assert (found.profile, found.base_url, found.console_url) == ("default",) + ("http://127.0.0.1:8787",) * 2
    assert found.config == {"base_url": "http://127.0.0.1:8787", "client_id": "antechamber-cli"}


def test_flag_wins_over_variable_and_variable_over_default(tmp_path: Path) -> None:
    assert target(tmp_path, ANTHROPIC_BASE_URL="https://v.example/").base_url == "https://v.example"
    wished = Wishes(base_url="https://f.example")
    assert target(tmp_path, wished, ANTHROPIC_BASE_URL="https://v.example").base_url == "https://f.example"


def test_the_console_is_the_server_unless_told_otherwise(tmp_path: Path) -> None:
    found = target(tmp_path, Wishes(base_url="https://api.example"), ANTHROPIC_CONSOLE_URL="https://console.example/")
    assert found.console_url == "https://console.example"
    assert found.config["console_url"] == "https://console.example"


def test_a_known_profile_gives_its_own_values(tmp_path: Path) -> None:
    write_profile(tmp_path)
    found = target(tmp_path)
    assert (found.base_url, found.workspace_id) == ("https://models.example.com", WORKSPACE)


def test_a_profile_is_not_logged_in_at_another_server_than_its_own(tmp_path: Path) -> None:
    write_profile(tmp_path)
    with pytest.raises(click.UsageError, match=r"is for https://models\.example\.com"):
        target(tmp_path, Wishes(base_url="https://other.example"))


def test_a_profile_of_the_platform_itself_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / ".config/anthropic/configs"
    folder.mkdir(parents=True)
    config = {"version": "1.0", "authentication": {"type": "user_oauth", "client_id": "41077d10"}}
    (folder / "default.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(click.UsageError, match=r"api\.anthropic\.com"):
        target(tmp_path)


def test_a_federation_profile_needs_no_log_in(tmp_path: Path) -> None:
    folder = tmp_path / ".config/anthropic/configs"
    folder.mkdir(parents=True)
    config = {"version": "1.0", "authentication": {"type": "oidc_federation", "federation_rule_id": "fdrl_1"}}
    (folder / "ci.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(click.UsageError, match="oidc_federation"):
        target(tmp_path, Wishes(profile="ci"))


@pytest.mark.parametrize(("is_trusted", "server"), [(False, "http://127.0.0.1:8787"), (True, "https://evil.example")])
def test_an_env_file_names_the_server_of_a_log_in_only_if_trusted(
    tmp_path: Path, *, is_trusted: bool, server: str
) -> None:
    name = "ANTHROPIC_BASE_URL"
    file = EnvFile(tmp_path / ".env", tmp_path, is_project=True, is_trusted=is_trusted)
    environment = Environment({name: "https://evil.example"}, tmp_path, dotenv=file, filled=frozenset({name}))
    assert find_target(Wishes(), environment, ProfileStore(environment)).base_url == server


def test_a_graphical_terminal_has_a_browser_and_one_over_ssh_has_not(tmp_path: Path) -> None:
    program(tmp_path / "bin", "xdg-open")
    seen = {"PATH": str(tmp_path / "bin"), "DISPLAY": ":0"}
    assert open_command(Environment(seen, tmp_path), "linux") == ["xdg-open", "%s"]
    assert open_command(Environment({**seen, "SSH_CONNECTION": "a b c d"}, tmp_path), "linux") is None
    assert open_command(Environment({"PATH": seen["PATH"]}, tmp_path), "linux") is None
    assert open_command(Environment({}, tmp_path), "darwin") == ["open", "%s"]


def test_the_browser_that_is_named_is_obeyed_even_over_ssh(tmp_path: Path) -> None:
    program(tmp_path / "bin", "helper")
    seen = {"PATH": str(tmp_path / "bin"), "SSH_TTY": "/dev/pts/0"}
    assert open_command(Environment({**seen, "BROWSER": "gone:helper --new %s"}, tmp_path)) == ["helper", "--new", "%s"]
    assert open_command(Environment({**seen, "BROWSER": "helper"}, tmp_path)) == ["helper", "%s"]
    assert open_command(Environment({**seen, "BROWSER": "gone"}, tmp_path)) is None


@pytest.mark.parametrize(
    ("flags", "answer", "way"),
    [
        ({"device": True}, None, Way.DEVICE),
        ({"no_browser": True}, None, Way.PASTE),
        ({"no_browser": True, "callback_port": 8765}, None, Way.TUNNEL),
        ({}, True, Way.DEVICE),
        ({}, False, Way.PASTE),
        ({}, None, Way.DEVICE),
    ],
)
def test_without_a_browser_another_device_is_offered(
    tmp_path: Path, *, flags: dict[str, Any], answer: bool | None, way: Way
) -> None:
    said = {"device": False, "no_browser": False, "callback_port": 0} | flags
    ask = None if answer is None else lambda _: bool(answer)
    assert choose_way(Environment({}, tmp_path), ask=ask, **said) is way


def test_other_readers_of_the_folder_are_known(tmp_path: Path) -> None:
    assert list(readers(Environment({"PATH": ""}, tmp_path))) == []
    (tmp_path / ".claude").mkdir()
    program(tmp_path / "bin", "ant")
    assert list(readers(Environment({"PATH": str(tmp_path / "bin")}, tmp_path))) == ["Claude Code", "ant"]


def test_device_and_no_browser_exclude_each_other() -> None:
    assert ante("auth", "login", "--device", "--no-browser").code == 2


def test_a_name_that_no_profile_can_have_is_refused_before_anybody_logs_in(tmp_path: Path) -> None:
    ran = ante("auth", "login", "--profile", "a/b", home=tmp_path)
    assert (ran.code, ran.server.sent) == (2, [])
    assert "http" not in ran.err
