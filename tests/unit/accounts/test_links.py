"""Set-up links: open until they are used or old; addresses look like addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.features.accounts.model import SetupLink, check_email


@pytest.mark.parametrize(("now", "used_at", "is_open"), [(9, None, True), (10, None, False), (5, 4, False)])
def test_a_link_is_open_until_it_is_used_or_old(now: int, used_at: int | None, *, is_open: bool) -> None:
    assert SetupLink("setup_1", OrganizationId("o"), None, 0, 10, used_at).is_open(now) is is_open


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada+tag@EXAMPLE.Com ", "Ada+tag@example.com"),
        ("ü@münchen.example", "ü@münchen.example"),
        ("a@b.c", "a@b.c"),
    ],
)
def test_the_domain_of_an_address_has_no_case(email: str, kept: str) -> None:
    assert check_email(email) == kept


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@", "@example.com", "a@b", "a@b@c.d", "a b@c.d", "a@c.", "x" * 65 + "@a.b", "a@" + "b" * 260],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^admin_email: must be an e-mail address, such as ada@example\.com$"):
        check_email(email)


@given(st.emails())
def test_a_kept_address_stays_as_it_is(email: str) -> None:
    kept = check_email(email)
    assert check_email(kept) == kept
