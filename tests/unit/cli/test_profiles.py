"""`ante profile`, `ante trust`, `ante whoami`."""

import json
from pathlib import Path
from typing import Any

import pytest

from antechamber.cli.exits import Exit
from tests.unit.cli.test_auth_status import OTHER, SECONDS, TOKEN, WORKSPACE, write_profile
from tests.unit.cli.wire import Ran, Scripted, ante, error

CALLER: dict[str, Any] = {
    "type": "caller",
    "credential": {
        "type": "access_token",
        "id": "token_1",
        "name": None,
        "scopes": ["user:profile", "user:inference"],
        "expires_at": "2026-11-21T08:00:00Z",
        "client_id": "antechamber-cli",
    },
    "account": {"type": "user", "id": "user_1", "name": "Ada", "email": "ada@example.com", "role": "developer"},
    "organization": {"id": "0f8e4a9c", "name": "Acme"},
    "workspace": {"id": WORKSPACE, "name": "Engineering", "is_default": False, "role": "workspace_developer"},
    "permissions": ["inference"],
}


def run(home: Path, *words: str, **variables: str) -> Ran:
    return ante(*words, home=home, variables={"ANTHROPIC_API_KEY": "", **variables})


def config(home: Path, name: str = "default") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / f".config/anthropic/configs/{name}.json").read_text())
    return found


def test_the_list_marks_the_active_profile(tmp_path: Path) -> None:
    write_profile(tmp_path)
    write_profile(tmp_path, "other-ws", active=False)
    out = run(tmp_path, "profile", "list").out
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["*", "default"], ["other-ws", "logged"]]
    listed = json.loads(run(tmp_path, "profile", "list", "--json").out)
    assert [(each["name"], each["is_active"]) for each in listed] == [("default", True), ("other-ws", False)]


def test_get_shows_the_config_or_one_field(tmp_path: Path) -> None:
    write_profile(tmp_path, "other-ws", active=False)
    whole = json.loads(run(tmp_path, "profile", "get", "--profile", "other-ws").out)
    assert (whole["name"], whole["workspace_id"]) == ("other-ws", WORKSPACE)
    assert run(tmp_path, "profile", "get", "workspace_id", "--profile", "other-ws").out == f"{WORKSPACE}\n"
    assert run(tmp_path, "profile", "get", "client_id", "--profile", "other-ws").out == "antechamber-cli\n"
    assert run(tmp_path, "profile", "get", "scope", "--profile", "other-ws").out == "\n"
    assert run(tmp_path, "profile", "get", "nonsense", "--profile", "other-ws").code == Exit.USAGE
    assert run(tmp_path, "profile", "get", "--profile", "gone").code == Exit.USAGE


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("workspace_id", OTHER),
        ("base_url", "https://other.example.com"),
        ("organization_id", "0f8e4a9c-0000-4000-8000-000000000001"),
        ("scope", "user:profile"),
        ("client_id", "mine"),
        ("console_url", "https://console.example.com"),
    ],
)
def test_each_writable_key_is_set_read_and_removed(tmp_path: Path, key: str, value: str) -> None:
    write_profile(tmp_path, "other-ws", active=False)
    assert run(tmp_path, "profile", "set", key, value, "--profile", "other-ws").code == Exit.OK
    assert run(tmp_path, "profile", "get", key, "--profile", "other-ws").out == f"{value}\n"
    assert run(tmp_path, "profile", "set", key, "", "--profile", "other-ws").code == Exit.OK
    assert run(tmp_path, "profile", "get", key, "--profile", "other-ws").out == "\n"


def test_another_organization_clears_the_workspace_and_says_so(tmp_path: Path) -> None:
    write_profile(tmp_path)
    ran = run(tmp_path, "profile", "set", "organization_id", "0f8e4a9c-0000-4000-8000-000000000001")
    assert "workspace_id is cleared" in ran.err
    assert "workspace_id" not in config(tmp_path)


def test_a_key_that_is_not_writable_is_refused(tmp_path: Path) -> None:
    write_profile(tmp_path)
    assert run(tmp_path, "profile", "set", "version", "2.0").code == Exit.USAGE
    assert config(tmp_path)["version"] == "1.0"


def test_variables_are_never_written_into_a_profile(tmp_path: Path) -> None:
    write_profile(tmp_path, wanted=None)
    run(
        tmp_path, "profile", "set", "scope", "user:profile", ANTHROPIC_WORKSPACE_ID=OTHER, ANTHROPIC_BASE_URL="http://x"
    )
    assert OTHER not in json.dumps(config(tmp_path))
    assert config(tmp_path)["base_url"] == "https://models.example.com"


def test_activate_switches_and_names_what_still_wins(tmp_path: Path) -> None:
    write_profile(tmp_path)
    write_profile(tmp_path, "other-ws", active=False)
    ran = run(tmp_path, "profile", "activate", "other-ws", ANTHROPIC_AUTH_TOKEN="sk-ant-oat01-x")
    assert (ran.code, ran.out) == (Exit.OK, "other-ws: is the active one\n")
    assert "unset ANTHROPIC_AUTH_TOKEN" in ran.err
    assert (tmp_path / ".config/anthropic/active_config").read_text().strip() == "other-ws"
    assert run(tmp_path, "profile", "activate", "gone").code == Exit.USAGE


