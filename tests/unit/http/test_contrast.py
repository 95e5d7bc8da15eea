"""The colours of pages can be read: WCAG 2.2's contrast, 4.5 for text and 3 for what shows where a control is."""

import re
from pathlib import Path

import pytest

from antechamber.http import pages

SHEET = (Path(pages.__file__).parent / "assets" / "pages.css").read_text(encoding="utf-8")
GROUNDS = ("paper", "card", "sunken")


def _themes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root \{([^}]*)\}", SHEET)[:2]
    first = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return {"light": first, "dark": {**first, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))}}


def _light(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_light(one), _light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_the_one_of_the_guidelines() -> None:
    assert _contrast("#ffffff", "#000000") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_what_it_stands_on(theme: str) -> None:
    colors = _themes()[theme]
    pairs = [(text, ground) for text in ("ink", "soft", "accent", "accent-strong") for ground in GROUNDS]
    pairs += [("wrong", ground) for ground in (*GROUNDS, "wrong-paper")]
    pairs += [("good", ground) for ground in (*GROUNDS, "good-paper")]
    pairs += [("on-accent", "accent"), ("on-accent", "accent-strong")]
    weak = {pair: round(_contrast(colors[pair[0]], colors[pair[1]]), 2) for pair in pairs}
    assert {pair: contrast for pair, contrast in weak.items() if contrast < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edges_of_fields_and_the_ring_of_focus_can_be_seen(theme: str) -> None:
    colors = _themes()[theme]
    for edge in ("edge", "accent", "wrong"):
        for ground in GROUNDS:
            assert _contrast(colors[edge], colors[ground]) >= 3, (edge, ground)


def test_no_colour_is_written_but_as_a_variable() -> None:
    rules = re.sub(r":root \{[^}]*\}", "", SHEET)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", rules) == []


def test_both_themes_say_every_colour() -> None:
    light, dark = re.findall(r":root \{([^}]*)\}", SHEET)[:2]
    names = set(re.findall(r"--([a-z-]+):", light))
    assert set(re.findall(r"--([a-z-]+):", dark)) == names
