"""Which tokens may be minted."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.oauth.model import check_lifetime, check_scope


@pytest.mark.parametrize("seconds", [60, 3600, 86_400])
def test_a_token_lives_from_a_minute_to_a_day(seconds: int) -> None:
    assert check_lifetime(seconds) == seconds


@pytest.mark.parametrize("seconds", [-1, 0, 59, 86_401, 10**12])
def test_any_other_lifetime_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidRequest, match=r"^ttl: must be from 60 s to 86400 s$"):
        check_lifetime(seconds)


def test_only_known_scopes_are_minted() -> None:
    assert check_scope("org:admin") == "org:admin"
    assert check_scope(" org:admin  user:profile org:admin ") == "org:admin user:profile"
    for scope in ("", " ", "org", "org:admin user:nothing"):
        with pytest.raises(InvalidRequest, match=r"^scope: must be one or more of: org:admin, read:admin_keys, "):
            check_scope(scope)
