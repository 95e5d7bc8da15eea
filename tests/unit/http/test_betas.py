"""The header that opens endpoints of a beta."""

import pytest

from antechamber.base.errors import NotFound
from antechamber.http.betas import MANAGED_AGENTS, require_beta


@pytest.mark.parametrize(
    "values",
    [
        [MANAGED_AGENTS],
        [f"context-1m-2025-08-07,{MANAGED_AGENTS}"],
        [f" {MANAGED_AGENTS} , no-such-beta-2020-01-01"],
        ["context-1m-2025-08-07", MANAGED_AGENTS],
        [MANAGED_AGENTS, MANAGED_AGENTS],
    ],
)
def test_a_beta_that_is_named_opens_beside_any_other(values: list[str]) -> None:
    require_beta(values, MANAGED_AGENTS)


@pytest.mark.parametrize(
    "values", [[], [""], ["environments-2025-11-01"], [MANAGED_AGENTS + "x"], [MANAGED_AGENTS[:-1]]]
)
def test_one_that_is_not_named_is_nothing_found_and_says_what_to_send(values: list[str]) -> None:
    with pytest.raises(NotFound, match="anthropic-beta: managed-agents-2026-04-01"):
        require_beta(values, MANAGED_AGENTS)
