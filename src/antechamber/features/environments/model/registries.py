"""Where the managers of packages fetch from, as the operator sets it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from antechamber.base.secret import Secret
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.sandbox import HostRule, Injection

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
    program in the sandbox sees it. `authorization` is: the egress proxy sets that header on what builds read from
    `authorized`, a host and its port.
    """

    manager: Manager
    hosts: tuple[HostRule, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    authorized: tuple[str, int] | None = None
    authorization: Secret | None = None


@dataclass(frozen=True, slots=True)
class Registries:
    """Every registry, and what holds for all: a bundle of certificate authorities (PEM), if the machine has its own.

    `believed` are those that hold where there is none (PEM).
    """

    registries: tuple[Registry, ...] = ()
    authorities: bytes | None = None
    believed: bytes = b""

    def rules(self, managers: Iterable[Manager] = Manager) -> tuple[HostRule, ...]:
        """Return the hosts that `allow_package_managers` opens."""
        wanted = set(managers)
        found = [rule for registry in self.registries if registry.manager in wanted for rule in registry.hosts]
        return tuple(dict.fromkeys(found))

    def injections(self, managers: Iterable[Manager]) -> tuple[Injection, ...]:
        """Return the credentials of these managers' registries, which builds alone get, and only to read."""
        wanted = set(managers)
        found = {
            registry.authorized: Injection(
                registry.authorized[0], "Authorization", registry.authorization.reveal(), registry.authorized[1:], True
            )
            for registry in self.registries
            if registry.manager in wanted and registry.authorized and registry.authorization
        }
        return tuple(found.values())

    def bundle(self, authority: bytes) -> dict[str, bytes]:
        """Return the files by which clients believe one more authority (PEM), the egress proxy's for a sandbox."""
        return _believing((self.authorities or self.believed) + b"\n" + authority)

    def environment(self, *, bundled: bool = False) -> dict[str, str]:
        """Return what programs in a sandbox are told about all of them; `bundled`: it has the files of `bundle`."""
        told = dict.fromkeys(_AUTHORITY_VARIABLES, AUTHORITIES) if self.authorities or bundled else {}
        for registry in self.registries:
            told |= registry.environment
        return told

    def files(self) -> dict[str, bytes]:
        """Return the files that clients in a sandbox read about them, by path."""
        found = {path: text.encode() for registry in self.registries for path, text in registry.files.items()}
        return found | _believing(self.authorities) if self.authorities else found


def _believing(authorities: bytes) -> dict[str, bytes]:
    return {AUTHORITIES: authorities, _APT_FILE: f'Acquire::https::CAInfo "{AUTHORITIES}";\n'.encode()}
