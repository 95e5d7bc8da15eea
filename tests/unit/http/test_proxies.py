"""Whose request it is, with proxies between."""

import pytest

from antechamber.http.proxies import TrustedProxies


def scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": (peer, 4) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "caller"),
    [
        ("", "192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.0/8", "192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.0/8", "10.1.2.3", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.2.3", ["1.2.3.4, 203.0.113.9, 10.9.9.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.2.3", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.0/8", "10.1.2.3", [], "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3", ["10.0.0.7"], "10.0.0.7"),
        ("10.0.0.0/8", "10.1.2.3", ["not an address"], "not an address"),
        ("::1, 127.0.0.1", "::1", ["2001:db8::5"], "2001:db8::5"),
        ("127.0.0.1", None, ["2001:db8::5"], None),
    ],
)
def test_only_a_trusted_proxy_is_believed(
    trusted: str, peer: str | None, forwarded: list[str], caller: str | None
) -> None:
    assert TrustedProxies(trusted).caller(scope(peer, *forwarded)) == caller


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="proxy"):
        TrustedProxies("proxy.example.com")
