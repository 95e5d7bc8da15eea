import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.secret import Secret
from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.oauth import TokenAnswer
from antechamber.client.profiles import ProfileUnusable, check_name, config_folder
from antechamber.client.store import ProfileStore
from tests.unit.client.homes import environment_of, folder_of, put_login, read_json, write_json

NOW = 1_800_000_000
ANSWER = TokenAnswer(
    Secret("sk-ant-oat01-1"),
    3600,
    Secret("sk-ant-ort01-1"),
    "user:inference",
    "11111111-1111-4111-8111-111111111111",
    "Acme",
    "acc",
    "ada@example.com",
    "wrkspc_01A",
    "Engineering",
)
URL = "https://ante.example"


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    return ProfileStore(environment_of(tmp_path))


def test_a_first_log_in_writes_both_files_and_becomes_active(store: ProfileStore) -> None:
    written = store.write_login("default", ANSWER, NOW, config={"base_url": URL})
    assert (written.is_new, written.is_activated, written.drifts) == (True, True, False)
    assert read_json(store.folder / "configs" / "default.json") == {
        "version": "1.0",
        "authentication": {"type": "user_oauth", "client_id": "antechamber-cli"},
        "base_url": URL,
        "organization_id": "11111111-1111-4111-8111-111111111111",
        "workspace_id": "wrkspc_01A",
    }
    assert read_json(store.folder / "credentials" / "default.json") == {
        "version": "1.0",
        "type": "oauth_token",
        "access_token": "sk-ant-oat01-1",
        "expires_at": NOW + 3600,
        "refresh_token": "sk-ant-ort01-1",
        "scope": "user:inference",
        "organization_uuid": "11111111-1111-4111-8111-111111111111",
        "organization_name": "Acme",
        "account_email": "ada@example.com",
        "workspace_id": "wrkspc_01A",
        "workspace_name": "Engineering",
    }
    assert (store.folder / "active_config").read_text() == "default\n"


