"""What Claude Code asks of a gateway besides models: its policy, and where its telemetry goes."""

import dataclasses
import hashlib
from pathlib import Path
from uuid import UUID

import pytest

from antechamber.settings import SettingsError
from tests.api.conftest import House
from tests.asgi import Answer, call

POLICY = '{"permissions": {"deny": ["WebFetch"]},\n "env": {"A": "ü"}}\n'


async def settings_of(house: House, **headers: str) -> Answer:
    sent = {"authorization": f"Bearer {house.api_key}"} | {name.replace("_", "-"): v for name, v in headers.items()}
    return await call(house.app.shell, "GET", "/managed/settings", headers=sent)


def write(policy: Path, text: str) -> None:
    policy.write_text(text, encoding="utf-8")


@pytest.fixture
def policy(house: House, tmp_path: Path) -> Path:
    """Where the server reads its policy."""
    path = tmp_path / "managed-settings.json"
    settings = dataclasses.replace(house.app.settings, managed_settings=path)
    house.app.loaded = dataclasses.replace(house.app.loaded, settings=settings)
    return path


async def test_without_a_policy_the_answer_is_not_found(house: House) -> None:
    answer = await settings_of(house)
    assert (answer.status, answer.json()["error"]["type"]) == (404, "not_found_error")


async def test_a_policy_is_sent_as_it_is_written_and_read_anew_with_the_catalogue(house: House, policy: Path) -> None:
    write(policy, POLICY)
    await house.app.reload()
    first = await settings_of(house)
    assert (first.status, first.header("content-type")) == (200, "application/json")
    assert first.json()["settings"] == {"permissions": {"deny": ["WebFetch"]}, "env": {"A": "ü"}}
    write(policy, "{}")
    assert (await settings_of(house)).body == first.body
    await house.app.reload()
    empty = await settings_of(house)
    assert (empty.status, empty.json()["settings"]) == (200, {})
    assert empty.header("etag") != first.header("etag")


async def test_the_entity_tag_is_the_checksum_that_claude_code_makes_of_its_copy(house: House, policy: Path) -> None:
    write(policy, POLICY)
    await house.app.reload()
    answer = await settings_of(house)
    # as its own: sha256 over JSON.stringify of the settings with sorted keys
    sorted_settings = '{"env":{"A":"ü"},"permissions":{"deny":["WebFetch"]}}'
    checksum = f"sha256:{hashlib.sha256(sorted_settings.encode()).hexdigest()}"
    assert (answer.json()["checksum"], answer.header("etag")) == (checksum, f'"{checksum}"')
    assert str(UUID(answer.json()["uuid"])) == answer.json()["uuid"]


async def test_who_has_the_policy_already_is_told_so_in_no_words(house: House, policy: Path) -> None:
    write(policy, POLICY)
    await house.app.reload()
    etag = (await settings_of(house)).header("etag") or ""
    for held in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = await settings_of(house, if_none_match=held)
        assert (answer.status, answer.body, answer.header("etag")) == (304, b"", etag)
    assert (await settings_of(house, if_none_match='"other"')).status == 200


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": NaN}', "[" * 100_000, '{"a": "' + "x" * (1 << 20) + '"}'])
async def test_a_bad_policy_changes_nothing(house: House, policy: Path, text: str) -> None:
    write(policy, "{}")
    await house.app.reload()
    write(policy, text)
    with pytest.raises(SettingsError, match=r"managed_settings: .*managed-settings\.json "):
        await house.app.reload()
    assert (await settings_of(house)).json()["settings"] == {}


@pytest.mark.usefixtures("policy")
async def test_a_policy_that_is_not_there_is_named(house: House) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        await house.app.reload()


async def test_a_policy_needs_somebody_who_may_ask_models(house: House) -> None:
    assert (await settings_of(house, authorization="Bearer nobody")).status == 401
    admin_key = house.founded.admin_key
    assert admin_key is not None
    assert (await settings_of(house, authorization=f"Bearer {admin_key.reveal()}")).status == 403


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/traces"])
@pytest.mark.parametrize(("encoding", "told"), [("application/json", b"{}"), ("application/x-protobuf", b"")])
async def test_logs_and_traces_are_taken_in_either_encoding(
    house: House, path: str, encoding: str, told: bytes
) -> None:
    headers = {"authorization": f"Bearer {house.api_key}", "content-type": encoding}
    answer = await call(house.app.shell, "POST", path, headers=headers, body=b"\x0a\x00")
    assert (answer.status, answer.header("content-type"), answer.body) == (200, encoding, told)


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/traces"])
async def test_logs_and_traces_of_nobody_are_refused(house: House, path: str) -> None:
    headers = {"authorization": "Bearer nobody", "content-type": "application/json"}
    assert (await call(house.app.shell, "POST", path, headers=headers, body=b"{}")).status == 401
