"""Settings: read once, a flag over the environment over the file over the default; errors name their place."""

import dataclasses
from pathlib import Path

import pytest

from antechamber.base.secret import Secret
from antechamber.settings import Loaded, Settings, SettingsError, describe, load, resolve_reference
from antechamber.wiring.sandboxes import limits_of


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os  # noqa: PLC0415 - only to forget what the machine that runs the tests has set

    for name in [name for name in os.environ if name.startswith("ANTE_SERVER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def written(folder: Path, text: str) -> Path:
    path = folder / "server.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_every_setting_has_its_default() -> None:
    loaded = load({})
    expected = dataclasses.replace(Settings(), data=Path("~/.local/share/antechamber").expanduser())
    assert loaded.settings == expected
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.catalogue == {}


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, 'port = 1001\nhost = "1.1.1.1"\nnode = "file"\nlog_level = "error"\n')
    monkeypatch.setenv("ANTE_SERVER_PORT", "1002")
    monkeypatch.setenv("ANTE_SERVER_HOST", "2.2.2.2")
    loaded = load({"port": 1003, "host": None, "public_url": None}, file)
    assert (loaded.settings.port, loaded.settings.host) == (1003, "2.2.2.2")
    assert (loaded.settings.node, loaded.settings.workers) == ("file", 1)
    shown = {name: loaded.origins[name] for name in ("port", "host", "node", "workers")}
    assert shown == {"port": "--port", "host": "ANTE_SERVER_HOST", "node": str(file), "workers": "default"}


@pytest.mark.parametrize(
    ("name", "near"),
    [("ANTE_SERVER_PROT", "ANTE_SERVER_PORT"), ("ANTE_SERVER_TLSCERT", "ANTE_SERVER_TLS_CERT")],
)
def test_an_unknown_variable_names_the_nearest(name: str, near: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=rf"^{name}: there is no such setting; did you mean {near}\?$"):
        load({})


@pytest.mark.parametrize(
    ("key", "near"), [("prot", "port"), ("provider", "providers"), ("alias", "aliases"), ("pubic_url", "public_url")]
)
def test_an_unknown_key_names_its_file_and_the_nearest(key: str, near: str, tmp_path: Path) -> None:
    file = written(tmp_path, f"{key} = 1\n")
    with pytest.raises(SettingsError) as caught:
        load({}, file)
    assert str(caught.value) == f"{file}: {key}: there is no such setting; did you mean {near}?"


def test_a_name_that_is_near_nothing_gets_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTE_SERVER_QQQQQQQQ", "1")
    with pytest.raises(SettingsError, match=r"there is no such setting$"):
        load({})


def test_other_variables_are_other_programs_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTE_PORT", "1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-mine")
    assert load({}).settings.anthropic_api_key is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("port = 1.5", "port: must be a whole number"),
        ("port = true", "port: must be a whole number"),
        ('port = "eighty"', "port: must be a whole number"),
        ('port = "--80"', "port: must be a whole number"),
        ('port = "²"', "port: must be a whole number"),
        ("port = []", "port: must be a whole number"),
        ("sandbox_cpus = true", "sandbox_cpus: must be a number, as 2 or 0.5"),
        ("sandbox_cpus = inf", "sandbox_cpus: must be a number, as 2 or 0.5"),
        ("sandbox_cpus = -1", "sandbox_cpus: must be a number, as 2 or 0.5"),
        ('sandbox_cpus = "two"', "sandbox_cpus: must be a number, as 2 or 0.5"),
        ("port = -1", "port: must not be negative"),
        ("host = 5", "host: must be text"),
        ("data = 5", "data: must be text"),
        ("pepper = 5", "pepper: must be text"),
        ("tls_cert = []", "tls_cert: must be text"),
        ("public_url = {}", "public_url: must be text"),
        ('log_level = "loud"', "log_level: must be one of: debug, info, warning, error"),
        ('simulated = "maybe"', "simulated: must be one of: auto, on, off"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(line: str, message: str, tmp_path: Path) -> None:
    file = written(tmp_path, line)
    with pytest.raises(SettingsError) as caught:
        load({}, file)
    assert str(caught.value) == f"{file}: {message}"


def test_a_variable_of_the_wrong_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTE_SERVER_PORT", "")
    with pytest.raises(SettingsError, match=r"^ANTE_SERVER_PORT: must be a whole number$"):
        load({})


def test_a_flag_of_the_wrong_kind_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^--max-body-bytes: must be a whole number$"):
        load({"max_body_bytes": "big"})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('tls_cert = "a"', "tls_cert and tls_key: give both or neither"),
        ('tls_key = "a"', "tls_cert and tls_key: give both or neither"),
        ("workers = 2", "workers: more than one process needs PostgreSQL and shared counters"),
        ("workers = 0", "workers: must be at least 1"),
        ('public_url = "example.com"', "public_url: must be an http or https address"),
        ('public_url = "ftp://example.com"', "public_url: must be an http or https address"),
        ('public_url = "https://[x"', "public_url: must be an http or https address"),
        ('public_url = "https://example.com/?a=b"', "public_url: must be an http or https address"),
        ('database_url = "mysql://u:canary@h/n"', "database_url: must be as postgresql://"),
        ('database_url = "postgresql://u:canary@h:x/n"', "database_url: must be as postgresql://"),
        ('database_url = "nonsense"', "database_url: must be as postgresql://"),
        ('node = "../other"', "node: must be a plain name"),
        ('node = ""', "node: must be a plain name"),
    ],
)
def test_values_that_cannot_work_are_refused_at_start(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load({}, written(tmp_path, line))
    assert str(caught.value).startswith(message)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h:5432/n", "postgres://h/n", "postgresql+asyncpg://h/n?ssl=require", "sqlite:////tmp/x"]
)
def test_addresses_of_databases_are_taken(url: str) -> None:
    loaded = load({"database_url": url})
    assert loaded.settings.database_url is not None
    assert loaded.settings.database_url.reveal() == url


