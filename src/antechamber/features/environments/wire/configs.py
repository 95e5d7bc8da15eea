"""Configurations on the wire (SDK types `BetaCloudConfig`, `BetaSelfHostedConfig`, `BetaPackages`, networks)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

from antechamber.features.environments.model.configs import CloudDraft, Config, SelfHostedConfig
from antechamber.features.environments.model.networking import Limited, LimitedDraft, Networking, Unrestricted
from antechamber.features.environments.model.packages import Manager, Packages
from antechamber.http.bodies import Body


class UnrestrictedInput(Body):
    """`{type: unrestricted}`."""

    type: Literal["unrestricted"]

    def draft(self) -> Unrestricted:
        """Return what was said."""
        return Unrestricted()


class LimitedInput(Body):
    """`{type: limited, allowed_hosts?, allow_mcp_servers?, allow_package_managers?}`; null is as good as left out."""

    type: Literal["limited"]
    allowed_hosts: list[str] | None = None
    allow_mcp_servers: bool | None = None
    allow_package_managers: bool | None = None

    def draft(self) -> LimitedDraft:
        """Return what was said."""
        return LimitedDraft(self.allowed_hosts, self.allow_mcp_servers, self.allow_package_managers)


NetworkingInput: TypeAlias = Annotated[UnrestrictedInput | LimitedInput, Field(discriminator="type")]


class PackagesInput(Body):
    """Lists of packages by manager; null is as good as left out."""

    type: Literal["packages"] | None = None
    apt: list[str] | None = None
    cargo: list[str] | None = None
    gem: list[str] | None = None
    go: list[str] | None = None
    npm: list[str] | None = None
    pip: list[str] | None = None

    def draft(self) -> dict[Manager, tuple[str, ...] | None]:
        """Return what was said."""
        lists: dict[Manager, list[str] | None] = {manager: getattr(self, manager) for manager in Manager}
        return {manager: None if texts is None else tuple(texts) for manager, texts in lists.items()}


class CloudInput(Body):
    """`{type: cloud, networking?, packages?}`; null is as good as left out."""

    type: Literal["cloud"]
    networking: NetworkingInput | None = None
    packages: PackagesInput | None = None

    def draft(self) -> CloudDraft:
        """Return what was said."""
        return CloudDraft(
            None if self.networking is None else self.networking.draft(),
            None if self.packages is None else self.packages.draft(),
        )


class SelfHostedInput(Body):
    """`{type: self_hosted}`, and nothing else."""

    type: Literal["self_hosted"]

    def draft(self) -> SelfHostedConfig:
        """Return what was said."""
        return SelfHostedConfig()


ConfigInput: TypeAlias = Annotated[CloudInput | SelfHostedInput, Field(discriminator="type")]


class UnrestrictedBody(BaseModel):
    """Networking that is not limited."""

    type: Literal["unrestricted"] = "unrestricted"


class LimitedBody(BaseModel):
    """Limited networking, fully resolved; hosts as they were sent."""

    type: Literal["limited"] = "limited"
    allowed_hosts: list[str]
    allow_mcp_servers: bool
    allow_package_managers: bool


class PackagesBody(BaseModel):
    """All six lists."""

    type: Literal["packages"] = "packages"
    apt: list[str]
    cargo: list[str]
    gem: list[str]
    go: list[str]
    npm: list[str]
    pip: list[str]


class CloudBody(BaseModel):
    """A cloud configuration, fully resolved."""

    type: Literal["cloud"] = "cloud"
    networking: Annotated[UnrestrictedBody | LimitedBody, Field(discriminator="type")]
    packages: PackagesBody


class SelfHostedBody(BaseModel):
    """A self-hosted configuration."""

    type: Literal["self_hosted"] = "self_hosted"


ConfigBody: TypeAlias = Annotated[CloudBody | SelfHostedBody, Field(discriminator="type")]


def show_config(config: Config) -> CloudBody | SelfHostedBody:
    """Return the wire's shape of a configuration."""
    if isinstance(config, SelfHostedConfig):
        return SelfHostedBody()
    return CloudBody(networking=_show_networking(config.networking), packages=show_packages(config.packages))


def _show_networking(networking: Networking) -> UnrestrictedBody | LimitedBody:
    if not isinstance(networking, Limited):
        return UnrestrictedBody()
    return LimitedBody(
        allowed_hosts=list(networking.allowed_hosts),
        allow_mcp_servers=networking.allow_mcp_servers,
        allow_package_managers=networking.allow_package_managers,
    )


def show_packages(packages: Packages) -> PackagesBody:
    """Return the wire's shape of packages, all six lists."""
    return PackagesBody.model_validate({manager.value: list(packages.of(manager)) for manager in Manager})
