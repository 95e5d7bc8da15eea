"""`[egress]` of the server's file: what the egress proxy is told, and mistakes told at the start."""

from pathlib import Path

import pytest

from antechamber.adapters.egress.configuration import PrivateNetwork
from antechamber.settings import SettingsError, load
from antechamber.wiring.egress import egress_configuration

WHOLE = """
[egress]
blocked = ["*.bad.example", "198.51.100.0/24"]
private = ["10.1.0.0/16", { network = "192.0.2.7/32", host = "registry.internal" }]
hosts = { "registry.internal" = "192.0.2.7" }
proxy = "env:UPSTREAM"
no_proxy = ["registry.internal", "*.internal"]
most_connections = 100
connections_per_second = 50
log_bytes = 1000000
"""


def told(folder: Path, text: str, **flags: object) -> object:
    file = folder / "server.toml"
    file.write_text(text, encoding="utf-8")
    return egress_configuration(load({"data": folder / "data", **flags}, file))


def test_the_proxy_is_told_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSTREAM", "http://user:password@proxy.internal:3128")
    file = tmp_path / "server.toml"
    file.write_text(WHOLE, encoding="utf-8")
    flags = {"data": tmp_path / "data", "public_url": "https://ante.example", "host": "127.0.0.1", "port": 8787}
    found = egress_configuration(load(flags, file))
    assert found.blocked == ("*.bad.example", "198.51.100.0/24")
    assert found.private == (PrivateNetwork("10.1.0.0/16"), PrivateNetwork("192.0.2.7/32", "registry.internal"))
    assert found.hosts == {"registry.internal": "192.0.2.7"}
    assert found.proxy == "http://user:password@proxy.internal:3128"
    assert found.no_proxy == ("registry.internal", "*.internal")
    assert (found.most_connections, found.connections_per_second, found.log_bytes) == (100, 50, 1_000_000)
    assert found.control_plane == ("ante.example:443", "127.0.0.1:8787")
    assert found.socket.startswith(str(tmp_path / "data"))
    assert "password" not in repr(found)


def test_without_the_table_nothing_private_is_reached(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("", encoding="utf-8")
    found = egress_configuration(load({"data": tmp_path, "host": "::1", "port": 9}, file))
    assert (found.private, found.blocked, found.proxy, found.hosts) == ((), (), None, {})
    assert found.control_plane == ("[::1]:9",)


@pytest.mark.parametrize(
    "line",
    [
        'block = ["a.example"]',
        'blocked = "a.example"',
        "blocked = [1]",
        'private = ["10.0.0.0/99"]',
        'private = [{ net = "10.0.0.0/8" }]',
        'hosts = { "a.example" = "b.example" }',
        'hosts = ["a.example"]',
        'proxy = "http://proxy.example:port"',
        "proxy = 3128",
        'ca_file = "/nonexistent/bundle.pem"',
        "most_connections = 0",
        "log_bytes = true",
    ],
)
def test_a_mistake_is_told_at_the_start(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError, match=r"^\[egress\]"):
        told(tmp_path, f"[egress]\n{line}\n")
