"""Reading a catalogue: everything is checked first, and every error names its place."""

import tomllib
from typing import Any

import pytest

from antechamber.base.chance import SeededChance
from antechamber.base.secret import Secret, SecretKind, mint_secret
from antechamber.features.gateway.model import Catalogue, Provider, ProviderKind
from antechamber.features.gateway.service.catalogue import CatalogueError, merge, proxies_of, read_catalogue

GOOD: dict[str, Any] = {"name": "a", "kind": "anthropic", "base_url": "https://a.example"}


def resolve(text: str, place: str) -> Secret:
    return Secret(f"{place}={text}")


def read(tables: dict[str, Any], proxies: dict[str, str] | None = None) -> Catalogue:
    return read_catalogue(tables, resolve, proxies or {})


def one(**more: object) -> Provider:
    (provider,) = read({"providers": [{**GOOD, **more}]}, {"https": "http://proxy"}).providers
    return provider


def test_a_catalogue_is_read_as_written() -> None:
    tables = tomllib.loads("""
        [[providers]]
        name = " main "
        kind = "anthropic"
        base_url = "https://api.example.com/v1/"
        api_key = "env:KEY"
        models = ["claude-*", "own"]
        headers = { X-Team = "a" }
        http2 = true
        connect_seconds = 1
        read_seconds = 2.5
        max_connections = 3
        max_idle_per_host = 4
        ca_file = "/ca.pem"

        [[providers]]
        name = "other"
        kind = "openai"
        base_url = "http://127.0.0.1:8000"

        [aliases]
        best = "claude-1"
    """)
    catalogue = read(tables)
    main, other = catalogue.providers
    assert (main.name, main.kind, main.base_url) == ("main", ProviderKind.ANTHROPIC, "https://api.example.com")
    assert main.api_key is not None
    assert main.api_key.reveal() == "providers[0].api_key=env:KEY"
    assert (main.models, main.headers) == (("claude-*", "own"), (("x-team", "a"),))
    options = main.options
    assert (options.http2, options.connect_seconds, options.read_seconds) == (True, 1, 2.5)
    assert (options.max_connections, options.max_idle_per_host, options.ca_file) == (3, 4, "/ca.pem")
    assert (other.kind, other.api_key, other.models) == (ProviderKind.OPENAI, None, ("*",))
    assert catalogue.aliases == {"best": "claude-1"}
    assert "env:KEY" not in repr(catalogue)


