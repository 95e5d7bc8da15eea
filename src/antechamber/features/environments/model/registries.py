"""Where the managers of packages fetch from, as the operator sets it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.sandbox import HostRule

# where a sandbox finds the operator's authorities, and the variables by which programs are told (sandbox.md section 4)
AUTHORITIES: Final = "/etc/ante/authorities.pem"
# apt alone knows no variable for them
_APT_FILE: Final = "/etc/apt/apt.conf.d/90ante-authorities"
_AUTHORITY_VARIABLES: Final = (
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "npm_config_cafile",
)


@dataclass(frozen=True, slots=True)
class Registry:
    """A manager's registry: what may be reached for it, and what its client is told inside a sandbox.

    `files` are put there before it runs (path, text); nothing in them or in `environment` is secret, for every
    program in the sandbox sees it.
    """

    manager: Manager
    hosts: tuple[HostRule, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registries:
    """Every registry, and what holds for all: a bundle of certificate authorities (PEM), if the machine has its own."""

    registries: tuple[Registry, ...] = ()
    authorities: bytes | None = None

    def rules(self, managers: Iterable[Manager] = Manager) -> tuple[HostRule, ...]:
        """Return the hosts that `allow_package_managers` opens."""
        wanted = set(managers)
        found = [rule for registry in self.registries if registry.manager in wanted for rule in registry.hosts]
        return tuple(dict.fromkeys(found))

    def environment(self) -> dict[str, str]:
        """Return what programs in a sandbox are told about all of them."""
        told = dict.fromkeys(_AUTHORITY_VARIABLES, AUTHORITIES) if self.authorities else {}
        for registry in self.registries:
            told |= registry.environment
        return told

    def files(self) -> dict[str, bytes]:
        """Return the files that clients in a sandbox read about them, by path."""
        found = {path: text.encode() for registry in self.registries for path, text in registry.files.items()}
        if self.authorities:
            found |= {AUTHORITIES: self.authorities, _APT_FILE: f'Acquire::https::CAInfo "{AUTHORITIES}";\n'.encode()}
        return found
