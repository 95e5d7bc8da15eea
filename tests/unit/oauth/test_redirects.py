"""Redirect URIs: exact, but for the port of a loopback."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.features.oauth.model import check_redirect, matches, redirect_with, well_known
from antechamber.features.oauth.model.clients import ANT

BASE = "https://console.example"
REGISTERED = next(client for client in well_known(BASE) if client.id == ANT).redirect_uris
HOSTS = st.sampled_from(["localhost", "127.0.0.1", "[::1]"])


@given(HOSTS, st.integers(1, 65_535))
def test_a_loopback_redirect_may_have_any_port(host: str, port: int) -> None:
    assert matches(f"http://{host}:{port}/callback", REGISTERED)


@given(HOSTS)
def test_and_none(host: str) -> None:
    assert matches(f"http://{host}/callback", REGISTERED)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://localhost:0/callback",
        "http://localhost:65536/callback",
        "http://localhost:99999/callback",
        "http://localhost:*/callback",
        "http://localhost:/callback",
        "http://localhost:1234",
        "http://localhost:1234/",
        "http://localhost:1234/callback/",
        "http://localhost:1234/callback?x=1",
        "http://localhost:1234/callback#x",
        "http://localhost:1234/callback/../callback",
        "http://localhost:1234//callback",
        "http://LOCALHOST:1234/callback",
        "HTTP://localhost:1234/callback",
        "https://localhost:1234/callback",
        "http://localhost.evil.example:1234/callback",
        "http://localhost@evil.example/callback",
        "http://localhost:1234@evil.example/callback",
        "http://user@localhost:1234/callback",
        "http://127.0.0.2:1234/callback",
        "http://127.1:1234/callback",
        "http://[::1%25lo]:1234/callback",
        "http://[0:0:0:0:0:0:0:1]:1234/callback",
        "http://localhost:1234\\@evil.example/callback",
        "http://localhost:1234/callback\n",
        " http://localhost:1234/callback",
        "http://localhost:\u0661/callback",
        f"{BASE}/oauth/code/callback",
        f"{BASE}/oauth/code/callback?app=anthropic-cli&x=1",
        f"{BASE}/oauth/code/callback?app=antechamber-cli",
        f"{BASE}:443/oauth/code/callback?app=anthropic-cli",
        "javascript:alert(1)",
        "data:text/html,x",
    ],
)
def test_whatever_else_is_different_does_not_match(uri: str) -> None:
    assert not matches(uri, REGISTERED)


def test_the_code_page_matches_with_its_query() -> None:
    assert matches(f"{BASE}/oauth/code/callback?app=anthropic-cli", REGISTERED)


@given(st.text())
def test_no_other_text_matches(uri: str) -> None:
    assert not matches(uri, REGISTERED)


@given(st.sampled_from(REGISTERED), st.integers(0, 80), st.characters(codec="utf-8"))
def test_one_character_more_anywhere_but_in_a_loopbacks_port_does_not_match(
    known: str, place: int, character: str
) -> None:
    changed = known[:place] + character + known[place:]
    assert not matches(changed, REGISTERED)


@given(st.sampled_from(["https://a.example/x", "https://a.example/x?y=1"]), st.integers(1, 65_535))
def test_the_port_of_any_other_redirect_is_fixed(known: str, port: int) -> None:
    assert matches(known, [known])
    assert not matches(known.replace("a.example", f"a.example:{port}"), [known])


def test_a_port_that_was_registered_as_a_star_is_any() -> None:
    assert matches("http://localhost:8123/done", ["http://localhost:*/done"])
    assert matches("http://localhost/done", ["http://localhost:*/done"])
    assert matches("http://localhost:4000/done", ["http://localhost:3000/done"])
    assert not matches("http://127.0.0.1:8123/done", ["http://localhost:*/done"])


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback",
        "https://app.example:8443/callback?tenant=1",
        "http://localhost/callback",
        "http://localhost:*/callback",
        "http://127.0.0.1:3000/callback",
        "http://[::1]/callback",
        "com.example.app:/oauth",
    ],
)
def test_these_may_be_registered(uri: str) -> None:
    assert check_redirect(uri) == uri
    if "*" not in uri:
        assert matches(uri, [uri])


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://app.example/callback",
        "https://app.example/callback#part",
        "https://user@app.example/callback",
        "https://app.example:0/callback",
        "https://app.example:99999/callback",
        "https://*.example/callback",
        "https:///callback",
        "https://[::1/callback",
        "javascript:alert(1)",
        "app:/callback",
        "com.example.app://host/oauth",
        "/callback",
        "https://app.example/call back",
        "https://app.example/\u00e4",
        "https://app.example/" + "a" * 2000,
    ],
)
def test_these_may_not(uri: str) -> None:
    with pytest.raises(InvalidRequest):
        check_redirect(uri)


@given(
    st.sampled_from(REGISTERED),
    st.dictionaries(st.sampled_from(["code", "state", "iss", "error"]), st.text(st.characters(codec="utf-8"))),
)
def test_parameters_are_added_to_the_query_that_is_there(uri: str, parameters: dict[str, str]) -> None:
    added = redirect_with(uri, {**parameters, "left_out": None})
    assert added.startswith(uri)
    assert urlsplit(added).netloc == urlsplit(uri).netloc
    read = dict(parse_qsl(urlsplit(added).query, keep_blank_values=True))
    read.pop("app", None)
    assert read == parameters
