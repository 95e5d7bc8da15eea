"""Which models can be asked for: the catalogue's own names, and those that providers list and its globs let through."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from antechamber.base.clock import Clock
from antechamber.base.errors import NotFound
from antechamber.base.outbound import OutboundError
from antechamber.features.gateway.model import Catalogue, Endpoint, ListedModel, Names, Provider, ProviderKind, opens
from antechamber.features.gateway.ports import ModelObjects, Upstreams

_FRESH_SECONDS: Final = 300.0
_PATIENCE_SECONDS: Final = 2.0
_OK: Final = 200
_TARGETS: Final = {
    ProviderKind.ANTHROPIC: "/v1/models?limit=1000",
    ProviderKind.OPENAI: "/v1/models",
    ProviderKind.SIMULATED: "/v1/models?limit=1000",
}
_VERSION: Final = (("anthropic-version", "2026-10-21"),)
_log = structlog.get_logger("models")

Described = Mapping[str, Mapping[str, object]]


class Models:
    """Lists models; asks providers at most every five minutes, and keeps their last answer while they are silent."""

    def __init__(
        self, catalogue: Callable[[], Catalogue], upstreams: Upstreams, objects: ModelObjects, clock: Clock
    ) -> None:
        self._catalogue = catalogue
        self._upstreams = upstreams
        self._objects = objects
        self._clock = clock
        self._described: dict[str, tuple[float, Provider, Described]] = {}

    async def listing(self, endpoint: Endpoint, names: Names = None) -> list[ListedModel]:
        """Return the models that an endpoint can be asked for by a key that opens `names`.

        By provider in the catalogue's order, then aliases.
        """
        catalogue = self._catalogue()
        providers = [provider for provider in catalogue.providers if provider.speaks(endpoint)]
        described = await asyncio.gather(*(self._describe(provider) for provider in providers))
        found: dict[str, ListedModel] = {}
        for provider, objects in zip(providers, described, strict=True):
            for name in _names(provider, objects):
                found.setdefault(name, ListedModel(name, provider.name, provider.kind, objects.get(name)))
        for alias, target in catalogue.aliases.items():
            model = found.get(target)
            if model is not None and alias not in found:
                as_alias = {**model.described, "id": alias} if model.described is not None else None
                found[alias] = ListedModel(alias, model.provider, model.kind, as_alias)
        return [model for model in found.values() if opens(names, model.id, catalogue.served(model.id))]

    async def one(self, endpoint: Endpoint, model_id: str, names: Names = None) -> ListedModel:
        """Return a model by its id; NotFound when nothing serves it to a key that opens `names`."""
        for model in await self.listing(endpoint, names):
            if model.id == model_id:
                return model
        message = f"model: {model_id}"
        raise NotFound(message, error_code="model_not_found")

    async def _describe(self, provider: Provider) -> Described:
        now = self._clock.monotonic()
        read_at, read_from, described = self._described.get(provider.name, (now - _FRESH_SECONDS, provider, {}))
        if read_from is provider and now - read_at < _FRESH_SECONDS:
            return described
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                objects = await self._ask(provider)
        except (OutboundError, ValueError, TimeoutError) as error:
            _log.warning("provider does not list its models", provider=provider.name, note=repr(error))
        else:
            described = {str(item["id"]): item for item in objects if isinstance(item.get("id"), str)}
        self._described[provider.name] = (now, provider, described)
        return described

    async def _ask(self, provider: Provider) -> Sequence[Mapping[str, object]]:
        response = await self._upstreams.send(provider, "GET", _TARGETS[provider.kind], _VERSION, None)
        try:
            body = await response.body()
        finally:
            await response.close()
        if response.status != _OK:
            message = f"status {response.status}"
            raise ValueError(message)
        return self._objects.read_list(body)


def _names(provider: Provider, described: Described) -> list[str]:
    own = [name for name in provider.models if "*" not in name]
    return [*own, *(name for name in described if name not in own and provider.rank(name) is not None)]
