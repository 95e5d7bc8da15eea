"""Buckets that are no longer kept are not shown as zero."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.usage.model import Width, check_kept

DAY = 86_400 * 1_000_000
NOW = 100 * DAY + 5_000_000


def test_minutes_older_than_eight_days_are_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidRequest, match="kept for 8 days; start later, or ask for 1h or 1d"):
        check_kept(Width.MINUTE, 91 * DAY, NOW)


@pytest.mark.parametrize(("width", "start"), [(Width.MINUTE, 92 * DAY), (Width.HOUR, 0), (Width.DAY, 0)])
def test_what_is_kept_is_answered(width: Width, start: int) -> None:
    check_kept(width, start, NOW)