def test_rename_and_delete_take_the_pointer_along(tmp_path: Path) -> None:
    write_profile(tmp_path)
    assert run(tmp_path, "profile", "rename", "default", "work").code == Exit.OK
    assert (tmp_path / ".config/anthropic/active_config").read_text().strip() == "work"
    assert config(tmp_path, "work")["workspace_id"] == WORKSPACE
    assert run(tmp_path, "profile", "delete", "work", "--yes").code == Exit.OK
    assert json.loads(run(tmp_path, "profile", "list", "--json").out) == []


def test_what_print_credentials_prints_is_imported_again(tmp_path: Path) -> None:
    write_profile(tmp_path)
    copy = tmp_path / "credentials.json"
    copy.write_text(run(tmp_path, "auth", "print-credentials").out, encoding="utf-8")
    copy.chmod(0o600)
    ran = run(tmp_path, "profile", "import", str(copy), "--name", "copy")
    assert (ran.code, ran.out) == (Exit.OK, "copy is imported\n"), ran.err
    assert "copy" in run(tmp_path, "profile", "list").out


def test_a_folder_is_trusted_listed_and_trusted_no_longer(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    assert "is trusted" in run(tmp_path, "trust", str(project)).out
    assert run(tmp_path, "trust", "--list").out == f"{project}\n"
    assert json.loads(run(tmp_path, "trust", "--list", "--json").out)["folders"] == [str(project)]
    assert run(tmp_path, "trust", str(project), "--remove").code == Exit.OK
    assert run(tmp_path, "trust", str(project), "--remove").code == Exit.NOT_FOUND
    assert run(tmp_path, "trust", "--list").out == "none\n"
    assert run(tmp_path, "trust", str(tmp_path / "gone")).code == Exit.USAGE


def test_whoami_shows_person_place_and_source(tmp_path: Path) -> None:
    write_profile(tmp_path)
    ran = ante("whoami", answers=[Scripted(body=CALLER)], home=tmp_path, variables={"ANTHROPIC_API_KEY": ""})
    assert ran.out == (
        "Person        Ada (ada@example.com, user_1)\n"
        "Organization  Acme (0f8e4a9c), as developer\n"
        f"Workspace     Engineering ({WORKSPACE}), as workspace_developer\n"
        "Credential    access token (token_1)\n"
        "Scopes        user:profile user:inference\n"
        "Expires       2026-11-21 08:00 UTC\n"
        "From          profile default\n"
        "Server        https://models.example.com (from profile default)\n"
    )


def test_whoami_for_programs_has_the_answer_and_the_source(tmp_path: Path) -> None:
    found = json.loads(ante("whoami", "--json", answers=[Scripted(body=CALLER)], home=tmp_path).out)
    assert found["account"]["email"] == "ada@example.com"
    assert found["server"] == {"base_url": "http://127.0.0.1:8787", "source": "ANTHROPIC_API_KEY"}


def test_whoami_without_a_credential_or_with_a_bad_one_ends_with_three(tmp_path: Path) -> None:
    assert run(tmp_path, "whoami").code == Exit.AUTHENTICATION
    refused = ante("whoami", answers=[error(401, "authentication_error")], home=tmp_path)
    assert refused.code == Exit.AUTHENTICATION


def test_whoami_at_a_server_without_our_extension_shows_what_it_gets(tmp_path: Path) -> None:
    answers = [
        error(404, "not_found_error"),
        Scripted(body={"data": []}, headers=[("anthropic-organization-id", "org1")]),
    ]
    assert "Organization  org1" in ante("whoami", answers=answers, home=tmp_path).out


def test_a_token_is_printed_alone_or_as_another_program_reads_it(tmp_path: Path) -> None:
    write_profile(tmp_path)
    assert run(tmp_path, "auth", "token").out == f"{TOKEN}\n"
    shown = json.loads(run(tmp_path, "auth", "token", "--json").out)
    assert shown == {
        "version": 1,
        "type": "oauth_token",
        "access_token": TOKEN,
        "expires_at": SECONDS + 3600,
        "base_url": "https://models.example.com",
    }
    assert run(tmp_path, "auth", "token", "--api-key", "sk-ant-api03-x").out == "sk-ant-api03-x\n"


def test_without_a_credential_no_token_is_printed(tmp_path: Path) -> None:
    ran = run(tmp_path, "auth", "token")
    assert (ran.code, ran.out) == (Exit.AUTHENTICATION, "")
    assert run(tmp_path, "auth", "print-credentials").code == Exit.USAGE


def test_credentials_are_the_profiles_even_where_variables_win(tmp_path: Path) -> None:
    write_profile(tmp_path)
    variables = {"ANTHROPIC_API_KEY": "sk-ant-api03-x", "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1"}
    ran = run(tmp_path, "auth", "print-credentials", "--access-token", **variables)
    assert ran.out == f"{TOKEN}\n"


def test_a_profile_that_is_logged_out_or_broken_is_listed_as_such(tmp_path: Path) -> None:
    write_profile(tmp_path, "gone", active=False)
    (tmp_path / ".config/anthropic/credentials/gone.json").unlink()
    write_profile(tmp_path, "torn", active=False)
    (tmp_path / ".config/anthropic/configs/torn.json").write_text("{", encoding="utf-8")
    ran = run(tmp_path, "profile", "list")
    assert "gone     logged out" in ran.out
    assert "torn     unusable" in ran.out
    assert "note: torn: " in ran.err


def test_an_admin_key_alone_is_somebody(tmp_path: Path) -> None:
    caller = CALLER | {"account": None, "workspace": None}
    variables = {"ANTHROPIC_API_KEY": "", "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-x"}
    ran = ante("whoami", answers=[Scripted(body=caller)], home=tmp_path, variables=variables)
    assert "From          ANTHROPIC_ADMIN_KEY" in ran.out
