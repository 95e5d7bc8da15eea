"""Set-up links: open until they are used or old."""

import pytest

from antechamber.base.ids import OrganizationId
from antechamber.features.accounts.model import SetupLink


@pytest.mark.parametrize(("now", "used_at", "is_open"), [(9, None, True), (10, None, False), (5, 4, False)])
def test_a_link_is_open_until_it_is_used_or_old(now: int, used_at: int | None, *, is_open: bool) -> None:
    assert SetupLink("setup_1", OrganizationId("o"), None, 0, 10, used_at).is_open(now) is is_open
