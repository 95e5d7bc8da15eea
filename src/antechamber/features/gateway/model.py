"""Providers, the catalogue that routes a model's name to one, and what is known of a request and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from antechamber.base.outbound import OutboundOptions
from antechamber.base.secret import Secret
from antechamber.features.usage.model import TokenUsage


class Endpoint(StrEnum):
    """A data-plane endpoint, as the ledger names it."""

    CHAT_COMPLETIONS = "chat_completions"
    COMPLETE = "complete"
    COUNT_TOKENS = "count_tokens"
    MESSAGES = "messages"


PATHS: Final[dict[Endpoint, str]] = {
    Endpoint.CHAT_COMPLETIONS: "/v1/chat/completions",
    Endpoint.COMPLETE: "/v1/complete",
    Endpoint.COUNT_TOKENS: "/v1/messages/count_tokens",
    Endpoint.MESSAGES: "/v1/messages",
}


class ProviderKind(StrEnum):
    """Which wire a provider speaks."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    SIMULATED = "simulated"


_ANTHROPIC_ENDPOINTS: Final = frozenset({Endpoint.COMPLETE, Endpoint.COUNT_TOKENS, Endpoint.MESSAGES})
SPOKEN: Final[dict[ProviderKind, frozenset[Endpoint]]] = {
    ProviderKind.ANTHROPIC: _ANTHROPIC_ENDPOINTS,
    ProviderKind.OPENAI: frozenset({Endpoint.CHAT_COMPLETIONS}),
    ProviderKind.SIMULATED: _ANTHROPIC_ENDPOINTS | {Endpoint.CHAT_COMPLETIONS},
}


# the models that a key opens, as names or globs; None for all
Names: TypeAlias = tuple[str, ...] | None


def _fits(model: str, glob: str) -> bool:
    # Only the star is special: names such as claude-sonnet-4-5[1m] hold brackets of their own.
    return fnmatchcase(model, glob.replace("[", "[[]").replace("?", "[?]"))


def opens(names: Names, *models: str) -> bool:
    """Say whether a key's models let one through that goes by these names: an alias, and what it is served as."""
    return names is None or any(model == name or _fits(model, name) for name in names for model in models)


@dataclass(frozen=True, slots=True)
class Provider:
    """An upstream: where it is, what opens it, and which models it serves (names or globs; only `*` is special)."""

    name: str
    kind: ProviderKind
    base_url: str
    api_key: Secret | None
    models: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()
    options: OutboundOptions = field(default_factory=OutboundOptions)

    def speaks(self, endpoint: Endpoint) -> bool:
        """Say whether the provider's wire has the endpoint."""
        return endpoint in SPOKEN[self.kind]

    def rank(self, model: str) -> int | None:
        """Return how exactly the provider names a model, more is closer; None if not at all."""
        if model in self.models:
            return len(model) + 1
        literals = [len(glob.replace("*", "")) for glob in self.models if "*" in glob and _fits(model, glob)]
        return max(literals, default=None)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes, and under which model name."""

    provider: Provider
    model: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every provider and alias; replaced as a whole, never changed."""

    providers: tuple[Provider, ...]
    aliases: Mapping[str, str]
    unlisted_aliases: Mapping[str, str] = field(default_factory=dict)

    def served(self, model: str) -> str:
        """Return the name under which a model is asked of its provider."""
        return self.aliases.get(model) or self.unlisted_aliases.get(model, model)

    def route(self, model: str, endpoint: Endpoint) -> Route | None:
        """Return the provider that names the model most exactly, the first of equals; None if none does."""
        served = self.served(model)
        best: Provider | None = None
        best_rank = -1
        for provider in self.providers:
            rank = provider.rank(served) if provider.speaks(endpoint) else None
            if rank is not None and rank > best_rank:
                best, best_rank = provider, rank
        return None if best is None else Route(best, served)

    def known_elsewhere(self, model: str) -> Provider | None:
        """Return a provider that names the model though it doesn't speak the asked endpoint."""
        served = self.served(model)
        return next((provider for provider in self.providers if provider.rank(served) is not None), None)


@dataclass(slots=True)
class Asked:
    """What the gateway reads of a request's body; the bytes themselves go on untouched.

    `adds_usage` marks a stream whose provider says what it used only when asked to, and whose caller did not ask.
    `max_output` is how many tokens may be written in all, None when the caller does not say.
    """

    model: str
    stream: bool
    end_user: str | None
    adds_usage: bool = False
    max_output: int | None = None


@dataclass(slots=True)
class Tally(TokenUsage):
    """What an answer has used so far; `exact` once the provider has said so itself."""

    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    stop_reason: str | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class UpstreamProblem:
    """An error that a provider put into its answer."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as a provider describes it; `described` is the provider's own object, or None when it gave none."""

    id: str
    provider: str
    kind: ProviderKind
    described: Mapping[str, object] | None
