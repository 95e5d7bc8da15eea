"""Where the managers of packages fetch from, as the operator sets it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from antechamber.features.environments.model.sandbox import HostRule

# the order in which they run (the published page: alphabetically)
MANAGERS: Final = ("apt", "cargo", "gem", "go", "npm", "pip")


@dataclass(frozen=True, slots=True)
class Registry:
    """A manager's registry: what may be reached for it, and what its client is told inside a sandbox.

    `files` are put there before it runs (path, text); nothing in them or in `environment` is secret, for every
    program in the sandbox sees it.
    """

    manager: str
    hosts: tuple[HostRule, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registries:
    """Every registry, and what holds for all: a bundle of certificate authorities (PEM), if the machine has its own."""

    registries: tuple[Registry, ...] = ()
    authorities: bytes | None = None

    def rules(self, managers: Iterable[str] = MANAGERS) -> tuple[HostRule, ...]:
        """Return the hosts that `allow_package_managers` opens."""
        wanted = set(managers)
        found = [rule for registry in self.registries if registry.manager in wanted for rule in registry.hosts]
        return tuple(dict.fromkeys(found))
