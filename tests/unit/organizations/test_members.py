"""Addresses, names, roles and statuses: the rules that need nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import InviteId, OrganizationId
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret, is_ours
from antechamber.features.organizations.model import (
    Invite,
    InviteStatus,
    base_of,
    check_assignable,
    check_email,
    check_person_name,
    domain_of,
    key_of,
)
from antechamber.features.organizations.service.invitation import secret_of


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace@EXAMPLE.Com ", "Ada.Lovelace@example.com"),
        ("a!#$%&'*+/=?^_`{|}~-z@sub.example.co.uk", "a!#$%&'*+/=?^_`{|}~-z@sub.example.co.uk"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("a@b-c.xn--p1ai", "a@b-c.xn--p1ai"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_is_kept_with_its_domain_in_lower_case_ascii(typed: str, kept: str) -> None:
    assert check_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "@example.com", "ada@", "ada@localhost", "ada@example", "a b@example.com", ".a@example.com",
     "a.@example.com", "a..b@example.com", "ada@-x.com", "ada@x-.com", "ada@x..com", "ada@1.2.3.4", "ada@[1.2.3.4]",
     "a@b@example.com", '"a b"@example.com', "ada@example.com\nBcc: x@y.z", "ad\x00a@example.com", "дa@example.com",
     "ada@exa\ud800mple.com", f"{'a' * 65}@example.com", f"a@{'b' * 64}.com", f"a@{'b.' * 130}com",
     "[email protected]", "<ada@example.com>"],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^email: must be an e-mail address, such as ada@example\.com$"):
        check_email(typed)


@given(st.text(max_size=80))
def test_a_kept_address_stays_as_it_is_and_has_no_line_breaks(typed: str) -> None:
    try:
        kept = check_email(typed)
    except InvalidRequest:
        return
    assert check_email(kept) == kept
    assert kept.isascii()
    assert kept.isprintable()


@pytest.mark.parametrize(
    ("email", "key", "base", "domain"),
    [
        ("Ada@example.com", "ada@example.com", "ada@example.com", "example.com"),
        ("ada+Work+2@example.com", "ada+work+2@example.com", "ada@example.com", "example.com"),
        ("+x@example.com", "+x@example.com", "+x@example.com", "example.com"),
    ],
)
def test_addresses_are_compared_in_two_forms(email: str, key: str, base: str, domain: str) -> None:
    assert (key_of(email), base_of(email), domain_of(email)) == (key, base, domain)


def test_a_person_without_a_name_has_their_addresss() -> None:
    assert check_person_name("  ", "ada@example.com") == "ada"
    assert check_person_name(" 爱达 ", "ada@example.com") == "爱达"


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "a\x00b", "\ud800"])
def test_a_persons_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^name: must be at most 100 printable characters$"):
        check_person_name(name, "ada@example.com")


def test_every_role_but_admin_is_assignable() -> None:
    for role in set(OrganizationRole) - {OrganizationRole.ADMIN}:
        assert check_assignable(str(role)) is role
    with pytest.raises(InvalidRequest, match=r"^role: admin cannot be assigned through the API"):
        check_assignable("admin")
    with pytest.raises(InvalidRequest, match=r"^role: must be one of: "):
        check_assignable("owner")


@pytest.mark.parametrize(
    ("accepted_at", "deleted_at", "now", "expected"),
    [
        (None, None, 99, InviteStatus.PENDING),
        (None, None, 100, InviteStatus.EXPIRED),
        (50, None, 200, InviteStatus.ACCEPTED),
        (None, 50, 200, InviteStatus.DELETED),
    ],
)
def test_a_status_follows_from_what_happened_and_the_time(
    accepted_at: int | None, deleted_at: int | None, now: int, expected: InviteStatus
) -> None:
    organization_id, role = OrganizationId("o"), OrganizationRole.USER
    invite = Invite(InviteId("i"), organization_id, "a@b.c", role, 0, 100, accepted_at, deleted_at)
    assert invite.status(now) is expected


def test_an_invites_secret_follows_from_the_servers_key_and_its_id() -> None:
    first = secret_of(Secret("pepper"), InviteId("invite_1")).reveal()
    assert first.startswith("sk-ant-invite01-")
    assert is_ours(first)
    assert secret_of(Secret("pepper"), InviteId("invite_1")).reveal() == first
    assert secret_of(Secret("pepper"), InviteId("invite_2")).reveal() != first
    assert secret_of(Secret("salt"), InviteId("invite_1")).reveal() != first
