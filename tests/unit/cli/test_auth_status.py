"""`ante auth status`: what is in force on this machine, as text and for programs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import NOW, Ran, Scripted, ante, error

SECONDS = NOW // 1_000_000
TOKEN = "sk-ant-oat01-EXAMPLE4567890123456789012345678901234567890"
KEY = "sk-ant-api03-EXAMPLE4567890123456789012345678901234567890"
WORKSPACE = "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ"
OTHER = "wrkspc_01ZZZZzr7rXLA5AGx3HKfFUJ"


def write_profile(home: Path, name: str = "default", *, active: bool = True, **changes: object) -> None:
    folder = home / ".config" / "anthropic"
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    (folder / "credentials").mkdir(mode=0o700, exist_ok=True)
    config = {
        "version": "1.0",
        "authentication": {"type": "user_oauth", "client_id": "antechamber-cli"},
        "base_url": "https://models.example.com",
        "workspace_id": changes.pop("wanted", WORKSPACE),
    }
    credentials = {
        "version": "1.0",
        "type": "oauth_token",
        "access_token": TOKEN,
        "refresh_token": "sk-ant-ort01-EXAMPLE",
        "expires_at": SECONDS + 3600,
        "scope": "user:profile user:inference",
        "organization_uuid": "0f8e4a9c-0000-4000-8000-000000000000",
        "organization_name": "Acme",
        "account_email": "ada@example.com",
        "workspace_id": WORKSPACE,
        "workspace_name": "Engineering",
    } | changes
    (folder / "configs" / f"{name}.json").write_text(json.dumps(config), encoding="utf-8")
    path = folder / "credentials" / f"{name}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(credentials), encoding="utf-8")
    if active:
        (folder / "active_config").write_text(f"{name}\n", encoding="utf-8")


def status(home: Path, *flags: str, answers: Sequence[Scripted] = (), variables: dict[str, str] | None = None) -> Ran:
    return ante(
        "auth", "status", *flags, answers=answers, home=home, variables={"ANTHROPIC_API_KEY": "", **(variables or {})}
    )


def as_json(home: Path, *flags: str, **variables: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(status(home, "--json", *flags, variables=variables).out)
    return found


def test_the_text_has_the_published_layout(tmp_path: Path) -> None:
    write_profile(tmp_path)
    assert status(tmp_path).out == (
        "Active profile:  default (from active_config file)\n"
        "Config dir:      ~/.config/anthropic\n"
        "Profile config:  ~/.config/anthropic/configs/default.json\n"
        "Credentials:     ~/.config/anthropic/credentials/default.json\n"
        "\n"
        "Credentials\n"
        "  Logged in to Acme as ada@example.com\n"
        "  (active) * Profile (user_oauth) [via active_config]       sk-ant-oat01-EXA...\n"
        "               expires       2026-11-18 12:06 UTC (in 1 h 0 min)\n"
        "               scope         user:profile user:inference\n"
        "               organization  0f8e4a9c-0000-4000-8000-000000000000\n"
        "               client_id     antechamber-cli\n"
        "\n"
        "Base URL\n"
        "  (active) * Profile base_url                               https://models.example.com\n"
        "\n"
        "Organization\n"
        "  (active) * Token organization                             0f8e4a9c-0000-4000-8000-000000000000 (Acme)\n"
        "\n"
        "Workspace\n"
        f"  (active) * Workspace                                      {WORKSPACE} (Engineering)\n"
    )


def test_a_key_in_a_variable_shadows_the_profile_and_the_remedy_is_named(tmp_path: Path) -> None:
    write_profile(tmp_path)
    ran = status(tmp_path, variables={"ANTHROPIC_API_KEY": KEY})
    assert "  (active) * ANTHROPIC_API_KEY                              sk-ant-api03-EXA...\n" in ran.out
    assert "             Profile (user_oauth) [via active_config]       sk-ant-oat01-EXA...\n" in ran.out
    assert "warning: ANTHROPIC_API_KEY wins over profile default: unset ANTHROPIC_API_KEY" in ran.out
    assert as_json(tmp_path, ANTHROPIC_API_KEY=KEY)["shadowed"] == ["profile default"]


def test_no_whole_secret_is_ever_shown(tmp_path: Path) -> None:
    write_profile(tmp_path)
    for flags in ((), ("--json",)):
        shown = status(tmp_path, *flags, variables={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_AUTH_TOKEN": "short"}).out
        assert KEY not in shown
        assert TOKEN not in shown
        assert "short" not in shown
        assert "sk-ant-ort" not in shown
        assert "(5 characters)" in shown


def test_drift_is_shown_with_its_remedy(tmp_path: Path) -> None:
    write_profile(tmp_path, wanted=OTHER)
    out = status(tmp_path).out
    assert f"Profile workspace_id                           {OTHER}" in out
    assert f"(active) * Active token workspace                         {WORKSPACE} (Engineering)" in out
    assert "ante auth login --profile default" in out
    assert as_json(tmp_path)["workspace"]["drift"] is True


def test_nothing_set_says_what_to_do_and_is_no_failure(tmp_path: Path) -> None:
    ran = status(tmp_path)
    assert (ran.code, ran.server.sent) == (Exit.OK, [])
    assert "None is set: ante auth login" in ran.out
    assert as_json(tmp_path)["logged_in"] is False


def test_a_profile_that_is_missing_is_told_and_not_raised(tmp_path: Path) -> None:
    ran = status(tmp_path, "--profile", "gone")
    assert ran.code == Exit.OK
    assert "'gone'" in ran.out


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, Exit.OK),
        ({"expires_at": SECONDS - 5}, Exit.OK),
        ({"expires_at": SECONDS - 5, "refresh_token": None}, Exit.AUTHENTICATION),
    ],
    ids=["good", "expired but renewed by itself", "expired for good"],
)
def test_exit_code_says_whether_a_call_could_work(tmp_path: Path, changes: dict[str, Any], code: Exit) -> None:
    write_profile(tmp_path, **changes)
    assert status(tmp_path, "--exit-code").code == code
    assert status(tmp_path).code == Exit.OK


def test_exit_code_without_any_credential_is_three(tmp_path: Path) -> None:
    assert status(tmp_path, "--exit-code").code == Exit.AUTHENTICATION


def test_verify_asks_the_server(tmp_path: Path) -> None:
    write_profile(tmp_path)
    caller = {"type": "caller", "credential": None, "account": None, "organization": None, "workspace": None}
    ran = status(tmp_path, "--verify", answers=[Scripted(body=caller)])
    assert (ran.code, ran.request.url) == (Exit.OK, "https://models.example.com/v1/me")
    assert ran.request.headers["authorization"] == f"Bearer {TOKEN}"
    assert "https://models.example.com accepts it" in ran.out


def test_verify_fails_as_the_server_refuses(tmp_path: Path) -> None:
    answers = [error(401, "authentication_error", "revoked")]
    ran = status(tmp_path, "--verify", "--json", answers=answers, variables={"ANTHROPIC_API_KEY": KEY})
    assert ran.code == Exit.AUTHENTICATION
    assert json.loads(ran.out)["verified"] == {"accepted": False, "status": 401, "message": "revoked"}


def test_federation_inputs_are_listed_with_what_is_missing(tmp_path: Path) -> None:
    given = {"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1", "ANTHROPIC_IDENTITY_TOKEN": "x" * 40}
    out = status(tmp_path, variables=given).out
    assert "ANTHROPIC_FEDERATION_RULE_ID" in out
    assert "(40 characters)" in out
    assert "ANTHROPIC_ORGANIZATION_ID" in out


def test_a_narrow_terminal_loses_no_value(tmp_path: Path) -> None:
    write_profile(tmp_path)
    shown = ante("auth", "status", home=tmp_path, terminal=True, variables={"ANTHROPIC_API_KEY": "", "NO_COLOR": "1"})
    assert max(map(len, shown.out.splitlines())) <= 80
    assert WORKSPACE in shown.out


def test_a_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    write_profile(tmp_path)
    path = tmp_path / ".config/anthropic/credentials/default.json"
    path.chmod(0o644)
    found = as_json(tmp_path)
    assert found["logged_in"] is False
    assert str(path) in found["problem"]


def test_an_admin_key_is_shown_and_never_in_force_here(tmp_path: Path) -> None:
    key = "sk-ant-admin01-EXAMPLE45678901234567890123456789012345678"
    out = status(tmp_path, variables={"ANTHROPIC_ADMIN_KEY": key}).out
    assert "             ANTHROPIC_ADMIN_KEY (administration)           sk-ant-admin01-E...\n" in out
    assert "None is set" in out


def test_what_is_in_force_is_bold_where_colours_are(tmp_path: Path) -> None:
    write_profile(tmp_path)
    out = ante("auth", "status", home=tmp_path, terminal=True, variables={"ANTHROPIC_API_KEY": KEY}).out
    bold = [line for line in out.splitlines() if line.startswith("\x1b[1m")]
    assert all("(active) *" in line for line in bold)
    assert bold
    assert any("warning: " in line for line in out.splitlines() if line.startswith("\x1b[33m"))
