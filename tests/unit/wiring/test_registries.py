"""`[registries]`: what clients are told, what may be reached for them, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest

from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.registries import AUTHORITIES, Registries
from antechamber.settings import Loaded, Settings, SettingsError
from antechamber.wiring.registries import mirror_of, read_registries


def loaded(**tables: Any) -> Loaded:  # noqa: ANN401 - TOML
    return Loaded(Settings(), {}, {"registries": tables} if tables else {}, None, {})


def read(**tables: Any) -> Registries:  # noqa: ANN401 - the same
    return read_registries(loaded(**tables))


def hosts(registries: Registries, manager: Manager) -> dict[str, tuple[int, ...]]:
    return {rule.host: rule.ports for rule in registries.rules([manager])}


def test_without_settings_every_manager_reaches_the_hosts_that_its_client_uses() -> None:
    registries = read()
    assert {rule.reason for rule in registries.rules()} == set(Manager)
    assert all(80 in ports for ports in hosts(registries, Manager.APT).values())
    assert all(ports == (443,) for ports in hosts(registries, Manager.PIP).values())
    assert registries.environment() == {}
    assert registries.files() == {}


def test_a_table_of_a_manager_replaces_its_hosts_alone() -> None:
    registries = read(pip={"index_url": "https://mirror.example/simple", "hosts": ["files.example", "*.example:8443"]})
    assert hosts(registries, Manager.PIP) == {
        "files.example": (443,), "*.example": (8443,), "mirror.example": (443,),
    }  # fmt: skip
    assert hosts(registries, Manager.NPM) == hosts(read(), Manager.NPM)
    assert registries.environment() == {"PIP_INDEX_URL": "https://mirror.example/simple"}


def test_each_client_is_told_in_its_own_way() -> None:
    registries = read(
        apt={"index_url": "http://deb.example/debian", "sources": ["deb http://deb.example/debian trixie main"]},
        cargo={"index_url": "https://crates.example/index/"},
        gem={"index_url": "https://gems.example/"},
        go={"index_url": "https://go.example,direct", "checksums": "off"},
        npm={"index_url": "https://npm.example/", "environment": {"npm_config_strict_ssl": "true"}},
        pip={"index_url": "http://pip.example:8080/simple", "extra_index_urls": ["https://more.example/simple"]},
    )
    assert registries.environment() == {
        "GOPROXY": "https://go.example,direct",
        "GOSUMDB": "off",
        "npm_config_registry": "https://npm.example/",
        "npm_config_strict_ssl": "true",
        "PIP_INDEX_URL": "http://pip.example:8080/simple",
        "PIP_EXTRA_INDEX_URL": "https://more.example/simple",
        "PIP_TRUSTED_HOST": "pip.example:8080",
    }
    files = registries.files()
    assert files["/etc/apt/sources.list"] == b"deb http://deb.example/debian trixie main\n"
    assert b"sparse+https://crates.example/index/" in files["/root/.cargo/config.toml"]
    assert b"- https://gems.example/\n" in files["/etc/gemrc"]
    assert hosts(registries, Manager.APT) == {"deb.example": (80,)}
    assert hosts(registries, Manager.GO) == {"go.example": (443,)}
    assert hosts(registries, Manager.PIP) == {"pip.example": (8080,), "more.example": (443,)}
    assert mirror_of(loaded(apt={"index_url": "http://deb.example/debian"})) == "http://deb.example/debian"
    assert mirror_of(loaded()) is None


def test_authorities_are_laid_in_and_every_client_is_told_where(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    registries = read(ca_file=str(bundle))
    assert registries.files() == {
        AUTHORITIES: b"-----BEGIN CERTIFICATE-----\n",
        "/etc/apt/apt.conf.d/90ante-authorities": f'Acquire::https::CAInfo "{AUTHORITIES}";\n'.encode(),
    }
    assert {"PIP_CERT", "NODE_EXTRA_CA_CERTS", "CARGO_HTTP_CAINFO", "SSL_CERT_FILE"} <= set(registries.environment())
    assert set(registries.environment().values()) == {AUTHORITIES}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"yum": {}}, "registries.yum: there is no such manager"),
        ({"pip": "x"}, "registries.pip: must be a table"),
        ({"pip": {"index": "x"}}, "registries.pip.index: there is no such setting"),
        ({"npm": {"checksums": "off"}}, "registries.npm.checksums: there is no such setting"),
        ({"pip": {"index_url": "ftp://x"}}, "registries.pip.index_url: must be an http or https address"),
        ({"pip": {"index_url": "https://me:secret@x/"}}, "registries.pip.index_url: must hold no user or password"),
        ({"pip": {"extra_index_urls": ["https://me:secret@x/"]}}, "must hold no user or password"),
        ({"go": {"index_url": "https://me:secret@x/,direct"}}, "must hold no user or password"),
        ({"apt": {"sources": ["deb http://a x\nmain"]}}, "registries.apt.sources: must be a list of texts"),
        ({"pip": {"hosts": ["https://x"]}}, "registries.pip.hosts: 'https://x' is not a host"),
        ({"pip": {"hosts": "x"}}, "registries.pip.hosts: must be a list of texts"),
        ({"pip": {"index_url": 1}}, "registries.pip.index_url: must be text"),
        ({"pip": {"environment": {"A B": "x"}}}, "registries.pip.environment: A B must be a variable's name"),
        (
            {"pip": {"index_url": "https://x/", "username": "me"}},
            "registries.pip: give username and password, or token",
        ),
        ({"pip": {"username": "me", "password": "secret", "token": "secret"}}, "give username and password, or token"),
        ({"pip": {"token": "secret"}}, "a credential goes to the host of index_url, which must be one https address"),
        ({"pip": {"index_url": "http://x/", "token": "secret"}}, "must be one https address"),
        ({"go": {"index_url": "https://x/,https://y/", "token": "secret"}}, "must be one https address"),
        ({"npm": {"index_url": "https://x/", "token": "env:NOT_SET"}}, "environment variable NOT_SET is not set"),
        ({"npm": {"index_url": "https://x/", "token": "secret\x07"}}, "must be printable"),
        (
            {
                "npm": {"index_url": "https://x/n/", "token": "a"},
                "pip": {"index_url": "https://x/p/", "token": "secret"},
            },
            "registries.pip: registries.npm has another credential for this host",
        ),
        ({"ca_file": "/nowhere/ca.pem"}, "registries.ca_file: /nowhere/ca.pem cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tables: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_registries(loaded(**tables), with_credentials=True)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_bundle_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    with pytest.raises(SettingsError, match="holds no certificate"):
        read(ca_file=str(tmp_path / "empty.pem"))


def test_credentials_become_headers_for_the_index_s_host_and_only_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_PASSWORD", "of the index")
    (tmp_path / "token").write_text("of-npm\n")
    tables = {
        "apt": {"sources": ["deb https://deb.example/debian trixie main"], "username": "a", "password": "b"},
        "cargo": {"index_url": "https://crates.example/index/", "token": "of-cargo"},
        "npm": {"index_url": "https://npm.example:8443/", "token": f"file:{tmp_path / 'token'}"},
        "pip": {
            "index_url": "https://pip.example/simple",
            "extra_index_urls": ["https://public.example/simple"],
            "username": "me",
            "password": "env:PIP_PASSWORD",
        },
    }
    told = Loaded(Settings(), {}, {"registries": tables}, None, dict(os.environ))
    registries = read_registries(told, with_credentials=True)
    found = {each.host: (each.value, each.ports) for each in registries.injections(Manager)}
    assert found == {
        "crates.example": ("of-cargo", (443,)),
        "deb.example": ("Basic YTpi", (443,)),
        "npm.example": ("Bearer of-npm", (8443,)),
        "pip.example": ("Basic bWU6b2YgdGhlIGluZGV4", (443,)),
    }
    assert all(each.header == "Authorization" and each.reads_only for each in registries.injections(Manager))
    assert [each.host for each in registries.injections([Manager.NPM])] == ["npm.example"]
    shown = f"{registries!r} {registries.environment()} {registries.files()} "
    assert not any(secret in shown for secret in ("of-npm", "of-cargo", "of the index", "YTpi"))
    assert read_registries(told).injections(Manager) == ()
