"""Profiles that we write are used by the unchanged SDKs without an argument, and theirs by us."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from antechamber.base.secret import Secret
from antechamber.client.oauth import TokenAnswer
from antechamber.client.store import ProfileStore
from tests.clients.environments import node_environment, python_environment
from tests.live import clean_environment
from tests.unit.client.homes import credentials_of, environment_of, folder_of, read_json, write_json
from tests.unit.client.issuer import Issuer, issuing

_PYTHON = "import anthropic; anthropic.Anthropic().models.list()"
_NODE = "import Anthropic from '@anthropic-ai/sdk'; await new Anthropic().models.list();"
Sdk = Callable[..., None]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(params=["python", "typescript"])
def sdk(request: pytest.FixtureRequest, tmp_path: Path) -> Sdk:
    """List models with an SDK's client made without an argument."""

    def run(**variables: str) -> None:
        if request.param == "python":
            command = [str(python_environment("anthropic-2")), "-P", "-c", _PYTHON]
        else:
            # node looks for modules beside the program, wherever it is started from
            (tmp_path / "list.mjs").write_text(_NODE)
            if not (tmp_path / "node_modules").exists():
                (tmp_path / "node_modules").symlink_to(node_environment() / "node_modules")
            command = ["node", str(tmp_path / "list.mjs")]
        environment = {**clean_environment({"HOME": str(tmp_path), **variables})}
        environment.pop("XDG_CONFIG_HOME", None)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr

    return run


def log_in(home: Path, issuer: Issuer, seconds: int = 3600) -> Path:
    store = ProfileStore(environment_of(home))
    answer = TokenAnswer(
        Secret("sk-ant-oat01-0"),
        seconds,
        Secret(issuer.refresh_token),
        scope="user:inference",
        organization_uuid="11111111-1111-4111-8111-111111111111",
        organization_name="Acme",
        account_email="ada@example.com",
        workspace_id="wrkspc_01A",
        workspace_name="Engineering",
    )
    issuer.good = {"sk-ant-oat01-0"}
    store.write_login("work", answer, int(time.time()), config={"base_url": issuer.url})
    return folder_of(home) / "credentials" / "work.json"


def federate(home: Path, issuer: Issuer) -> Path:
    (home / "identity.jwt").write_text("head.body.signature\n")
    config = {
        "federation_rule_id": "fdrl_01",
        "service_account_id": "svac_01",
        "organization_id": "11111111-1111-4111-8111-111111111111",
        "workspace_id": "wrkspc_01A",
        "identity_token": {"source": "file", "path": str(home / "identity.jwt")},
        "base_url": issuer.url,
    }
    ProfileStore(environment_of(home)).write_federation("ci", config)
    return folder_of(home) / "credentials" / "ci.json"


def test_an_sdk_uses_the_log_in_that_we_wrote(sdk: Sdk, issuer: Issuer, tmp_path: Path) -> None:
    log_in(tmp_path, issuer)
    sdk()
    asked = issuer.asked[-1]
    assert (asked.headers["authorization"], asked.headers["anthropic-workspace-id"]) == (
        "Bearer sk-ant-oat01-0",
        "wrkspc_01A",
    )
    ours = dict(credentials_of(environment_of(tmp_path)).headers())
    assert {name: asked.headers[name] for name in ours} == ours


def test_an_sdk_refreshes_the_log_in_that_we_wrote_and_we_go_on_with_it(
    sdk: Sdk, issuer: Issuer, tmp_path: Path
) -> None:
    path = log_in(tmp_path, issuer, seconds=-5)
    sdk()
    assert len(issuer.of_grant("refresh_token")) == 1
    kept = read_json(path)
    assert (kept["refresh_token"], kept["account_email"], kept["workspace_name"]) == (
        "sk-ant-ort01-1",
        "ada@example.com",
        "Engineering",
    )
    headers = dict(credentials_of(environment_of(tmp_path)).headers())
    assert headers["authorization"] == "Bearer sk-ant-oat01-1"
    assert len(issuer.of_grant("refresh_token")) == 1


def test_we_refresh_as_an_sdk_does_and_it_goes_on_with_ours(sdk: Sdk, issuer: Issuer, tmp_path: Path) -> None:
    path = log_in(tmp_path, issuer, seconds=-5)
    credentials_of(environment_of(tmp_path)).headers()
    sdk()
    (ours,) = issuer.of_grant("refresh_token")
    values = {**read_json(path), "expires_at": int(time.time()) - 5}
    write_json(path, values)
    sdk()
    theirs = issuer.of_grant("refresh_token")[-1]
    assert theirs is not ours
    assert ours.body.keys() == theirs.body.keys()
    for name in ("anthropic-beta", "content-type"):
        assert ours.headers[name] == theirs.headers[name]


def test_the_token_of_a_federation_profile_is_shared_both_ways(sdk: Sdk, issuer: Issuer, tmp_path: Path) -> None:
    path = federate(tmp_path, issuer)
    environment = environment_of(tmp_path)
    credentials_of(environment).headers()
    sdk()
    (ours,) = [asked for asked in issuer.asked if asked.path == "/v1/oauth/token"]
    path.unlink()
    sdk()
    theirs = [asked for asked in issuer.asked if asked.path == "/v1/oauth/token"][-1]
    assert theirs.body == ours.body
    assert theirs.headers["anthropic-beta"] == ours.headers["anthropic-beta"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert dict(credentials_of(environment).headers())["authorization"] == "Bearer sk-ant-oat01-2"


def test_the_federation_variables_mean_the_same_to_an_sdk_and_to_us(sdk: Sdk, issuer: Issuer, tmp_path: Path) -> None:
    variables = {
        "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_01",
        "ANTHROPIC_ORGANIZATION_ID": "11111111-1111-4111-8111-111111111111",
        "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_01",
        "ANTHROPIC_WORKSPACE_ID": "wrkspc_01A",
        "ANTHROPIC_IDENTITY_TOKEN": "head.body.signature",
        "ANTHROPIC_BASE_URL": issuer.url,
    }
    sdk(**variables)
    credentials_of(environment_of(tmp_path, **variables)).headers()
    theirs, ours = [asked for asked in issuer.asked if asked.path == "/v1/oauth/token"]
    assert theirs.body == ours.body
    assert not folder_of(tmp_path).exists(), "what variables say is written nowhere"


def test_a_static_profile_is_read_for_each_call_and_never_refreshed(sdk: Sdk, issuer: Issuer, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    config = {"version": "1.0", "authentication": {"type": "user_oauth"}, "base_url": issuer.url}
    write_json(folder / "configs" / "default.json", config, 0o644)
    path = write_json(folder / "credentials" / "default.json", {"access_token": "sk-ant-oat01-a"})
    credentials = credentials_of(environment_of(tmp_path))
    for token in ("sk-ant-oat01-a", "sk-ant-oat01-b"):
        issuer.good = {token}
        write_json(path, {"access_token": token})
        sdk()
        assert dict(credentials.headers())["authorization"] == f"Bearer {token}"
    assert json.loads(path.read_text()) == {"access_token": "sk-ant-oat01-b"}
