"""What the operator's configuration says, read: the rules that every sandbox is attached with."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from antechamber.adapters.egress.addresses import AddressRules, read_rules
from antechamber.adapters.egress.configuration import EgressConfiguration
from antechamber.adapters.egress.dialling import Dialler, Resolve, read_proxy
from antechamber.adapters.egress.hosts import Host, read_authority
from antechamber.adapters.egress.policy import split_blocked


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """One configuration's; `hosts` and `networks` are what it blocks."""

    configuration: EgressConfiguration
    hosts: tuple[str, ...]
    networks: tuple[str, ...]
    addresses: AddressRules
    control_plane: tuple[tuple[Host, int], ...]
    dialler: Dialler


def read_operator_rules(configuration: EgressConfiguration, resolve: Resolve) -> OperatorRules:
    """Read a configuration with the files that it names; ValueError, OSError where it cannot be used."""
    hosts, networks = split_blocked(configuration.blocked)
    proxy = read_proxy(configuration.proxy) if configuration.proxy else None
    context = ssl.create_default_context(cafile=configuration.ca_file)
    if configuration.registries_ca_file:
        context.load_verify_locations(configuration.registries_ca_file)
    known = {name.lower(): address for name, address in configuration.hosts.items()}
    return OperatorRules(
        configuration,
        hosts,
        networks,
        read_rules(configuration.private, networks),
        tuple(read_authority(each) for each in configuration.control_plane),
        Dialler(context, proxy, configuration.no_proxy, _knowing(known, resolve)),
    )


def _knowing(known: Mapping[str, str], resolve: Resolve) -> Resolve:
    async def look_up(name: str, port: int) -> Sequence[str]:
        return (known[name],) if name in known else await resolve(name, port)

    return look_up
