"""OAuth clients as the operator registers them: through the acts of the socket, and by the command."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.cli.server.oauth import command
from antechamber.features.oauth.model.clients import ANT, CLAUDE_CODE, OURS
from antechamber.wiring.administration import ACTS
from tests.api.conftest import House
from tests.live import LiveServer

URI = "https://app.example.com/callback"

# click keeps the help option of the first context that it makes, and the help of every command is compared elsewhere
_AS_BELOW_THE_ROOT: Any = {"help_option_names": ["-h", "--help"]}


async def act(house: House, act_name: str, /, **asked: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    return await ACTS[f"oauth_clients.{act_name}"](house.app.storage, asked)


async def create(house: House, **more: object) -> Any:  # noqa: ANN401 - as above
    return await act(house, "create", **{"name": "App", "redirect_uris": [URI], "grants": [], "scopes": [], **more})


async def test_every_server_knows_three_clients_from_the_start(house: House) -> None:
    found = (await act(house, "list"))["data"]
    assert [client["id"] for client in found] == [ANT, OURS, CLAUDE_CODE]
    assert all(client["built_in"] for client in found)


async def test_a_public_client_is_registered_and_removed(house: House) -> None:
    made = await create(house, id="app")
    assert (made["id"], made["confidential"], made["secret"]) == ("app", False, None)
    assert made["scopes"] == ["user:profile", "user:inference", "user:developer"]
    shown = await act(house, "get", id="app")
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert await act(house, "delete", id="app") == {"id": "app", "type": "oauth_client_deleted"}
    with pytest.raises(NotFound):
        await act(house, "get", id="app")


async def test_a_confidential_client_has_a_secret_that_is_shown_once_and_can_be_rotated(house: House) -> None:
    made = await create(house, confidential=True)
    assert made["secret"]
    assert "secret" not in await act(house, "get", id=made["id"])
    assert (await act(house, "rotate_secret", id=made["id"]))["secret"] != made["secret"]


async def test_a_client_without_redirects_is_one_for_devices(house: House) -> None:
    made = await create(house, redirect_uris=[])
    assert made["grants"] == ["refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]


async def test_a_client_may_be_one_organizations_alone(house: House) -> None:
    made = await create(house, organization_id=house.founded.organization_id)
    assert made["organization_id"] == house.founded.organization_id


@pytest.mark.parametrize(
    "wrong",
    [{"redirect_uris": ["http://app.example.com/"]}, {"name": ""}, {"scopes": ["everything"]}, {"id": "a b"}],
)
async def test_a_client_that_breaks_a_rule_is_not_registered(house: House, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        await create(house, **wrong)


async def test_what_is_built_in_stays(house: House) -> None:
    with pytest.raises(InvalidRequest, match="built in"):
        await act(house, "delete", id=ANT)


def ante(server: LiveServer, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(command, [*words, "--data", str(server.data)], **_AS_BELOW_THE_ROOT)
    assert done.exit_code == code, done.output
    return done.stdout


def test_the_command_lists_shows_makes_and_removes(live: LiveServer) -> None:
    assert "Claude Code  (built in)" in ante(live, "clients", "list")
    made = json.loads(ante(live, "clients", "create", "App", "--redirect-uri", URI, "--confidential", "--json"))
    shown = ante(live, "clients", "get", made["id"])
    assert f"redirect       {URI}" in shown
    assert "kind           confidential" in shown
    assert ante(live, "clients", "rotate-secret", made["id"]).strip() != made["secret"]
    assert "is no longer a client" in ante(live, "clients", "delete", made["id"])
    ante(live, "clients", "get", made["id"], code=1)