def test_a_file_that_is_not_there_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing.toml: cannot be read: No such file"):
        load({}, tmp_path / "missing.toml")
    with pytest.raises(SettingsError, match=r": cannot be read: Is a directory"):
        load({}, tmp_path)
    with pytest.raises(SettingsError, match=r"server.toml: not valid TOML: Invalid value"):
        load({}, written(tmp_path, "port ="))
    (tmp_path / "latin.toml").write_bytes(b'host = "\xff"')
    with pytest.raises(SettingsError, match=r"latin.toml: not valid TOML"):
        load({}, tmp_path / "latin.toml")


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PEPPER", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(f"ANTE_SERVER_{name}", f"canary-{name}")
    monkeypatch.setenv("ANTE_SERVER_DATABASE_URL", "postgresql://u:canary@h/n")
    settings = load({}).settings
    assert "canary" not in repr(settings)
    assert settings.pepper is not None
    assert settings.pepper.reveal() == "canary-PEPPER"


def test_the_catalogue_is_taken_as_it_stands_and_reread_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, 'port = 1\n[[providers]]\nname = "a"\n[aliases]\nx = "y"\n')
    loaded = load({}, file)
    assert loaded.catalogue == {"providers": [{"name": "a"}], "aliases": {"x": "y"}}
    written(tmp_path, "port = 2\n[aliases]\nx = 'z'\n")
    monkeypatch.setenv("LATER", "1")
    again = loaded.reread_catalogue()
    assert again.catalogue == {"aliases": {"x": "z"}}
    assert again.settings.port == 1
    assert again.environment["LATER"] == "1"
    file.unlink()
    with pytest.raises(SettingsError, match=r"cannot be read"):
        loaded.reread_catalogue()
    assert load({}).reread_catalogue().catalogue == {}


@pytest.mark.parametrize(
    ("flags", "url"),
    [
        ({}, "http://127.0.0.1:8787"),
        ({"host": "::1", "port": 1}, "http://[::1]:1"),
        ({"host": "0.0.0.0", "port": 1}, "http://0.0.0.0:1"),
        ({"tls_cert": "a", "tls_key": "b"}, "https://localhost:8787"),
        ({"tls_cert": "a", "tls_key": "b", "host": "::1"}, "https://localhost:8787"),
        ({"tls_cert": "a", "tls_key": "b", "host": "10.0.0.1"}, "https://10.0.0.1:8787"),
        ({"public_url": "https://models.example.com/in/"}, "https://models.example.com/in"),
    ],
)
def test_links_derive_from_the_public_address_else_from_host_and_port(flags: dict[str, object], url: str) -> None:
    assert load(flags).settings.base_url() == url


def test_paths_are_made_absolute_and_a_tilde_is_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load({"data": "here"}).settings.data == tmp_path / "here"
    assert load({"data": Path("~/there")}).settings.data == tmp_path / "there"


def test_every_setting_has_a_variable_a_default_and_help() -> None:
    rows = describe()
    assert [name for name, *_ in rows] == [field.name for field in dataclasses.fields(Settings)]
    assert all(variable == f"ANTE_SERVER_{name.upper()}" for name, variable, *_ in rows)
    assert all(text.endswith(".") for *_, text in rows)
    assert {name: default for name, _, default, _ in rows}["pepper"] == ""


def test_a_key_is_a_variable_a_file_or_itself(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")
    environment = {"KEY": "from-environment", "EMPTY": ""}

    def found(text: str) -> str:
        return resolve_reference(text, environment, "providers[0].api_key").reveal()

    assert found("env:KEY") == "from-environment"
    assert found(f"file:{tmp_path}/key") == "from-file"
    assert found("file:~/key") == "from-file"
    assert found("sk-literal") == "sk-literal"
    assert found("literal:with:colons") == "literal:with:colons"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("env:NONE", "the environment variable NONE is not set"),
        ("env:", "the environment variable  is not set"),
        ("env:EMPTY", "the environment variable EMPTY is not set"),
        ("file:/nowhere/key", "/nowhere/key cannot be read: No such file or directory"),
        ("file:/", "/ cannot be read: Is a directory"),
    ],
)
def test_a_key_that_is_missing_names_its_place(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_reference(text, {"EMPTY": ""}, "providers[0].api_key")
    assert str(caught.value) == f"providers[0].api_key: {message}"


def test_a_key_file_that_is_no_text_or_empty_names_its_place(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_bytes(b"\n")
    for name, message in (("binary", "cannot be read: not UTF-8 text"), ("empty", "is empty")):
        with pytest.raises(SettingsError, match=rf"^here: .*{name} {message}$"):
            resolve_reference(f"file:{tmp_path}/{name}", {}, "here")


def test_what_is_loaded_can_be_compared() -> None:
    loaded = load({})
    assert isinstance(loaded, Loaded)
    assert Secret("a") != Secret("b")


@pytest.mark.parametrize(("text", "cpus"), [("2", 2.0), ("0.5", 0.5), ('"1.25"', 1.25), ("0", 0.0), ("0.01", 0.01)])
def test_parts_of_a_processor_are_shared_out(text: str, cpus: float, tmp_path: Path) -> None:
    loaded = load({}, written(tmp_path, f"sandbox_cpus = {text}\n"))
    assert loaded.settings.sandbox_cpus == cpus
    assert limits_of(loaded.settings).cpus == cpus


def test_less_of_a_processor_than_linux_shares_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="sandbox_cpus: must be 0 or at least"):
        load({}, written(tmp_path, "sandbox_cpus = 0.005\n"))
