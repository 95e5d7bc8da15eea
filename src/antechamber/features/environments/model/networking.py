"""What of the network an environment opens, and the policy that a container gets from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.hosts import MOST_HOSTS, read_host
from antechamber.features.environments.model.sandbox import HostRule, NetworkMode, NetworkPolicy

PLACE: Final = "config.networking.allowed_hosts"
ALLOWED_HOSTS: Final = "allowed_hosts"
MCP_SERVERS: Final = "allow_mcp_servers"
_HTTPS: Final = 443


@dataclass(frozen=True, slots=True)
class Unrestricted:
    """Everything but what is blocked for everybody."""


@dataclass(frozen=True, slots=True)
class Limited:
    """Only the hosts that are listed, as they were sent, and what the two switches add."""

    allowed_hosts: tuple[str, ...] = ()
    allow_mcp_servers: bool = False
    allow_package_managers: bool = False


Networking = Unrestricted | Limited


@dataclass(frozen=True, slots=True)
class LimitedDraft:
    """What a caller says about limited networking; None is not said."""

    allowed_hosts: Sequence[str] | None = None
    allow_mcp_servers: bool | None = None
    allow_package_managers: bool | None = None


NetworkingDraft = Unrestricted | LimitedDraft


def settle_networking(known: Networking, said: NetworkingDraft | None) -> Networking:
    """Return the networking after what was said; InvalidRequest for a host that is none.

    Limited networking that is said of a limited one keeps what is not said; of an unrestricted one it starts anew.
    """
    if said is None or isinstance(said, Unrestricted):
        return known if said is None else said
    before = known if isinstance(known, Limited) else Limited()
    hosts = before.allowed_hosts if said.allowed_hosts is None else tuple(said.allowed_hosts)
    if len(hosts) > MOST_HOSTS:
        message = f"{PLACE}: at most {MOST_HOSTS} hosts may be listed"
        raise InvalidRequest(message)
    for index, host in enumerate(hosts):
        read_host(host, f"{PLACE}.{index}")
    return Limited(
        hosts,
        before.allow_mcp_servers if said.allow_mcp_servers is None else said.allow_mcp_servers,
        before.allow_package_managers if said.allow_package_managers is None else said.allow_package_managers,
    )


def mcp_hosts(urls: Iterable[str]) -> tuple[HostRule, ...]:
    """Return what has to be reached for an agent's own MCP servers: each one's host, on its port.

    Only of https URLs with a full domain name; what is neither opens nothing.
    """
    found = (_mcp_host(url) for url in urls)
    return tuple(rule for rule in found if rule is not None)


def _mcp_host(url: str) -> HostRule | None:
    try:
        parts = urlsplit(url)
        host = read_host(parts.hostname or "", "mcp_servers")
        port = parts.port or _HTTPS
    except (ValueError, InvalidRequest):
        return None
    if parts.scheme != "https" or host.startswith("*"):
        return None
    return HostRule(host, MCP_SERVERS, (port,))


def network_policy(
    networking: Networking, agent_mcp_hosts: Iterable[HostRule], registries: Iterable[HostRule], blocked: Iterable[str]
) -> NetworkPolicy:
    """Return what a new container may reach; `blocked` is the operator's list, and holds in both modes.

    `agent_mcp_hosts` are those of the session's own agent (`mcp_hosts`), `registries` the operator's hosts of package
    managers: each counts only where the environment allows it.
    """
    if isinstance(networking, Unrestricted):
        return NetworkPolicy(NetworkMode.UNRESTRICTED, (), tuple(blocked))
    rules = [HostRule(read_host(host, PLACE), ALLOWED_HOSTS) for host in networking.allowed_hosts]
    if networking.allow_mcp_servers:
        rules.extend(agent_mcp_hosts)
    if networking.allow_package_managers:
        rules.extend(registries)
    return NetworkPolicy(NetworkMode.LIMITED, _joined(rules), tuple(blocked))


def _joined(rules: Iterable[HostRule]) -> tuple[HostRule, ...]:
    """Return each host once, for the first reason that was given, on all of its ports."""
    found: dict[str, HostRule] = {}
    for rule in rules:
        before = found.get(rule.host)
        ports = dict.fromkeys((*before.ports, *rule.ports)) if before else rule.ports
        found[rule.host] = HostRule(rule.host, before.reason if before else rule.reason, tuple(ports))
    return tuple(found.values())
