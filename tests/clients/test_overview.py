"""The published Admin API overview, typed step by step with curl: only the host is another one, in both versions."""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.towns import operate
from tests.live import LiveServer, clean_environment

VERSIONS = ("2023-06-01", "2026-10-21")
ORGANIZATION = "/v1/organizations"
TODAY = time.strftime("%Y-%m-%d", time.gmtime())


@dataclass(frozen=True)
class Shell:
    """Types what the overview shows: `--header`, `--data` without a content type, `--request` where it has it."""

    server: LiveServer
    version: str

    def curl(self, path: str, data: object = None, request: str | None = None, status: int = 200) -> Any:  # noqa: ANN401 - whatever JSON holds
        assert shutil.which("curl"), "curl is not installed"
        command = ["curl", "--silent", "--show-error", "--globoff", "--write-out", "\n%{http_code}"]
        command += [*(["--request", request] if request else []), f"{self.server.base_url}{ORGANIZATION}{path}"]
        command += ["--header", f"anthropic-version: {self.version}"]
        command += ["--header", f"x-api-key: {self.server.admin_key}"]
        command += [] if data is None else ["--data", json.dumps(data)]
        done = subprocess.run(command, env=clean_environment(), check=True, capture_output=True, text=True, timeout=30)
        body, _, code = done.stdout.rpartition("\n")
        assert int(code) == status, done.stdout
        return json.loads(body)

    def name(self, what: str) -> str:
        return f"overview-{self.version}-{what}"


@pytest.fixture(params=VERSIONS)
def shell(request: pytest.FixtureRequest, town: LiveServer) -> Shell:
    return Shell(town, request.param)


def person(shell: Shell, what: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return operate(shell.server, "people", "add", f"{shell.name(what)}@example.com")


def listed(answer: Any, *fields: str) -> list[Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a list's entries, each with exactly these fields."""
    assert set(answer) == {"data", "has_more", "first_id", "last_id"}
    for entry in answer["data"]:
        assert set(entry) == set(fields)
    return list(answer["data"])


USER = ("id", "type", "email", "name", "role", "added_at")
INVITE = ("id", "type", "email", "role", "status", "invited_at", "expires_at", "accepted_at", "rbac_group_ids")
WORKSPACE = (
    "id", "type", "name", "created_at", "archived_at", "display_color", "compartment_id", "data_residency",
    "external_key_id", "tags", "user_profile_id",
)  # fmt: skip
MEMBER = ("type", "user_id", "workspace_id", "workspace_role")


def test_members_are_listed_changed_and_removed_as_published(shell: Shell) -> None:
    made = person(shell, "member")
    users = listed(shell.curl("/users?limit=10"), *USER)
    assert made["id"] in [user["id"] for user in users]
    assert shell.curl(f"/users/{made['id']}", {"role": "developer"})["role"] == "developer"
    assert shell.curl(f"/users/{made['id']}", request="DELETE") == {"id": made["id"], "type": "user_deleted"}
    shell.curl(f"/users/{made['id']}", status=404)


def test_invites_are_made_listed_and_deleted_as_published(shell: Shell) -> None:
    email = f"{shell.name('guest')}@example.com"
    made = shell.curl("/invites", {"email": email, "role": "developer"}, request="POST")
    assert (set(made), made["status"], made["email"]) == (set(INVITE), "pending", email)
    assert made["id"] in [invite["id"] for invite in listed(shell.curl("/invites?limit=10"), *INVITE)]
    assert shell.curl(f"/invites/{made['id']}", request="DELETE") == {"id": made["id"], "type": "invite_deleted"}


def test_workspaces_are_made_listed_and_archived_as_published(shell: Shell) -> None:
    made = shell.curl("/workspaces", {"name": shell.name("Production")}, request="POST")
    assert (set(made), made["type"], made["archived_at"]) == (set(WORKSPACE), "workspace", None)
    found = listed(shell.curl("/workspaces?limit=10&include_archived=false"), *WORKSPACE)
    assert made["id"] in [workspace["id"] for workspace in found]
    assert shell.curl(f"/workspaces/{made['id']}/archive", request="POST")["archived_at"]


def test_workspace_members_are_added_changed_and_removed_as_published(shell: Shell) -> None:
    room = shell.curl("/workspaces", {"name": shell.name("Room")}, request="POST")["id"]
    user_id = person(shell, "inmate")["id"]
    named = {"type": "workspace_member", "user_id": user_id, "workspace_id": room}
    body = {"user_id": user_id, "workspace_role": "workspace_developer"}
    added = shell.curl(f"/workspaces/{room}/members", body, request="POST")
    assert added == {**named, "workspace_role": "workspace_developer"}
    assert added in listed(shell.curl(f"/workspaces/{room}/members?limit=10"), *MEMBER)
    changed = shell.curl(f"/workspaces/{room}/members/{user_id}", {"workspace_role": "workspace_admin"}, request="POST")
    assert changed == {**named, "workspace_role": "workspace_admin"}
    removed = shell.curl(f"/workspaces/{room}/members/{user_id}", request="DELETE")
    assert removed == {**named, "type": "workspace_member_deleted"}


def test_keys_are_listed_and_updated_as_published(shell: Shell) -> None:
    room = shell.server.workspace_id
    keys = shell.curl(f"/api_keys?limit=10&status=active&workspace_id={room}")["data"]
    old = {"workspace_id"} if shell.version == VERSIONS[0] else set()
    shape = {"id", "type", "name", "status", "partial_key_hint", "created_at", "expires_at", "created_by", "principal",
             "scope"} | old  # fmt: skip
    assert all(set(key) == shape for key in keys)
    made = shell.curl("/api_keys", {"name": shell.name("key")}, request="POST")
    changed = shell.curl(f"/api_keys/{made['id']}", {"status": "inactive", "name": "New Key Name"}, request="POST")
    assert (changed["status"], changed["name"]) == ("inactive", "New Key Name")


def test_the_organization_says_who_it_is(shell: Shell) -> None:
    assert shell.curl("/me") == {"id": shell.server.organization_id, "type": "organization", "name": "Acme"}


def test_usage_and_cost_reports_answer_as_published(shell: Shell) -> None:
    start = f"starting_at={TODAY}T00:00:00Z"
    usage = shell.curl(f"/usage_report/messages?{start}&group_by[]=workspace_id&group_by[]=model")
    (row,) = [row for row in usage["data"][0]["results"] if row["model"] == "sim-1"]
    assert (set(usage), row["workspace_id"]) == ({"data", "has_more", "next_page"}, None)
    assert row["output_tokens"] > 0
    cost = shell.curl(f"/cost_report?{start}&group_by[]=workspace_id&group_by[]=description")
    rows = cost["data"][0]["results"]
    assert (set(cost), {row["currency"] for row in rows}) == ({"data", "has_more", "next_page"}, {"USD"})
    assert all(isinstance(row["amount"], str) and float(row["amount"]) > 0 for row in rows)
    assert {row["cost_type"] for row in rows} == {"tokens"}


def test_the_claude_code_report(shell: Shell) -> None:
    report = shell.curl(f"/usage_report/claude_code?starting_at={TODAY}")
    assert (set(report), report["has_more"]) == ({"data", "has_more", "next_page"}, False)
