"""The official SDKs let themselves in by the federation variables alone: no key, no constructor argument."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.clients.environments import node_environment, python_environment
from tests.clients.towns import operate
from tests.issuers import Signer
from tests.live import LiveServer, clean_environment

PYTHON = """
import json
import anthropic

client = anthropic.Anthropic()
message = client.messages.create(model="sim-1", max_tokens=20, messages=[{"role": "user", "content": "hi"}])
models = [model.id for model in client.models.list()]
print(json.dumps({"role": message.role, "models": models, "key": client.api_key}))
"""
TYPESCRIPT = """
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic();
const message = await client.messages.create({
  model: "sim-1", max_tokens: 20, messages: [{ role: "user", content: "hi" }],
});
const models = [];
for await (const model of client.models.list()) models.push(model.id);
console.log(JSON.stringify({ role: message.role, models, key: client.apiKey }));
"""


class Let(NamedTuple):
    """A server, a signer that it trusts, and what a workload has to know."""

    server: LiveServer
    signer: Signer
    admin: str
    rule: str
    account: str

    def variables(self, home: Path, **changed: str) -> dict[str, str]:
        """Return the environment of a workload whose platform has put an identity token into a file."""
        token = home / "token"
        token.write_text(self.signer.sign(aud=self.server.base_url, sub="system:serviceaccount:prod:batch"))
        return {
            "ANTHROPIC_BASE_URL": self.server.base_url,
            "ANTHROPIC_FEDERATION_RULE_ID": self.rule,
            "ANTHROPIC_ORGANIZATION_ID": self.server.organization_id,
            "ANTHROPIC_SERVICE_ACCOUNT_ID": self.account,
            "ANTHROPIC_IDENTITY_TOKEN_FILE": str(token),
            "HOME": str(home),
            **changed,
        }

    def history(self) -> list[dict[str, Any]]:
        headers = {"authorization": f"Bearer {self.admin}", "anthropic-version": "2026-10-21"}
        answer = self.server.ask("GET", "/v1/organizations/federation_history", headers)
        found: list[dict[str, Any]] = answer.json()["data"]
        return found


def _make(server: LiveServer, token: str, path: str, body: object) -> str:
    headers = {"authorization": f"Bearer {token}", "anthropic-version": "2026-10-21"}
    answer = server.ask("POST", f"/v1/organizations/{path}", headers, json.dumps(body))
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("federation"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def let(town: LiveServer) -> Let:
    signer = Signer("https://kubernetes.default.svc.cluster.local", "RS256")
    admin = operate(town, "token", "mint", "--scope", "org:admin")["access_token"]
    account = _make(town, admin, "service_accounts", {"name": "batch"})
    keys = {"type": "inline", "keys": signer.jwks}
    issuer = _make(town, admin, "federation_issuers", {"name": "cluster", "issuer_url": signer.url, "jwks": keys})
    rule = {
        "name": "batch",
        "issuer_id": issuer,
        "match": {"subject_prefix": "system:serviceaccount:prod:batch"},
        "target": {"type": "service_account", "service_account_id": account},
        "oauth_scope": "workspace:developer",
        "applies_to_all_workspaces": True,
    }
    return Let(town, signer, admin, _make(town, admin, "federation_rules", rule), account)


def _run(language: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    if language == "python":
        command = [str(python_environment("anthropic-2")), "-P", "-c", PYTHON]
    else:
        if shutil.which("node") is None:
            pytest.fail("node is not installed")
        (folder / "node_modules").symlink_to(node_environment() / "node_modules")
        (folder / "program.mjs").write_text(TYPESCRIPT, encoding="utf-8")
        command = ["node", "program.mjs"]
    return subprocess.run(
        command, env=clean_environment(variables), cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_an_sdk_without_arguments_calls_models(let: Let, language: str, tmp_path: Path) -> None:
    done = _run(language, tmp_path, let.variables(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["role"], told["key"]) == ("assistant", None)
    assert "sim-1" in told["models"]
    newest = let.history()[0]
    assert (newest["outcome"], newest["subject"]) == ("success", "system:serviceaccount:prod:batch")


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_an_sdk_says_which_request_was_refused_and_shows_no_token(let: Let, language: str, tmp_path: Path) -> None:
    variables = let.variables(tmp_path)
    token = tmp_path / "token"
    token.write_text(let.signer.sign(aud=let.server.base_url, sub="system:serviceaccount:prod:other"))
    done = _run(language, tmp_path, variables)
    assert done.returncode != 0
    newest = let.history()[0]
    assert newest["reason"] == "match_subject_prefix"
    assert newest["request_id"] in done.stderr
    assert token.read_text() not in done.stderr + done.stdout


def test_an_sdk_chooses_its_workspace(let: Let, tmp_path: Path) -> None:
    profile = tmp_path / ".config" / "anthropic" / "configs"
    profile.mkdir(parents=True, mode=0o755)
    variables = let.variables(tmp_path, ANTHROPIC_PROFILE="ci")
    config = {
        "version": "1.0",
        "base_url": let.server.base_url,
        "organization_id": let.server.organization_id,
        "workspace_id": "default",
        "authentication": {
            "type": "oidc_federation",
            "federation_rule_id": let.rule,
            "service_account_id": let.account,
            "identity_token": {"source": "file", "path": variables["ANTHROPIC_IDENTITY_TOKEN_FILE"]},
        },
    }
    (profile / "ci.json").write_text(json.dumps(config), encoding="utf-8")
    (profile / "ci.json").chmod(0o644)
    done = _run("python", tmp_path, variables)
    assert done.returncode == 0, done.stderr
    assert let.history()[0]["workspace_id"] == let.server.workspace_id
