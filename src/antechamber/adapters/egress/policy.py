"""What a sandbox may reach: each question is answered by Allowed or Denied, which says why and how to change it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from antechamber.adapters.egress.addresses import AddressRules, is_own, unwrap
from antechamber.adapters.egress.hosts import Address, Host, first_match, matches, show_host
from antechamber.features.environments.model.sandbox import HostRule, Injection, NetworkMode, NetworkPolicy

HTTPS: Final = 443
HTTP: Final = 80
_EVERYBODYS: Final = frozenset({"localhost"})
_NEW: Final = "Sessions that start after the change get it."
_ADD: Final = (
    "Add it to networking.allowed_hosts of the environment (POST /v1/environments/ENVIRONMENT_ID), or set "
    f"networking.allow_package_managers or networking.allow_mcp_servers if it is one of those. {_NEW}"
)
_OPERATOR: Final = "Only the operator of this server can change that"
REMEDIES: Final = {
    "allowed_hosts": _ADD,
    "blocked_host": f"{_OPERATOR} ([egress] blocked in its settings file).",
    "blocked_network": f"{_OPERATOR} ([egress] blocked in its settings file).",
    "control_plane": "A sandbox never reaches the server that it belongs to; nothing changes that.",
    "direct_address": "Use the name of the host, and have it in networking.allowed_hosts of the environment.",
    "host_mismatch": "Let the Host header, the address and the name of the connection be the same.",
    "https_only": "Use https:// on port 443; only hosts of package managers may have other ports.",
    "malformed": "Speak HTTP or TLS as their RFCs have it.",
    "not_tls": "Speak TLS, with the name of the host in it (SNI).",
    "own_address": f"{_OPERATOR} ([egress] private in its settings file).",
    "port": "Use https:// on port 443; only hosts of package managers may have other ports.",
    "private_address": f"{_OPERATOR} ([egress] private in its settings file).",
    "sni_mismatch": "Ask in TLS for the host that the connection was opened to.",
    "too_large": "Send less before the body.",
    "too_many_connections": "Close connections that are not needed, or open them more slowly.",
    "unanswered": "The host took the connection and said nothing; try again later.",
    "unreachable": "The host did not answer; try again later.",
    "unresolvable": "The name is not known where this server looks names up.",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may; `rule` is what allows it: allowed_hosts, a manager's name, mcp_servers, unrestricted."""

    rule: str


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not; `rule` is a key of REMEDIES, `message` a sentence about this very attempt."""

    rule: str
    message: str

    @property
    def remedy(self) -> str:
        """How to change that."""
        return REMEDIES[self.rule]


Decision = Allowed | Denied


class EgressPolicy:
    """The rules of one sandbox, the operator's included."""

    def __init__(
        self,
        policy: NetworkPolicy,
        addresses: AddressRules,
        control_plane: Sequence[tuple[Host, int]] = (),
        blocked: Sequence[str] = (),
    ) -> None:
        """`blocked` are patterns of hosts, beside the policy's own.

        `control_plane` are the server's own hosts and ports; its ports count on every address of this machine.
        """
        self._limited = policy.mode is not NetworkMode.UNRESTRICTED
        self._allowed = policy.allowed if policy.mode is not NetworkMode.NONE else ()
        self._exact = {rule.host.lower(): rule for rule in self._allowed}
        self._wild = tuple(rule for rule in self._allowed if rule.host.startswith("*."))
        hosts, networks = split_blocked(policy.blocked)
        self._blocked = (*blocked, *hosts)
        self._addresses = addresses.block(networks) if networks else addresses
        self._own_names = frozenset(host for host, _ in control_plane if isinstance(host, str)) - _EVERYBODYS
        self._own_ports = frozenset(port for _, port in control_plane)
        self._injections = {(each.host.lower(), port): each for each in policy.injections for port in each.ports}
        self._answer_seconds = policy.answer_seconds

    def block(self, hosts: Iterable[str], networks: Iterable[str]) -> None:
        """Deny these from now on, beside what is denied."""
        self._blocked = tuple(dict.fromkeys((*self._blocked, *hosts)))
        self._addresses = self._addresses.block(networks)

    @property
    def is_limited(self) -> bool:
        """Whether only listed hosts are reached, by TLS that names them."""
        return self._limited

    @property
    def answer_seconds(self) -> float:
        """How long a host may take to be connected to, and again to its first byte; 0: as long as anybody waits."""
        return self._answer_seconds

    def injection(self, host: Host, port: int) -> Injection | None:
        """Return the header that requests to a host and port get, if they do."""
        return self._injections.get((host, port)) if isinstance(host, str) else None

    def reads_names(self, port: int) -> bool:
        """Say whether names inside connections to a port matter where everything is open: for the blocked ones."""
        return port in {HTTP, HTTPS} and bool(self._blocked or self._own_names)

    def connection(self, host: Host, port: int, *, plain: bool = False) -> Decision:
        """Decide on a connection to a host; `plain`: it will be HTTP without TLS."""
        if isinstance(host, str):
            return self._by_name(host, port, plain=plain)
        if self._limited:
            return Denied("direct_address", f"{show_host(host)}:{port} is an address, not a host that is allowed.")
        refusal = self._address(host, port, None)
        return Allowed("unrestricted") if refusal is None else refusal

    def name(self, name: str) -> Decision:
        """Decide on a name that is looked up."""
        if (refusal := self._never(name)) is not None:
            return refusal
        rule = self._rule(name)
        if rule is None and self._limited:
            return Denied("allowed_hosts", f"{name} is not one of the hosts that this environment allows.")
        return Allowed(rule.reason if rule is not None else "unrestricted")

    def address(self, address: Address, port: int, host: Host) -> Denied | None:
        """Say why an address that a host resolved to is not dialled, or None."""
        return self._address(address, port, host if isinstance(host, str) else None)

    def _by_name(self, name: str, port: int, *, plain: bool) -> Decision:
        decision = self.name(name)
        if isinstance(decision, Denied) or not self._limited:
            return decision
        rule = self._rule(name)
        ports = rule.ports if rule is not None else ()
        if plain and (port == HTTPS or port not in ports):
            return Denied("https_only", f"http://{name}:{port} is not open, only https://{name} is.")
        if port not in ports:
            return Denied("port", f"Port {port} of {name} is not open.")
        return decision

    def _rule(self, name: str) -> HostRule | None:
        exact = self._exact.get(name)
        return exact or next((rule for rule in self._wild if matches(rule.host, name)), None)

    def _never(self, name: str) -> Denied | None:
        if name in self._own_names:
            return Denied("control_plane", f"{name} is the server that this sandbox belongs to.")
        if first_match(self._blocked, name) is not None:
            return Denied("blocked_host", f"{name} is blocked by the operator of this server.")
        return None

    def _address(self, address: Address, port: int, name: str | None) -> Denied | None:
        shown = f"{name} resolves to an address" if name is not None else f"{show_host(address)} is an address"
        rule = self._addresses.refusal(address, name)
        if rule is None:
            # last: what the operator excepts does not except the server itself
            is_server = port in self._own_ports and is_own(unwrap(address))
            return (
                Denied("control_plane", f"{shown} of the server that this sandbox belongs to.") if is_server else None
            )
        why = {
            "blocked_network": "that is blocked by the operator of this server",
            "own_address": "of this server's own machine",
            "private_address": "that is not public",
        }[rule]
        return Denied(rule, f"{shown} {why}.")


def split_blocked(blocked: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the patterns of hosts and the networks of a list of both."""
    listed = tuple(blocked)
    networks = tuple(each for each in listed if _is_network(each))
    return tuple(each for each in listed if each not in networks), networks


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
