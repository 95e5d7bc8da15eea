"""The commands that found and keep a server, as processes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import LiveServer, ask, clean_environment

KEYS = ["organization_id", "workspace_id", "admin_email", "admin_key", "api_key", "setup_url"]


def ante(*arguments: str, env: dict[str, str] | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "antechamber", *arguments],
        env=clean_environment(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def init(data: Path, *more: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    who = ["--organization", "Acme", "--admin-email", "ada@EXAMPLE.com"]
    return ante("init", *who, "--data", str(data), *more, code=code)


def test_init_prints_exactly_these_six_once(tmp_path: Path) -> None:
    made = json.loads(init(tmp_path, "--json").stdout)
    assert list(made) == KEYS
    assert made["admin_email"] == "ada@example.com"
    assert made["admin_key"].startswith("sk-ant-admin01-")
    assert made["api_key"].startswith("sk-ant-api03-")
    assert made["setup_url"].startswith("http://127.0.0.1:8787/setup?token=sk-ant-setup01-")
    again = init(tmp_path, "--json", code=1)
    assert again.stdout == ""
    assert "has an organization already" in again.stderr
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (made["admin_key"], made["api_key"], made["setup_url"].partition("token=")[2]):
        assert secret[-40:].encode() not in stored


@pytest.mark.parametrize(("name", "email"), [("", "a@b.c"), ("x" * 101, "a@b.c"), ("Acme", "nobody")])
def test_init_refuses_what_cannot_be_kept(tmp_path: Path, name: str, email: str) -> None:
    ante("init", "--organization", name, "--admin-email", email, "--data", str(tmp_path), code=2)


def test_a_token_is_minted_with_and_without_a_running_server(make_server: Callable[..., LiveServer]) -> None:
    server = make_server()
    mint = ["token", "mint", "--scope", "org:admin", "--data", str(server.data), "--ttl"]
    for is_running in (True, False):
        if not is_running:
            server.stop()
        made = ante(*mint, "1h")
        token = made.stdout.strip()
        assert token.startswith("sk-ant-oat01-")
        assert token not in made.stderr
        if not is_running:
            server.start()
        headers = {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01"}
        assert server.ask("GET", "/v1/organizations/me", headers).status == 200
        assert server.ask("GET", "/v1/models", headers).status == 403
    shown = json.loads(ante(*mint, "90", "--json").stdout)
    assert set(shown) == {"access_token", "expires_at", "scope", "organization_id", "token_type", "user_id"}
    assert "must be from 60 s to 86400 s" in ante(*mint, "2d", code=1).stderr
    ante(*mint, "soon", code=2)


def test_the_configuration_is_shown_with_its_sources_and_without_secrets(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text(
        'port = 9000\n[[providers]]\nname = "a"\nkind = "anthropic"\nbase_url = "http://x"\napi_key = "canary"\n',
        encoding="utf-8",
    )
    place = ["--config", str(config), "--data", str(tmp_path / "data")]
    env = {"ANTE_SERVER_PEPPER": "canary", "ANTE_SERVER_HOST": "::1"}
    shown = ante("config", "show", "--json", *place, env=env).stdout
    settings = json.loads(shown)["settings"]
    assert settings["port"] == {"value": 9000, "source": str(config)}
    assert settings["host"] == {"value": "::1", "source": "ANTE_SERVER_HOST"}
    assert settings["data"]["source"] == "--data"
    assert settings["workers"] == {"value": 1, "source": "default"}
    assert settings["pepper"]["value"] == "**********"
    assert "canary" not in shown + ante("config", "show", *place, env=env).stdout
    assert "did you mean ANTE_SERVER_PORT?" in ante("config", "show", env={"ANTE_SERVER_PROT": "1"}, code=2).stderr


def test_a_reload_takes_up_a_good_file_and_keeps_the_old_one_before_a_bad_one(
    make_server: Callable[..., LiveServer],
) -> None:
    server = make_server(config='[aliases]\nbest = "sim-1"\n')
    place = ["config", "reload", "--data", str(server.data)]
    headers = {"x-api-key": server.api_key, "anthropic-version": "2023-06-01"}

    def is_served(model: str) -> bool:
        return server.ask("GET", f"/v1/models/{model}", headers).status == 200

    assert is_served("best")
    server.config.write_text('[aliases]\nbetter = "sim-1"\n', encoding="utf-8")
    assert "Reloaded" in ante(*place).stdout
    assert is_served("better")
    assert not is_served("best")
    for bad in (
        "[aliases",
        '[[providers]]\nname = "a"\n',
        "aliases = 5",
        '[aliases]\nworse = "sim-1"\n[egress]\nblock = []\n',
        '[[providers]]\nname="a"\nkind="openai"\nbase_url="http://x"\nca_file="/none"\n',
    ):
        server.config.write_text(bad, encoding="utf-8")
        assert "the server keeps what it had: " in ante(*place, code=1).stderr
        assert is_served("better")
    server.stop()
    assert "providers: ca_file /none: cannot be used: " in ante(*server.arguments, code=2).stderr
    assert "no server runs on" in ante(*place, code=1).stderr


def test_migrate_says_where_the_database_was_and_is(tmp_path: Path) -> None:
    first = json.loads(ante("migrate", "--json", "--data", str(tmp_path)).stdout)
    assert first["before"] is None
    assert f"is at {first['after']} already" in ante("migrate", "--data", str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("arguments", "env", "message"),
    [
        ([], {"ANTE_SERVER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "database is not reachable"),
        (["--tls-cert", "/none/cert.pem", "--tls-key", "/none/key.pem"], {}, "/none/"),
        (
            ["--tls-cert", "Makefile", "--tls-key", "Makefile"],
            {},
            "tls_cert Makefile, tls_key Makefile: cannot",
        ),
        (["--port", "70000"], {}, "70000"),
        ([], {"ANTE_SERVER_METRICS_PORT": "70000"}, "metrics: 127.0.0.1:70000: cannot be listened on"),
        (["--config", "/none.toml"], {}, "/none.toml: cannot be read"),
        (["--workers", "2"], {}, "workers: "),
        ([], {"ANTE_SERVER_HOST": "203.0.113.1"}, "203.0.113.1"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_a_sentence(
    tmp_path: Path, arguments: list[str], env: dict[str, str], message: str
) -> None:
    place = ["serve", "--data", str(tmp_path), "--port", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "antechamber", *place, *arguments],
        env=clean_environment(env),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode in {1, 2}, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_server_on_one_data_folder_or_port_is_refused(make_server: Callable[..., LiveServer]) -> None:
    server = make_server()
    assert "uses this data folder" in ante("serve", "--data", str(server.data), "--port", "0", code=1).stderr
    other = server.data.parent / "other"
    port = str(server.port)
    assert "cannot be listened on" in ante("serve", "--data", str(other), "--port", port, code=2).stderr


def test_a_set_up_link_opens_its_page(tmp_path: Path, make_server: Callable[..., LiveServer]) -> None:
    server = make_server()
    server.stop()
    made = json.loads(init(tmp_path, "--json").stdout)
    server.arguments[server.arguments.index("--data") + 1] = str(tmp_path)
    server.start()
    path = made["setup_url"].removeprefix("http://127.0.0.1:8787")
    page = ask(server.host, server.port, "GET", path)
    assert page.status == 200
    assert b"ada@example.com" in page.body
    assert made["setup_url"].partition("token=")[2] not in server.log()
