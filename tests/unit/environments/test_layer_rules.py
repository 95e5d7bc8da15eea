"""Which layers go: the unused by age, then by size, never one that is about to be used."""

from antechamber.base.clock import MICROSECONDS
from antechamber.features.environments.model.sandbox import Layer
from antechamber.features.environments.service.layers import LayerRules, choose

DAY = 86_400 * MICROSECONDS
NOW = 1000 * DAY


def layer(name: str, days: float, size: int = 10) -> Layer:
    used_at = NOW - int(days * DAY)
    return Layer("org", name, size, used_at, used_at)


def names(layers: list[Layer], **rules: int) -> list[str]:
    given = {"unused_days": 0, "bytes": 0, **rules}
    return [one.digest for one in choose(layers, NOW, LayerRules(**given))]


def test_what_nothing_used_for_too_long_goes() -> None:
    assert names([layer("a", 31), layer("b", 29)], unused_days=30) == ["a"]


def test_without_rules_everything_stays() -> None:
    assert names([layer("a", 3000)]) == []


def test_over_the_size_the_longest_unused_go_until_the_rest_fits() -> None:
    assert names([layer("new", 1), layer("old", 9), layer("older", 10)], bytes=15) == ["older", "old"]
    assert names([layer("new", 1), layer("old", 9)], bytes=20) == []


def test_what_goes_by_age_counts_for_the_size() -> None:
    assert names([layer("new", 1), layer("old", 9), layer("older", 40)], unused_days=30, bytes=20) == ["older"]


def test_what_was_used_or_made_within_the_hour_stays_whatever_its_size() -> None:
    assert names([layer("just", 0.01, size=100)], bytes=1, unused_days=1) == []