def test_nothing_written_is_an_empty_catalogue() -> None:
    assert read({}) == Catalogue((), {})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"modells": []}, "providers[0].modells: there is no such key; did you mean models?"),
        ({"qqqq": 1}, "providers[0].qqqq: there is no such key"),
        ({"name": ""}, "providers[0].name: must be text and not empty"),
        ({"name": 5}, "providers[0].name: must be text and not empty"),
        ({"kind": "bedrock"}, 'providers[0].kind: must be "anthropic" or "openai"'),
        ({"kind": "simulated"}, 'providers[0].kind: must be "anthropic" or "openai"'),
        ({"base_url": " "}, "providers[0].base_url: must be text and not empty"),
        ({"base_url": "ftp://x"}, "providers[0].base_url: must be an http or https address, without query"),
        ({"base_url": "api.example.com"}, "providers[0].base_url: must be an http or https address, without query"),
        ({"base_url": "https://x/?a=b"}, "providers[0].base_url: must be an http or https address, without query"),
        ({"base_url": "https://[x"}, "providers[0].base_url: must be an http or https address, without query"),
        ({"base_url": "https://x:port"}, "providers[0].base_url: must be an http or https address, without query"),
        ({"api_key": 5}, "providers[0].api_key: must be text and not empty"),
        ({"models": "claude"}, 'providers[0].models: must be an array of names or globs, as ["claude-*"]'),
        ({"models": []}, 'providers[0].models: must be an array of names or globs, as ["claude-*"]'),
        ({"models": [""]}, 'providers[0].models: must be an array of names or globs, as ["claude-*"]'),
        ({"headers": []}, "providers[0].headers: must be a table of texts"),
        ({"headers": {"a": 1}}, "providers[0].headers: must be a table of texts"),
        ({"headers": {"a b": "1"}}, "providers[0].headers.a b: is no header"),
        ({"headers": {"a": "1\r\nb: 2"}}, "providers[0].headers.a: is no header"),
        ({"headers": {"a": "é"}}, "providers[0].headers.a: is no header"),
        ({"http2": 1}, "providers[0].http2: must be bool"),
        ({"connect_seconds": True}, "providers[0].connect_seconds: must be int or float"),
        ({"connect_seconds": 0}, "providers[0].connect_seconds: must be more than 0"),
        ({"read_seconds": -1.5}, "providers[0].read_seconds: must be more than 0"),
        ({"max_connections": 0}, "providers[0].max_connections: must be more than 0"),
        ({"max_connections": "9"}, "providers[0].max_connections: must be int"),
        ({"ca_file": 1}, "providers[0].ca_file: must be str"),
        ({"proxy": 1}, "providers[0].proxy: must be an address, or empty for a direct connection"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(more: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        one(**more)
    assert str(caught.value) == message


@pytest.mark.parametrize("key", ["name", "kind", "base_url"])
def test_a_missing_value_is_named(key: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(CatalogueError, match=rf"providers\[1\]\.{key}: must be text"):
        read({"providers": [GOOD | {"name": "first"}, row]})


@pytest.mark.parametrize("rows", [{}, "a", [1], [GOOD, "b"]])
def test_providers_that_are_no_array_of_tables_are_refused(rows: object) -> None:
    with pytest.raises(CatalogueError, match=r"^providers: must be an array of tables, written as \[\[providers\]\]"):
        read({"providers": rows})


def test_two_providers_of_one_name_are_refused() -> None:
    with pytest.raises(CatalogueError, match=r"^providers: the name 'a' is used twice$"):
        read({"providers": [GOOD, GOOD]})


@pytest.mark.parametrize("name", ["simulated", "Simulated"])
def test_the_name_of_the_simulated_provider_is_taken_only_if_written_otherwise(name: str) -> None:
    if name == "simulated":
        with pytest.raises(CatalogueError, match=r"^providers\[0\]\.name: 'simulated' is the name of the simulated"):
            one(name=name)
    else:
        assert one(name=name).name == name


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        ([], "aliases: must be a table of model names"),
        ({"a": 1}, "aliases: must be a table of model names"),
        ({"a": ""}, "aliases: must be a table of model names"),
        ({"a": "b", "b": "c"}, "aliases.a: b is itself an alias; name the model"),
        ({"a": "a"}, "aliases.a: a is itself an alias; name the model"),
    ],
)
def test_aliases_that_cannot_be_followed_are_refused(aliases: object, message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        read({"aliases": aliases})
    assert str(caught.value) == message


def test_a_providers_own_proxy_replaces_the_environments() -> None:
    assert one().options.proxies == {"https": "http://proxy"}
    assert one(proxy="http://own:1").options.proxies == {"http": "http://own:1", "https": "http://own:1"}
    assert one(proxy="").options.proxies == {}


def test_proxies_come_from_the_environment_in_either_case_the_lower_first() -> None:
    environment = {"HTTPS_PROXY": "a", "https_proxy": "b", "NO_PROXY": "c", "ALL_PROXY": "d", "http_proxy": ""}
    assert proxies_of(environment) == {"https": "b", "no": "c", "all": "d"}


def test_merging_keeps_the_first_of_each_name() -> None:
    mine, yours, other = one(), one(base_url="https://b.example"), one(name="c")
    assert merge([mine], [yours, other]) == (mine, other)


def test_a_key_of_our_own_is_no_provider_s_key() -> None:
    own = mint_secret(SecretKind.API_KEY, SeededChance(1))
    row = {"name": "loop", "kind": "anthropic", "base_url": "https://api.example.com", "api_key": "literal"}
    with pytest.raises(CatalogueError, match=r"providers\[0\].api_key: this is a key of Antechamber's own"):
        read_catalogue({"providers": [row]}, lambda _text, _place: own, {})
