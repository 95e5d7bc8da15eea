"""The catalogue in force: the file's providers, or those that settings make, and the simulated one."""

from collections.abc import Mapping

from antechamber.base.outbound import Outbound, OutboundOptions
from antechamber.base.secret import Secret
from antechamber.client.transport import open_outbound
from antechamber.features.gateway.model import Catalogue, Provider, ProviderKind
from antechamber.features.gateway.service.catalogue import SIMULATED, CatalogueError, merge, proxies_of, read_catalogue
from antechamber.settings import Loaded, Settings, SettingsError, resolve_reference

SIMULATED_MODELS = ("sim-1", "sim-agent-1", "claude-sim-1", "claude-sim-agent-1")
# Names that only the legacy endpoint's clients still ask for; they find the demo's model (docs/reference/choices.md).
_LEGACY_NAMES = ("claude-2.1", "claude-2.0", "claude-2", "claude-instant-1.2", "claude-instant-1")


def build_catalogue(loaded: Loaded, simulated_url: str | None) -> Catalogue:
    """Return the catalogue; CatalogueError names what is wrong with it.

    `simulated_url` is where the simulated upstream listens; None when it does not run.
    """

    def resolve(text: str, place: str) -> Secret:
        return resolve_reference(text, loaded.environment, place)

    proxies = proxies_of(loaded.environment)
    try:
        written = read_catalogue(loaded.catalogue, resolve, proxies)
    except SettingsError as error:
        raise CatalogueError(str(error)) from error
    providers = written.providers or _from_settings(loaded.settings, proxies)
    unlisted: dict[str, str] = {}
    if simulated_url is not None and wants_simulated(loaded.settings, providers):
        simulated = Provider(SIMULATED, ProviderKind.SIMULATED, simulated_url, None, SIMULATED_MODELS)
        providers = merge(providers, [simulated])
        for name in _LEGACY_NAMES:
            if all(provider.rank(name) is None for provider in providers):
                unlisted[name] = SIMULATED_MODELS[0]
    return Catalogue(providers, written.aliases, unlisted)


def open_pool(options: OutboundOptions) -> Outbound:
    """Open a provider's connections; CatalogueError names the setting that keeps them from being opened."""
    try:
        return open_outbound(options)
    except (OSError, ValueError) as error:
        place = f"ca_file {options.ca_file}" if options.ca_file is not None else "proxy"
        message = f"providers: {place}: cannot be used: {error}"
        raise CatalogueError(message) from error


def wants_simulated(settings: Settings, providers: tuple[Provider, ...]) -> bool:
    """Say whether the simulated models are to be served."""
    return settings.simulated == "on" or (settings.simulated == "auto" and not providers)


def _from_settings(settings: Settings, proxies: Mapping[str, str]) -> tuple[Provider, ...]:
    row = []
    if settings.anthropic_api_key:
        row.append(
            {
                "name": "anthropic",
                "kind": "anthropic",
                "base_url": settings.anthropic_base_url,
                "api_key": settings.anthropic_api_key.reveal(),
                "models": ["claude-*"],
            }
        )
    if settings.openai_api_key:
        row.append(
            {
                "name": "openai",
                "kind": "openai",
                "base_url": settings.openai_base_url,
                "api_key": settings.openai_api_key.reveal(),
                "models": ["*"],
            }
        )
    return read_catalogue({"providers": row}, lambda text, _: Secret(text), proxies).providers
