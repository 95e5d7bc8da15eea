"""Which provider a model's name leads to."""

import pytest

from antechamber.features.gateway.model import Catalogue, Endpoint, Provider, ProviderKind, Route

ANTHROPIC, OPENAI, SIMULATED = ProviderKind.ANTHROPIC, ProviderKind.OPENAI, ProviderKind.SIMULATED


def provider(name: str, *models: str, kind: ProviderKind = ANTHROPIC) -> Provider:
    return Provider(name, kind, f"https://{name}.example", None, models)


def routed(catalogue: Catalogue, model: str, endpoint: Endpoint = Endpoint.MESSAGES) -> str | None:
    route = catalogue.route(model, endpoint)
    return None if route is None else f"{route.provider.name}/{route.model}"


@pytest.mark.parametrize(
    ("models", "model", "rank"),
    [
        (("claude-1",), "claude-1", 9),
        (("claude-*",), "claude-1", 7),
        (("*", "claude-*"), "claude-1", 7),
        (("*",), "claude-1", 0),
        (("*-1", "claude-*"), "claude-1", 7),
        (("claude-*",), "Claude-1", None),
        (("claude-*",), "gpt", None),
        (("gpt-4",), "gpt", None),
        (("a*c",), "abc", 2),
        (("a*c", "a*c"), "ac", 2),
        (("claude-[12]*",), "claude-1", None),
        (("claude-*[1m]", "claude-*"), "claude-1[1m]", 11),
        (("claude-?*",), "claude-1", None),
        ((), "x", None),
    ],
)
def test_a_closer_name_ranks_higher(models: tuple[str, ...], model: str, rank: int | None) -> None:
    assert provider("p", *models).rank(model) == rank


def test_the_closest_provider_is_chosen_whatever_the_order() -> None:
    wide, narrow, exact = provider("wide", "*"), provider("narrow", "claude-*"), provider("exact", "claude-1")
    for providers in ((wide, narrow, exact), (exact, narrow, wide), (narrow, exact, wide)):
        catalogue = Catalogue(providers, {})
        assert routed(catalogue, "claude-1") == "exact/claude-1"
        assert routed(catalogue, "claude-2") == "narrow/claude-2"
        assert routed(catalogue, "other") == "wide/other"


def test_the_first_of_equals_is_chosen() -> None:
    assert routed(Catalogue((provider("a", "m"), provider("b", "m")), {}), "m") == "a/m"


def test_a_name_with_a_star_that_is_asked_literally_is_only_a_glob() -> None:
    assert routed(Catalogue((provider("a", "claude-*"),), {}), "claude-*") == "a/claude-*"


def test_only_providers_that_speak_the_endpoint_are_asked() -> None:
    catalogue = Catalogue((provider("o", "*", kind=OPENAI), provider("a", "claude-*")), {})
    assert routed(catalogue, "claude-1") == "a/claude-1"
    assert routed(catalogue, "claude-1", Endpoint.CHAT_COMPLETIONS) == "o/claude-1"
    assert routed(catalogue, "gpt") is None
    elsewhere = catalogue.known_elsewhere("gpt")
    assert elsewhere is not None
    assert elsewhere.name == "o"
    assert Catalogue((provider("a", "claude-*"),), {}).known_elsewhere("gpt") is None


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_the_simulated_provider_speaks_every_endpoint(endpoint: Endpoint) -> None:
    sim = provider("s", "sim-1", kind=SIMULATED)
    assert sim.speaks(endpoint)
    assert Catalogue((sim,), {}).route("sim-1", endpoint) == Route(sim, "sim-1")


def test_an_alias_is_routed_as_what_it_stands_for() -> None:
    catalogue = Catalogue((provider("a", "m-1"),), {"best": "m-1"}, {"old": "m-1", "best": "none"})
    assert routed(catalogue, "best") == "a/m-1"
    assert routed(catalogue, "old") == "a/m-1"
    assert catalogue.served("other") == "other"
