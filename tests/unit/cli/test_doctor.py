"""What the doctor finds: each thing planted as people plant it, in real folders, repositories and programs."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.secret import SecretKind, mint_secret
from antechamber.cli.doctor.access import access_checks, dotenv_checks
from antechamber.cli.doctor.findings import Check, show, summary
from antechamber.cli.doctor.folders import folder_checks
from antechamber.cli.doctor.names import certificate_end, name_checks
from antechamber.cli.doctor.programs import on_path, program_checks
from antechamber.cli.doctor.project import project_checks, project_root, read_lock
from antechamber.cli.doctor.scan import scan_checks
from antechamber.cli.doctor.secrets_in_text import secrets_in
from antechamber.cli.doctor.traps import TRAPS, read_version
from antechamber.cli.doctor.variables import UNREAD, variable_checks
from antechamber.cli.world import system_world
from antechamber.client.credentials import Given, find_access
from antechamber.client.dotenv import fill, find_env_file
from antechamber.client.environment import VARIABLES, Environment

HOME = Path("/home/nobody")


def checks_of(**variables: str) -> list[Check]:
    return list(variable_checks(Environment(variables, HOME)))


def texts(checks: list[Check]) -> str:
    return "\n".join(f"{check.status} {check.detail} {check.fix}" for check in checks)


def test_variables_that_get_along_are_one_line() -> None:
    found = checks_of(ANTHROPIC_API_KEY="sk-ant-api03-x", ANTHROPIC_BASE_URL="https://models.example.com")
    assert [check.status for check in found] == ["ok"]


@pytest.mark.parametrize("name", sorted(UNREAD))
def test_a_variable_that_no_client_reads_is_named_with_its_right_name(name: str) -> None:
    found = checks_of(**{name: "value"})
    assert f"warning {name} is set, and no client reads it: it is called {UNREAD[name]}" in texts(found)
    assert found[0].fix.splitlines()[-1] == f"unset {name}"
    assert name not in VARIABLES


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ANTHROPIC_API_KYE": "x"}, "misspelt ANTHROPIC_API_KEY"),
        ({"ANTHROPIC_API_KEY": ""}, "set to nothing"),
        ({"ANTHROPIC_API_KEY": " sk-ant"}, "white space"),
        ({"ANTHROPIC_API_KEY": '"sk-ant"'}, "quotes"),
        ({"OPENAI_API_KEY": "clé"}, "no header can carry"),
        ({"ANTHROPIC_API_KEY": "sk-ant-admin01-abc"}, "admin key"),
        ({"ANTHROPIC_API_KEY": "sk-ant-oat01-abc"}, "access token"),
        ({"ANTHROPIC_BASE_URL": "models.example.com"}, "export ANTHROPIC_BASE_URL=https://models.example.com"),
        ({"ANTHROPIC_BASE_URL": "https://m.example.com/v1/"}, "export ANTHROPIC_BASE_URL=https://m.example.com"),
        ({"OPENAI_BASE_URL": "https://m.example.com/v1"}, "serves no credential"),
        ({"ANTHROPIC_API_KEY": "a", "ANTHROPIC_AUTH_TOKEN": "b"}, "both set"),
        ({"ANTE_BASE_URL": "http://a", "ANTHROPIC_BASE_URL": "http://b"}, "for this command only"),
        ({"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BASE_URL": "http://b"}, "pass by ANTHROPIC_BASE_URL"),
        ({"ANTHROPIC_ORGANIZATION_ID": "a"}, "half configured"),
        ({"https_proxy": "http://a", "HTTPS_PROXY": "http://b"}, "differ"),
        ({"SSL_CERT_FILE": "/a", "NODE_EXTRA_CA_CERTS": "/b"}, "different certificates"),
    ],
)
def test_variables_that_cannot_work_are_told(variables: dict[str, str], said: str) -> None:
    assert said in texts(checks_of(**variables))


def test_no_finding_shows_a_secret() -> None:
    secret = mint_secret(SecretKind.API_KEY, SystemChance()).reveal()
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY", "CLAUDE_API_KEY"):
        for value in (f" {secret}", f'"{secret}"', secret):
            assert secret not in texts(checks_of(**{name: value}))


def test_modes_links_and_locks_come_with_the_command_that_mends_them(tmp_path: Path) -> None:
    environment = Environment({"ANTHROPIC_CONFIG_DIR": str(tmp_path)}, tmp_path)
    for folder in ("credentials", "configs"):
        (tmp_path / folder).mkdir(mode=0o700)
    loose, config = tmp_path / "credentials/a.json", tmp_path / "configs/a.json"
    for path in (loose, config):
        path.write_text("{}")
    loose.chmod(0o600)
    config.chmod(0o644)
    assert [check.status for check in folder_checks(environment, SystemClock())] == ["ok"]
    loose.chmod(0o644)
    config.chmod(0o666)
    (tmp_path / "credentials/b.json").symlink_to(loose)
    lock = tmp_path / "credentials.lock"
    lock.mkdir()
    subprocess.run(["touch", "-d", "1 hour ago", str(lock)], check=True)
    fixes = [check.fix for check in folder_checks(environment, SystemClock())]
    assert fixes == [f"chmod 600 {loose}", "", f"chmod 644 {config}", f"rmdir {lock}"]
    for fix in filter(None, fixes):
        subprocess.run(fix.split(), check=True)
    (tmp_path / "credentials/b.json").unlink()
    assert [check.status for check in folder_checks(environment, SystemClock())] == ["ok"]


def test_every_python_on_the_path_is_asked_for_its_sdks(tmp_path: Path) -> None:
    real = subprocess.run(["sh", "-c", "command -v python3"], capture_output=True, text=True, check=True).stdout.strip()
    first, second = tmp_path / "a", tmp_path / "b"
    for folder, version in ((first, "0.39.0"), (second, "2.11.0")):
        folder.mkdir()
        script = folder / "python3"
        answer = json.dumps({"version": "3.12.0", "packages": {"anthropic": version}})
        script.write_text(f"#!{real}\nprint('{answer}')\n")
        script.chmod(0o755)
    environment = Environment({"PATH": f"{first}:{second}:{first}"}, tmp_path)
    assert on_path(environment, "python3", "python") == [first / "python3", second / "python3"]
    found = list(program_checks(environment, tmp_path))
    assert found[0].detail == f"{first / 'python3'} (the first on PATH): Python 3.12.0, anthropic 0.39.0"
    assert "anthropic is installed in 2 versions: 0.39.0, 2.11.0" in texts(found)


LOCKS = {
    "requirements.txt": "anthropic[vertex]==1.2.0 \\\n    --hash=sha256:00\n"
    "openai==1.3.5\nhttpx==0.28.1 ; python_version > '3'\n",
    "requirements-dev.txt": "anthropic==0.39.0\nhttpx==0.28.0\n",
    "poetry.lock": '[[package]]\nname = "anthropic"\nversion = "1.2.0"\n',
    "uv.lock": '[[package]]\nname = "openai"\nversion = "1.60.0"\n[[package]]\nname = "own"\n',
    "pdm.lock": '[[package]]\nname = "anthropic"\nversion = "0.50.0"\n',
    "Pipfile.lock": '{"default": {"openai": {"version": "==1.3.5"}, "editable": {}}}',
    "package-lock.json": '{"packages": {"": {}, "node_modules/@anthropic-ai/sdk": {"version": "1.11.0"},'
    ' "node_modules/x/node_modules/openai": {"version": "3.0.0"}}}',
    "yarn.lock": '"@anthropic-ai/sdk@^1.0.0":\n  version "1.4.0"\n',
    "pnpm-lock.yaml": "packages:\n  '@anthropic-ai/sdk@1.4.0':\n    resolution: {}\n  openai@5.1.0(zod@3.0.0):\n",
}


def test_every_kind_of_lock_file_is_read(tmp_path: Path) -> None:
    for name, text in LOCKS.items():
        (tmp_path / name).write_text(text)
    read = {name: dict(found[1]) for name in LOCKS if (found := read_lock(tmp_path / name))}
    assert read["requirements.txt"] == {"anthropic": "1.2.0", "openai": "1.3.5", "httpx": "0.28.1"}
    assert read["poetry.lock"] == {"anthropic": "1.2.0"}
    assert read["uv.lock"]["openai"] == "1.60.0"
    assert read["Pipfile.lock"] == {"openai": "1.3.5"}
    assert read["package-lock.json"] == {"@anthropic-ai/sdk": "1.11.0"}
    assert read["yarn.lock"] == {"@anthropic-ai/sdk": "1.4.0"}
    assert read["pnpm-lock.yaml"] == {"@anthropic-ai/sdk": "1.4.0", "openai": "5.1.0"}
    assert read.keys() == LOCKS.keys()


@pytest.mark.parametrize("name", [name for name in LOCKS if not name.startswith("requirements")])
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[[package]]\nversion = 3", "\x00", "null", '{"packages": 3, "default": []}']
)
def test_a_lock_file_that_is_none_is_passed_over(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    found = read_lock(path)
    assert found is None or all(isinstance(version, str) for version in found[1].values())


def test_a_call_that_the_locked_version_dropped_is_found_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(LOCKS["requirements.txt"])
    (tmp_path / "src").mkdir()
    (tmp_path / "src/ask.py").write_text("import anthropic\n\nclient.completions.create(model='x')\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/other.py").write_text("client.completions.create()")
    found = [check for check in project_checks(tmp_path / "src") if check.status == "failure"]
    assert project_root(tmp_path / "src") == tmp_path
    assert "client.completions is gone, and is called at src/ask.py:3" in found[0].detail
    assert found[0].advice == "call client.messages.create, or keep anthropic<1"


def test_versions_that_fail_together_are_told_without_any_call(tmp_path: Path) -> None:
    (tmp_path / "requirements-dev.txt").write_text(LOCKS["requirements-dev.txt"])
    (tmp_path / ".git").mkdir()
    found = texts(list(project_checks(tmp_path)))
    assert "fails to start beside httpx 0.28" in found
    (tmp_path / "requirements-dev.txt").write_text("anthropic==2.11.0\nhttpx==0.28.0\n")
    assert "warning" not in texts(list(project_checks(tmp_path)))


def test_every_trap_tells_its_source_and_its_remedy() -> None:
    assert all(trap.source and trap.remedy and trap.what for trap in TRAPS)


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.55.3", (1, 55, 3)), ("v20.1.0", (20, 1, 0)), ("==0.39.0", (0, 39, 0)), ("2.0.0rc1", (2, 0, 0)), ("x", ())],
)
def test_versions_are_read_as_numbers(text: str, version: tuple[int, ...]) -> None:
    assert read_version(text) == version


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def test_a_key_in_a_tracked_file_and_one_in_the_past_are_found(tmp_path: Path) -> None:
    ours = mint_secret(SecretKind.API_KEY, SystemChance()).reveal()
    gone = mint_secret(SecretKind.ADMIN_KEY, SystemChance()).reveal()
    git(tmp_path, "init", "-q")
    assert [check.status for check in scan_checks(tmp_path)] == ["ok"]
    (tmp_path / "old.py").write_text(f"x = 1\nkey = '{gone}'\n")
    (tmp_path / "clean.py").write_text("key = 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH'\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "old.py").write_text("x = 1\n")
    (tmp_path / "it's here.env").write_text(f"\nANTHROPIC_API_KEY={ours}\n")
    (tmp_path / "untracked.env").write_text(f"ANTHROPIC_API_KEY={ours}\n")
    git(tmp_path, "add", "old.py", "it's here.env")
    git(tmp_path, "commit", "-qm", "two")
    found = [check.detail for check in scan_checks(tmp_path)]
    assert found == [
        f"it's here.env:2 has a key of an Antechamber server: {ours[:14]}…",
        f"old.py had a key of an Antechamber server in an earlier commit: {gone[:14]}…",
    ]


def test_a_folder_without_a_repository_is_said_to_be_one(tmp_path: Path) -> None:
    assert [check.status for check in scan_checks(tmp_path)] == ["skipped"]


@given(st.binary(max_size=2000))
def test_nothing_drawn_by_chance_is_a_key_of_ours(content: bytes) -> None:
    assert not [found for found in secrets_in(content) if "Antechamber" in found[1] and "secret" not in found[1]]


def test_a_name_that_leads_nowhere_is_told() -> None:
    assert [check.status for check in name_checks("https://nowhere.invalid:8443")] == ["failure"]
    assert [check.status for check in name_checks("http://localhost:8787")] == ["ok"]
    assert list(name_checks("http://127.0.0.1:8787")) == []
    assert certificate_end("127.0.0.1", 1, None) is None


def test_findings_fit_the_terminal_and_commands_are_never_wrapped() -> None:
    fix = "export A_VERY_LONG_VARIABLE_NAME=https://models.example.com/with/a/long/path/that/goes/on/and/on/for/ever"
    shown = show([Check("one", "warning", "word " * 40, "advice " * 20, fix), Check("longer", "ok", "fine")], 60)
    assert f"$ {fix}" in shown
    assert all(len(line) <= 60 for line in shown.splitlines() if "$" not in line)
    assert (
        summary([Check("a", "failure", ""), Check("b", "warning", ""), Check("c", "warning", "")])
        == "1 failure, 2 warnings."
    )
    assert summary([Check("a", "ok", "")]) == "Nothing is wrong."


def test_env_files_are_listed_in_the_order_in_which_they_are_found(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".qwen").mkdir(parents=True)
    (project / ".qwen/.env").write_text("OPENAI_API_KEY=one\nHTTPS_PROXY=http://proxy.example.com\nLD_PRELOAD=x\n")
    (project / ".env").write_text("OPENAI_API_KEY=two\n")
    environment = Environment({}, tmp_path)
    environment = fill(environment, *find_env_file(project, environment))
    found = list(dotenv_checks(environment, project))
    assert found[0].detail == f"{project}/.qwen/.env: used, sets OPENAI_API_KEY"
    assert {check.fix for check in found} == {"", f"ante trust {project}"}
    assert f"{project}/.env: passed over" in texts(found)
    assert [check.status for check in dotenv_checks(Environment({}, tmp_path), tmp_path)] == ["ok"]


def test_a_credential_that_may_do_too_much_or_no_longer_works_is_told(tmp_path: Path) -> None:
    def checks(**variables: str) -> str:
        environment = Environment({"ANTHROPIC_CONFIG_DIR": str(tmp_path), **variables}, tmp_path)
        return texts(list(access_checks(find_access(Given(), environment, strict=False), system_world())))

    assert "ante auth login" in checks()
    assert "warning ANTHROPIC_API_KEY holds an admin key" in checks(ANTHROPIC_API_KEY="sk-ant-admin01-x")
    (tmp_path / "configs").mkdir()
    (tmp_path / "credentials").mkdir(mode=0o700)
    config, credentials = tmp_path / "configs/default.json", tmp_path / "credentials/default.json"
    config.write_text(
        json.dumps(
            {"version": "1.0", "authentication": {"type": "user_oauth", "client_id": "c"}, "workspace_id": "wrkspc_a"}
        )
    )
    token = {
        "version": "1.0",
        "type": "oauth_token",
        "access_token": "sk-ant-oat01-x",
        "expires_at": 1,
        "refresh_token": "r",
    }
    credentials.write_text(json.dumps({**token, "scope": "user:profile org:admin", "workspace_id": "wrkspc_b"}))
    credentials.chmod(0o600)
    said = checks()
    assert "its token is renewed at the next use" in said
    assert "may administer the whole organization" in said
    assert "its token is bound to wrkspc_b" in said
