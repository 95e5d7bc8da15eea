"""Browsers by their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.features.accounts.pages.agents import describe

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36", ("Chrome", "Linux")),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/150.0 Safari/537.36 Edg/150.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "macOS")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", ("Safari", "iPhone")),
        ("something of its own", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_and_its_system_have_the_names_that_people_know(agent: str, named: tuple[str, str]) -> None:
    assert describe(agent) == named


@given(st.text())
def test_any_text_is_described(agent: str) -> None:
    assert all(isinstance(name, str) for name in describe(agent))
