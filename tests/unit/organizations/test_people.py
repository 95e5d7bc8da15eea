"""`ante people` and a person's tokens: through a running server's socket, and beside a stopped one."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import LiveServer, clean_environment
from tests.unit.mail.servers import Postbox, smtp_server


def ante(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "antechamber", *arguments, "--data", str(data)]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False, timeout=50)


def status(server: LiveServer, token: str, path: str = "/v1/organizations/users") -> int:
    return server.ask("GET", path, {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01"}).status


@pytest.fixture(params=["running", "stopped"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> LiveServer:
    made = LiveServer(tmp_path)
    if request.param == "running":
        made.start()
        request.addfinalizer(made.stop)  # noqa: PT021 - only one of the two has anything to stop
    return made


def test_the_operator_adds_appoints_and_removes_people(server: LiveServer) -> None:
    data = server.data
    added = ante(data, "people", "add", "Ada@Example.com", "--role", "admin", "--name", "Ada", "--json")
    assert (added.returncode, json.loads(added.stdout)["role"]) == (0, "admin")
    ada = json.loads(added.stdout)
    assert (ada["email"], ada["name"], ada["type"]) == ("Ada@example.com", "Ada", "user")
    again = ante(data, "people", "add", "ada@example.com")
    assert again.returncode
    assert ada["id"] in again.stderr
    assert ante(data, "people", "add", "bob@example.com").returncode == 0
    shown = ante(data, "people", "list").stdout.splitlines()
    assert [line.split()[1:3] for line in shown] == [["admin", "Ada@example.com"], ["user", "bob@example.com"]]
    assert ante(data, "people", "appoint", "bob@example.com", "--role", "billing").stdout.split()[1] == "billing"
    assert ante(data, "people", "remove", "ada@example.com").stdout == f"{ada['id']} is no longer a member\n"
    last = ante(data, "people", "remove", "bob@example.com")
    assert "only member" in last.stderr
    nobody = ante(data, "people", "remove", "cy@example.com")
    assert nobody.stderr == "Error: email: cy@example.com is not a member of the organization\n"


def test_a_persons_token_opens_what_their_role_may(server: LiveServer) -> None:
    data = server.data
    ante(data, "people", "add", "ada@example.com", "--role", "admin")
    ante(data, "people", "add", "bob@example.com")
    minted = ante(data, "token", "mint", "--user", "ada@example.com", "--scope", "org:admin")
    refused = ante(data, "token", "mint", "--user", "bob@example.com", "--scope", "org:admin")
    assert "org:admin needs the role admin" in refused.stderr
    stranger = ante(data, "token", "mint", "--user", "cy@example.com", "--scope", "user:profile")
    assert "cy@example.com is not a member" in stranger.stderr
    small = ante(data, "token", "mint", "--user", "bob@example.com", "--scope", "user:profile").stdout.strip()
    if not server.is_running():
        server.start()
    try:
        assert status(server, minted.stdout.strip()) == 200
        assert (status(server, small), status(server, small, "/v1/organizations/me")) == (403, 200)
    finally:
        server.stop()


def test_an_invite_goes_out_by_smtp_or_by_its_link(make_server: Callable[..., LiveServer]) -> None:
    with smtp_server(Postbox()) as postbox:
        mail = {
            "ANTE_SERVER_MAIL_URL": f"smtp://127.0.0.1:{postbox.port}",
            "ANTE_SERVER_MAIL_FROM": "Acme <a@b.example>",
        }
        server = make_server(env=mail)
        headers = {"x-api-key": server.admin_key, "anthropic-version": "2023-06-01"}
        body = json.dumps({"email": "ada@example.com", "role": "developer"})
        invite = server.ask("POST", "/v1/organizations/invites", headers, body)
        assert invite.status == 200
        link = ante(server.data, "people", "invite-link", invite.json()["id"]).stdout.strip()
        postbox.wait(10)
        server.stop()
    (message,) = postbox.messages
    assert (message["From"], message["To"]) == ("Acme <a@b.example>", "ada@example.com")
    assert link.startswith(f"{server.base_url}/invite?token=sk-ant-invite01-")
    assert link in message.get_content()
    assert link.partition("token=")[2] not in server.log()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("MAIL_URL", "http://user:hunter2@mail.example.com", "mail_url: must be as smtp://user:password@host:587"),
        ("MAIL_FROM", "nobody", "mail_from: must be one address"),
    ],
)
def test_mail_settings_that_cannot_work_stop_the_start(tmp_path: Path, variable: str, value: str, says: str) -> None:
    server = LiveServer(tmp_path, environment={f"ANTE_SERVER_{variable}": value})
    with pytest.raises(RuntimeError) as caught:
        server.start()
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_administration_may_be_held_to_a_pace(make_server: Callable[..., LiveServer]) -> None:
    server = make_server(env={"ANTE_SERVER_ADMIN_REQUESTS_PER_MINUTE": "2"})
    headers = {"x-api-key": server.admin_key, "anthropic-version": "2023-06-01"}
    answers = [server.ask("GET", f"/v1/organizations/{path}", headers) for path in ("me", "users", "invites")]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["type"] == "rate_limit_error"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
