"""OAuth clients and lifetimes, as the server's file and variables set them."""

import dataclasses
from pathlib import Path

import pytest

from antechamber.base.secret import Secret
from antechamber.features.oauth.model import CLIENT_GRANTS, INTERACTIVE, Lifetimes
from antechamber.settings import Loaded, Settings, SettingsError, load
from antechamber.wiring.oauth import lifetimes_of, read_clients

PUBLIC = '[[oauth_clients]]\nid = "app"\nname = "App"\nredirect_uris = ["https://app.example/cb"]\n'


def loaded(tmp_path: Path, text: str) -> Loaded:
    file = tmp_path / "server.toml"
    file.write_text(text, encoding="utf-8")
    return dataclasses.replace(load({"data": tmp_path}, file), environment={"APP_SECRET": "s" * 40})


def test_a_client_needs_no_more_than_id_name_and_redirects(tmp_path: Path) -> None:
    [(draft, secret)] = read_clients(loaded(tmp_path, PUBLIC))
    assert (draft.id, draft.name, draft.confidential) == ("app", "App", False)
    assert tuple(draft.redirect_uris) == ("https://app.example/cb",)
    assert (tuple(draft.grants), tuple(draft.scopes)) == (CLIENT_GRANTS, INTERACTIVE)
    assert secret is None


def test_a_secret_makes_a_client_confidential_and_comes_by_reference(tmp_path: Path) -> None:
    [(draft, secret)] = read_clients(
        loaded(tmp_path, PUBLIC + 'secret = "env:APP_SECRET"\nscopes = ["user:profile"]\n')
    )
    assert draft.confidential
    assert secret is not None
    assert secret.reveal() == "s" * 40
    assert tuple(draft.scopes) == ("user:profile",)


def test_without_clients_there_are_none(tmp_path: Path) -> None:
    assert read_clients(loaded(tmp_path, "port = 1\n")) == []


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("redirect = []\n", "redirect"),
        ("secret = 5\n", "secret"),
        ('secret = "env:MISSING"\n', "MISSING"),
        ('confidential = "yes"\n', "confidential"),
        ('grants = "refresh_token"\n', "grants"),
        ("scopes = [1]\n", "scopes"),
        ("organization_id = 3\n", "organization_id"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, more: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_clients(loaded(tmp_path, PUBLIC + more))


@pytest.mark.parametrize(
    "text",
    [
        '[[oauth_clients]]\nname = "App"\n',
        '[[oauth_clients]]\nid = "app"\n',
        "oauth_clients = 5\n",
        "oauth_clients = [5]\n",
    ],
)
def test_what_is_missing_or_no_table_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="oauth_clients"):
        read_clients(loaded(tmp_path, text))


def test_the_lifetimes_of_the_settings_are_those_of_the_rules() -> None:
    assert lifetimes_of(Settings()) == Lifetimes()


@pytest.mark.parametrize(
    "flags",
    [
        {"access_token_seconds": 59},
        {"access_token_seconds": 86_401},
        {"refresh_token_idle_seconds": 3599},
        {"refresh_token_idle_seconds": 91 * 86_400},
        {"refresh_grace_seconds": 601},
        {"refresh_grace_seconds": -1},
    ],
)
def test_lifetimes_that_make_no_sense_are_refused(tmp_path: Path, flags: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        load({"data": tmp_path, **flags})


def test_a_secret_of_the_settings_is_not_shown(tmp_path: Path) -> None:
    found = read_clients(loaded(tmp_path, PUBLIC + 'secret = "env:APP_SECRET"\n'))
    assert "s" * 40 not in repr(found)
    assert isinstance(found[0][1], Secret)
