"""What a container may reach, from what its environment says."""

import pytest

from antechamber.features.environments.model.networking import (
    Limited,
    Networking,
    Unrestricted,
    mcp_hosts,
    network_policy,
)
from antechamber.features.environments.model.sandbox import HostRule, NetworkMode, NetworkPolicy

MCP = HostRule("mcp.example.com", "allow_mcp_servers", (8443,))
PIP = HostRule("pypi.example.org", "pip")
APT = HostRule("deb.example.org", "apt", (80, 443))


def policy(networking: Networking) -> NetworkPolicy:
    return network_policy(networking, [MCP], [PIP, APT], ["bad.example.com"])


def test_unrestricted_networking_is_held_only_by_the_operators_list() -> None:
    assert policy(Unrestricted()) == NetworkPolicy(NetworkMode.UNRESTRICTED, (), ("bad.example.com",))


def test_limited_networking_without_hosts_reaches_nothing() -> None:
    assert policy(Limited()) == NetworkPolicy(NetworkMode.LIMITED, (), ("bad.example.com",))


@pytest.mark.parametrize(
    ("switches", "added"),
    [({}, []), ({"allow_mcp_servers": True}, [MCP]), ({"allow_package_managers": True}, [PIP, APT]),
     ({"allow_mcp_servers": True, "allow_package_managers": True}, [MCP, PIP, APT])],
)  # fmt: skip
def test_each_switch_opens_only_its_own_hosts(switches: dict[str, bool], added: list[HostRule]) -> None:
    found = policy(Limited(("https://API.example.com", "*.example.net."), **switches))
    own = [HostRule("api.example.com", "allowed_hosts"), HostRule("*.example.net", "allowed_hosts")]
    assert list(found.allowed) == own + added


def test_a_host_that_is_named_twice_is_there_once_on_all_of_its_ports() -> None:
    networking = Limited(("mcp.example.com", "MCP.example.com"), allow_mcp_servers=True)
    assert policy(networking).allowed == (HostRule("mcp.example.com", "allowed_hosts", (443, 8443)),)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://mcp.example.com/mcp", "mcp.example.com", 443),
        ("https://MCP.example.com:8443", "mcp.example.com", 8443),
        ("https://bücher.example/mcp", "xn--bcher-kva.example", 443),
    ],
)
def test_an_mcp_server_is_reached_on_its_host_and_port(url: str, host: str, port: int) -> None:
    assert mcp_hosts([url]) == (HostRule(host, "allow_mcp_servers", (port,)),)


@pytest.mark.parametrize(
    "url",
    ["", "mcp", "http://mcp.example.com", "ftp://mcp.example.com", "https://", "https://127.0.0.1/", "https://localhost",
     "https://[::1]/", "https://[::1", "https://mcp.example.com:99999/", "https://*.example.com/"],
)  # fmt: skip
def test_what_is_no_address_of_a_host_opens_nothing(url: str) -> None:
    assert mcp_hosts([url]) == ()
