"""An environment's configuration: resolved, merged with what is said of it, and as plain data for who keeps one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.networking import (
    Limited,
    Networking,
    NetworkingDraft,
    Unrestricted,
    settle_networking,
)
from antechamber.features.environments.model.packages import Manager, Packages, settle_packages

TYPE_CHANGED: Final = "invalid_config_type_change"


class ConfigType(StrEnum):
    """Where an environment's containers run: on this server, or on workers of the caller's own."""

    CLOUD = "cloud"
    SELF_HOSTED = "self_hosted"


@dataclass(frozen=True, slots=True)
class CloudConfig:
    """What a container of ours is made of; always fully resolved."""

    networking: Networking = field(default_factory=Unrestricted)
    packages: Packages = field(default_factory=Packages)

    @property
    def type(self) -> ConfigType:
        """Its type on the wire."""
        return ConfigType.CLOUD


@dataclass(frozen=True, slots=True)
class SelfHostedConfig:
    """An environment whose work is taken from a queue."""

    @property
    def type(self) -> ConfigType:
        """Its type on the wire."""
        return ConfigType.SELF_HOSTED


Config = CloudConfig | SelfHostedConfig


@dataclass(frozen=True, slots=True)
class CloudDraft:
    """What a caller says about a cloud configuration; None is not said."""

    networking: NetworkingDraft | None = None
    packages: Mapping[Manager, tuple[str, ...] | None] | None = None


ConfigDraft = CloudDraft | SelfHostedConfig


def new_config(said: ConfigDraft | None) -> Config:
    """Return the resolved configuration of a new environment: cloud, unrestricted and without packages by default."""
    return said if isinstance(said, SelfHostedConfig) else _settle(CloudConfig(), said or CloudDraft())


def settle_config(known: Config, said: ConfigDraft | None) -> Config:
    """Return the configuration after what was said, which keeps what was not; InvalidRequest for another type."""
    if said is None:
        return known
    if isinstance(known, SelfHostedConfig) or isinstance(said, SelfHostedConfig):
        if isinstance(said, type(known)):
            return known
        message = f"config.type: this environment is {known.type}, and stays so; make another one"
        raise InvalidRequest(message, error_code=TYPE_CHANGED)
    return _settle(known, said)


def _settle(known: CloudConfig, said: CloudDraft) -> CloudConfig:
    config = CloudConfig(
        settle_networking(known.networking, said.networking), settle_packages(known.packages, said.packages or {})
    )
    networking = config.networking
    if isinstance(networking, Limited) and not networking.allow_package_managers and not config.packages.is_empty:
        message = "config.networking.allow_package_managers: must be true when packages are specified"
        raise InvalidRequest(message)
    return config


def to_plain(config: Config) -> dict[str, Any]:
    """Return a configuration as JSON can keep it, in the wire's own shape, all six lists included."""
    if isinstance(config, SelfHostedConfig):
        return {"type": config.type.value}
    networking = config.networking
    shown: dict[str, Any] = {"type": "unrestricted"}
    if isinstance(networking, Limited):
        shown = {
            "type": "limited",
            "allowed_hosts": list(networking.allowed_hosts),
            "allow_mcp_servers": networking.allow_mcp_servers,
            "allow_package_managers": networking.allow_package_managers,
        }
    packages: dict[str, Any] = {manager.value: list(config.packages.of(manager)) for manager in Manager}
    return {"type": config.type.value, "networking": shown, "packages": {"type": "packages", **packages}}


def from_plain(data: Mapping[str, Any]) -> Config:
    """Return what `to_plain` was given; not for what a stranger sent."""
    if data["type"] == ConfigType.SELF_HOSTED:
        return SelfHostedConfig()
    shown, packages = data["networking"], data["packages"]
    networking: Networking = Unrestricted()
    if shown["type"] == "limited":
        networking = Limited(tuple(shown["allowed_hosts"]), shown["allow_mcp_servers"], shown["allow_package_managers"])
    named = {manager: tuple(packages[manager]) for manager in Manager if packages[manager]}
    return CloudConfig(networking, Packages(named))