def test_files_and_folders_have_the_modes_of_the_contract(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    modes = {
        path.relative_to(store.folder).as_posix(): path.stat().st_mode & 0o777
        for path in store.folder.rglob("*")
        if not path.name.startswith(".")
    }
    assert modes == {
        "active_config": 0o644,
        "configs": 0o755,
        "configs/work.json": 0o644,
        "credentials": 0o700,
        "credentials/work.json": 0o600,
    }


def test_a_second_log_in_leaves_the_config_and_the_active_profile_alone(store: ProfileStore) -> None:
    store.write_login("first", ANSWER, NOW)
    store.write_login("second", ANSWER, NOW, config={"workspace_id": "wrkspc_wanted"})
    before = (store.folder / "configs" / "second.json").read_bytes()
    again = store.write_login("second", ANSWER, NOW + 5, config={"workspace_id": "ignored"})
    assert (again.is_new, again.is_activated, again.drifts) == (False, False, True)
    assert (store.folder / "configs" / "second.json").read_bytes() == before
    assert store.active() == ("first", "active_config")
    assert store.write_login("second", ANSWER, NOW, activate=True).is_activated
    assert store.active() == ("second", "active_config")


def test_a_new_log_in_forgets_who_was_logged_in_and_keeps_what_it_does_not_know(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    path = store.folder / "credentials" / "work.json"
    write_json(path, {**read_json(path), "of_another_program": {"a": 1}})
    store.write_login("work", TokenAnswer(Secret("sk-ant-oat01-2"), 60), NOW)
    assert read_json(path) == {
        "version": "1.0",
        "type": "oauth_token",
        "access_token": "sk-ant-oat01-2",
        "expires_at": NOW + 60,
        "of_another_program": {"a": 1},
    }


def test_setting_a_key_keeps_what_it_does_not_know(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    path = store.folder / "configs" / "work.json"
    config = read_json(path)
    config["new_in_2027"] = [1]
    write_json(path, {**config, "authentication": {**dict(config["authentication"]), "also_new": 2}}, 0o644)  # type: ignore[call-overload]
    assert store.set("work", "base_url", "https://other.example") == []
    assert store.set("work", "scope", "user:profile") == []
    found = read_json(path)
    assert (found["new_in_2027"], found["base_url"]) == ([1], "https://other.example")
    assert found["authentication"] == {
        "type": "user_oauth",
        "client_id": "antechamber-cli",
        "also_new": 2,
        "scope": "user:profile",
    }


def test_another_organization_has_other_workspaces(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    assert store.set("work", "organization_id", ANSWER.organization_uuid) == []
    assert store.set("work", "organization_id", "other") == ["workspace_id"]
    assert "workspace_id" not in store.config("work")
    assert store.set("work", "organization_id", None) == []
    assert "organization_id" not in store.config("work")


def test_only_writable_keys_are_written_and_log_in_keys_only_to_log_ins(store: ProfileStore) -> None:
    store.write_federation("ci", {"federation_rule_id": "fdrl_01", "organization_id": "org"})
    store.write_login("work", ANSWER, NOW)
    for name, key in (("work", "access_token"), ("work", "authentication"), ("ci", "scope"), ("ci", "client_id")):
        with pytest.raises(ProfileUnusable, match=key):
            store.set(name, key, "x")


def test_what_variables_say_is_never_saved(tmp_path: Path) -> None:
    variables = {
        "ANTHROPIC_BASE_URL": "https://env.example",
        "ANTHROPIC_WORKSPACE_ID": "wrkspc_env",
        "ANTHROPIC_ORGANIZATION_ID": "org_env",
        "ANTHROPIC_SCOPE": "scope_env",
        "ANTHROPIC_FEDERATION_RULE_ID": "rule_env",
        "ANTHROPIC_API_KEY": "key_env",
    }
    store = ProfileStore(environment_of(tmp_path, **variables))
    store.write_login("work", ANSWER, NOW)
    store.write_federation("ci", {"federation_rule_id": "fdrl_01"})
    store.set("work", "scope", "user:profile")
    store.set("ci", "workspace_id", "wrkspc_01A")
    store.rename("work", "renamed")
    texts = [path.read_text() for path in store.folder.rglob("*") if path.is_file()]
    assert texts
    assert not any("env" in text for text in texts)


def test_a_federation_profiles_cached_token_goes_when_it_would_be_anothers(store: ProfileStore) -> None:
    store.write_federation("ci", {"federation_rule_id": "fdrl_01", "organization_id": "org"})
    cached = write_json(store.folder / "credentials" / "ci.json", {"access_token": "x", "expires_at": NOW})
    store.set("ci", "workspace_id", "wrkspc_01A")
    assert not cached.exists()


def test_a_list_shows_the_broken_too(store: ProfileStore, tmp_path: Path) -> None:
    store.write_login("work", ANSWER, NOW)
    put_login(tmp_path, "loose", base_url=URL).chmod(0o644)
    put_login(tmp_path, "out", base_url=URL).unlink()
    write_json(store.folder / "configs" / "odd.json", {"authentication": {"type": "magic"}}, 0o644)
    found = {one.name: one for one in store.listing()}
    assert list(found) == ["loose", "odd", "out", "work"]
    assert [name for name, one in found.items() if one.is_active] == ["work"]
    assert "chmod 600" in (found["loose"].problem or "")
    assert "magic" in (found["odd"].problem or "")
    assert "ante auth login --profile out" in (found["out"].problem or "")
    assert (found["work"].problem, found["work"].expires_at, found["work"].base_url) == (None, NOW + 3600, None)


def test_only_a_profile_that_exists_is_activated(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    with pytest.raises(ProfileUnusable, match=r"gone.*work"):
        store.activate("gone")
    assert store.active() == ("work", "active_config")


def test_a_deleted_profile_leaves_nothing(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    store.delete("work")
    assert (store.names(), store.active()) == ([], ("default", "default"))
    with pytest.raises(ProfileUnusable):
        store.delete("work")


def test_a_broken_profile_can_be_deleted(store: ProfileStore) -> None:
    write_json(store.folder / "configs" / "odd.json", {"authentication": {"type": "magic"}}, 0o644)
    store.delete("odd")
    assert store.names() == []


def test_a_renamed_profile_keeps_its_log_in_and_stays_active(store: ProfileStore) -> None:
    store.write_login("old", ANSWER, NOW)
    store.rename("old", "new")
    assert (store.names(), store.active()) == (["new"], ("new", "active_config"))
    assert store.read("new").refresh_token is not None
    store.write_login("other", ANSWER, NOW)
    with pytest.raises(ProfileUnusable, match="exists"):
        store.rename("new", "other")


def test_logging_out_removes_the_credentials_and_hands_them_over_to_be_revoked(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    gone = store.log_out("work")
    assert gone.refresh_token is not None
    assert gone.refresh_token.reveal() == "sk-ant-ort01-1"
    assert (store.names(), store.read("work").access_token) == (["work"], None)


def test_logging_out_of_everything_leaves_an_empty_folder(store: ProfileStore) -> None:
    for name in ("a", "b"):
        store.write_login(name, ANSWER, NOW)
    (store.folder / "credentials" / "b.json").chmod(0o644)
    assert [profile.name for profile in store.log_out_all()] == ["a"]
    assert [path.name for path in store.folder.iterdir()] == []


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ä", "a\n", "../x", "a\0"])
def test_a_name_that_another_client_would_refuse_is_refused(store: ProfileStore, name: str) -> None:
    with pytest.raises(ProfileUnusable):
        store.write_login(name, ANSWER, NOW)
    assert not store.folder.exists()


@given(st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,30}", fullmatch=True))
def test_every_name_that_is_taken_stays_in_its_folder(name: str) -> None:
    path = Path("/configs") / f"{check_name(name)}.json"
    assert path.parent == Path("/configs")


def test_a_profile_may_keep_its_credentials_elsewhere(store: ProfileStore, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "token.json"
    config = {"authentication": {"type": "user_oauth", "client_id": "x", "credentials_path": str(elsewhere)}}
    write_json(store.folder / "configs" / "work.json", config, 0o644)
    store.write_login("work", ANSWER, NOW)
    assert read_json(elsewhere)["access_token"] == "sk-ant-oat01-1"
    assert not (store.folder / "credentials" / "work.json").exists()


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        ({"type": "api_key", "access_token": "x"}, "unknown type"),
        ({"access_token": "x", "expires_at": "tomorrow"}, "expires_at"),
        ({"access_token": "x", "expires_at": [1]}, "expires_at"),
    ],
)
def test_credentials_of_a_kind_that_nobody_reads_are_refused(
    store: ProfileStore, tmp_path: Path, credentials: object, told: str
) -> None:
    write_json(put_login(tmp_path, base_url=URL), credentials)
    with pytest.raises(ProfileUnusable, match=told):
        store.read("default")


def test_folders_are_imported_whole_and_names_that_are_taken_are_not_overwritten(tmp_path: Path) -> None:
    other = tmp_path / "other"
    for name in ("a", "b"):
        put_login(other, name, base_url=URL, extra=1)
    store = ProfileStore(environment_of(tmp_path / "mine"))
    assert store.import_(folder_of(other)) == ["a", "b"]
    assert read_json(store.folder / "credentials" / "a.json") == read_json(folder_of(other) / "credentials" / "a.json")
    with pytest.raises(ProfileUnusable, match="there already: a, b"):
        store.import_(folder_of(other))
    assert store.import_(folder_of(other), replace=True) == ["a", "b"]
    assert store.import_(folder_of(other) / "configs" / "a.json", name="c") == ["c"]
    with pytest.raises(ProfileUnusable, match="no profile"):
        store.import_(tmp_path)
    with pytest.raises(ProfileUnusable, match="neither"):
        store.import_(tmp_path / "gone")


def test_printed_credentials_are_imported(store: ProfileStore, tmp_path: Path) -> None:
    # as `ant auth print-credentials` prints them
    values = {"version": "1.0", "type": "oauth_token", "access_token": "t", "expires_at": NOW, "refresh_token": "r"}
    assert store.import_(write_json(tmp_path / "printed.json", values), name="work") == ["work"]
    found = store.read("work")
    assert found.client_id == "41077d10-94b8-4194-be48-d251e9eb21b4"
    assert (found.issuer, found.expires_at) == ("https://api.anthropic.com", NOW)


def test_printed_credentials_of_ours_say_where_they_are_from(store: ProfileStore, tmp_path: Path) -> None:
    values = {"access_token": "t", "refresh_token": "r", "base_url": URL, "client_id": "antechamber-cli"}
    store.import_(write_json(tmp_path / "printed.json", values), name="work")
    found = store.read("work")
    assert (found.issuer, found.client_id) == (URL, "antechamber-cli")
    assert read_json(found.credentials_path).keys() == {"version", "type", "access_token", "refresh_token"}


def test_claude_codes_log_in_is_imported_without_the_token_that_it_refreshes_with(
    store: ProfileStore, tmp_path: Path
) -> None:
    inner = {"accessToken": "t", "refreshToken": "r", "expiresAt": NOW * 1000, "scopes": ["user:inference"]}
    store.import_(write_json(tmp_path / ".credentials.json", {"claudeAiOauth": inner, "x": 1}), name="cc")
    found = store.read("cc")
    assert (found.refresh_token, found.expires_at, found.is_static) == (None, NOW, True)
    assert found.token_scope == "user:inference"


@pytest.mark.parametrize("values", [{}, {"access_token": 1}, {"claudeAiOauth": {}}])
def test_a_file_without_a_token_is_not_imported(store: ProfileStore, tmp_path: Path, values: object) -> None:
    with pytest.raises(CredentialUnusable):
        store.import_(write_json(tmp_path / "x.json", values))
    assert not store.folder.exists()


def test_a_file_that_others_may_read_is_not_imported(store: ProfileStore, tmp_path: Path) -> None:
    with pytest.raises(CredentialUnusable, match="chmod 600"):
        store.import_(write_json(tmp_path / "x.json", {"access_token": "t"}, 0o644))


@pytest.mark.parametrize(
    ("variables", "windows", "expected"),
    [
        ({}, False, "/home/ada/.config/anthropic"),
        ({"XDG_CONFIG_HOME": "/xdg"}, False, "/xdg/anthropic"),
        ({"ANTHROPIC_CONFIG_DIR": "/own", "XDG_CONFIG_HOME": "/xdg"}, False, "/own"),
        ({"APPDATA": "/roaming"}, True, "/roaming/Anthropic"),
    ],
)
def test_the_folder_is_where_the_other_clients_look(variables: dict[str, str], *, windows: bool, expected: str) -> None:
    assert config_folder(Environment(variables, Path("/home/ada"), windows)) == Path(expected)


def test_files_are_indented_as_the_sdks_write_them(store: ProfileStore) -> None:
    store.write_login("work", ANSWER, NOW)
    text = (store.folder / "credentials" / "work.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2) + "\n"
