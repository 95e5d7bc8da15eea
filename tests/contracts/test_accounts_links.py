"""Set-up links and invites: who gets in by them, once, and what their holder is told."""

import asyncio
from collections.abc import Awaitable

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import WireError
from antechamber.base.ids import OrganizationId
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret
from antechamber.database.engine import Database
from antechamber.features.accounts.model import LinkStatus, LoggedIn
from antechamber.features.accounts.sql.passwords import passwords
from antechamber.features.organizations.model import Invite
from antechamber.features.organizations.sql.members import members
from tests.contracts.entrants import (
    ADA,
    AWAY,
    BETTER,
    BOB,
    GOOD,
    HOME,
    acts,
    entrant,
    is_open,
    logged_in,
    member,
    organization,
    rows,
    visit,
)
from tests.contracts.tenants import Services

ADMIN, DEVELOPER = OrganizationRole.ADMIN, OrganizationRole.DEVELOPER


@pytest.fixture
async def here(made: Services) -> OrganizationId:
    return await organization(made)


async def setup_link(made: Services, organization_id: OrganizationId, email: str | None = None) -> str:
    async with made.database.begin() as unit:
        _, secret = await made.accounts.create_setup_link(unit, organization_id, email)
    return secret.reveal()


async def invite(made: Services, organization_id: OrganizationId, email: str = ADA) -> tuple[Invite, str]:
    asked = await made.invites.create(organization_id, email, "developer", OPERATOR)
    return asked, (await made.invites.secret(organization_id, asked.id)).reveal()


async def code(work: Awaitable[object]) -> str | None:
    """Return the code of the refusal that something must end with, its type where it has none."""
    with pytest.raises(WireError) as caught:
        await work
    return caught.value.error_code or caught.value.type


async def roles(made: Services, email: str) -> dict[OrganizationId, OrganizationRole]:
    async with made.database.read() as unit:
        person = await made.log_in.people.find_by_email(unit, email)
        assert person is not None
        found = await made.log_in.people.memberships(unit, person.id)
    return {each.organization_id: each.role for each in found}


# set-up


@pytest.mark.parametrize("addressed", [ADA, None])
async def test_the_first_admin_sets_a_password_and_is_logged_in(
    made: Services, here: OrganizationId, addressed: str | None, database: Database
) -> None:
    link = await setup_link(made, here, addressed)
    welcome = await made.accounts.welcome(link)
    assert welcome is not None
    assert (welcome.status, welcome.organization_name, welcome.email, welcome.has_account) == (
        LinkStatus.OPEN,
        "Analytical Engines",
        addressed,
        False,
    )
    entered = await made.accounts.use_setup_link(link, "Ada@Example.com", "Ada Lovelace", GOOD, HOME)
    assert isinstance(entered, LoggedIn)
    assert (await visit(made, entered)).name == "Ada Lovelace"
    assert await roles(made, ADA) == {here: ADMIN}
    assert [kind for kind, _, _ in await acts(database, here)][-2:] == ["org_user_added", "magic_link_login_succeeded"]
    await logged_in(made)


async def test_a_used_an_old_and_a_foreign_link_are_told_apart_by_their_holder_alone(
    made: Services, here: OrganizationId
) -> None:
    used, old = await setup_link(made, here), await setup_link(made, here)
    await made.accounts.use_setup_link(used, ADA, "", GOOD, HOME)
    made.clock.advance(7 * 86_400)
    assert await code(made.accounts.use_setup_link(used, BOB, "", GOOD, HOME)) == "link_used"
    assert await code(made.accounts.use_setup_link(old, BOB, "", GOOD, HOME)) == "link_expired"
    for text in ("", "x", "\x00", "\ud800", "é" * 5000, used[:-1], used.upper()):
        assert await code(made.accounts.use_setup_link(text, BOB, "", GOOD, HOME)) == "not_found_error"
        assert await made.accounts.welcome(text) is None
        assert await made.accounts.invitation(text) is None
    for text, status in ((used, LinkStatus.USED), (old, LinkStatus.EXPIRED)):
        welcome = await made.accounts.welcome(text)
        assert welcome is not None
        assert welcome.status is status


async def test_an_addressed_link_serves_its_address_alone(made: Services, here: OrganizationId) -> None:
    link = await setup_link(made, here, ADA)
    assert await code(made.accounts.use_setup_link(link, BOB, "", GOOD, HOME)) == "other_email"
    assert isinstance(await made.accounts.use_setup_link(link, ADA, "", GOOD, HOME), LoggedIn)


@pytest.mark.parametrize(
    ("email", "name", "password", "expected"),
    [
        ("ada", "", GOOD, "invalid_request_error"),
        ("дa@example.com", "", GOOD, "invalid_request_error"),
        (ADA, "x" * 101, GOOD, "invalid_request_error"),
        (ADA, "A\x00da", GOOD, "invalid_request_error"),
        (ADA, "", "", "password_too_short"),
        (ADA, "", None, "password_too_short"),
        (ADA, "", "ada@example.com", "password_like_account"),
        (ADA, "Katherine Johnson", "katherinejohnson", "password_like_account"),
        (ADA, "", "\ud800" * 12, "password_characters"),
    ],
)
async def test_a_refused_newcomer_leaves_the_link_open_and_nothing_behind(
    made: Services,
    here: OrganizationId,
    database: Database,
    email: str,
    name: str,
    password: str | None,
    expected: str,
) -> None:
    link = await setup_link(made, here)
    before = len(await rows(database, members))
    assert await code(made.accounts.use_setup_link(link, email, name, password, HOME)) == expected
    assert len(await rows(database, members)) == before
    assert await rows(database, passwords) == []
    assert isinstance(await made.accounts.use_setup_link(link, ADA, "", GOOD, HOME), LoggedIn)


async def test_no_link_sets_a_password_for_who_has_one(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    there = await organization(made, "Difference Engines")
    for addressed in (ADA, None):
        link = await setup_link(made, there, addressed)
        assert await code(made.accounts.use_setup_link(link, ADA, "", BETTER, AWAY)) == "log_in_first"
    _, secret = await invite(made, there)
    assert await code(made.accounts.accept_invite(secret, "", BETTER, AWAY)) == "log_in_first"
    await logged_in(made)
    assert await roles(made, ADA) == {here: DEVELOPER}


async def test_an_unaddressed_link_takes_nobody_over_who_was_added_elsewhere(
    made: Services, here: OrganizationId
) -> None:
    """Whoever holds it may type any address: not that of somebody's who merely has no password yet."""
    await member(made, here)
    there = await organization(made, "Difference Engines")
    link = await setup_link(made, there)
    assert await code(made.accounts.use_setup_link(link, ADA, "", GOOD, AWAY)) == "log_in_first"


async def test_a_member_whom_the_operator_added_becomes_the_first_admin_by_an_addressed_link(
    made: Services, here: OrganizationId
) -> None:
    await member(made, here)
    link = await setup_link(made, here, ADA)
    assert isinstance(await made.accounts.use_setup_link(link, ADA, "", GOOD, HOME), LoggedIn)
    assert await roles(made, ADA) == {here: ADMIN}


async def test_a_person_with_an_account_uses_a_link_in_their_session_which_gets_another_secret(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here)
    there = await organization(made, "Difference Engines")
    link = await setup_link(made, there, ADA)
    welcome = await made.accounts.welcome(link)
    assert welcome is not None
    assert welcome.has_account
    before = await logged_in(made)
    after = await made.accounts.use_setup_link_as(link, before.session, HOME)
    assert await roles(made, ADA) == {here: DEVELOPER, there: ADMIN}
    assert [await is_open(made, each) for each in (before, after)] == [False, True]
    assert after.session.id == before.session.id
    assert await code(made.accounts.use_setup_link_as(link, after.session, HOME)) == "link_used"


async def test_another_persons_session_does_not_use_an_addressed_link(made: Services, here: OrganizationId) -> None:
    await entrant(made, here, BOB)
    bob = await logged_in(made, BOB)
    link = await setup_link(made, here, ADA)
    assert await code(made.accounts.use_setup_link_as(link, bob.session, HOME)) == "other_email"


async def test_of_many_who_use_a_link_at_once_one_gets_in(
    made: Services, here: OrganizationId, database: Database
) -> None:
    link = await setup_link(made, here)
    works = [made.accounts.use_setup_link(link, f"person{number}@example.com", "", GOOD, HOME) for number in range(6)]
    ends = await asyncio.gather(*works, return_exceptions=True)
    assert sorted(end.error_code or "" for end in ends if isinstance(end, WireError)) == ["link_used"] * 5
    assert [isinstance(end, LoggedIn) for end in ends].count(True) == 1
    assert len(await rows(database, passwords)) == 1
    admins = [row for row in await rows(database, members) if row.role == ADMIN and row.organization_id == here]
    assert len(admins) == 2


# invites


async def test_a_newcomer_accepts_an_invite_with_a_name_and_a_password(
    made: Services, here: OrganizationId, database: Database
) -> None:
    _, secret = await invite(made, here)
    invitation = await made.accounts.invitation(secret)
    assert invitation is not None
    assert (invitation.status, invitation.email, invitation.role, invitation.has_account) == (
        LinkStatus.OPEN,
        ADA,
        DEVELOPER,
        False,
    )
    entered = await made.accounts.accept_invite(secret, "Ada", GOOD, HOME)
    assert isinstance(entered, LoggedIn)
    assert await is_open(made, entered)
    assert await roles(made, ADA) == {here: DEVELOPER}
    kinds = [kind for kind, _, _ in await acts(database, here)]
    assert kinds[-3:] == ["org_user_added", "org_user_invite_accepted", "magic_link_login_succeeded"]
    await logged_in(made)


async def test_what_became_of_an_invite_is_told_to_its_holder(made: Services, here: OrganizationId) -> None:
    accepted, deleted, expired = [await invite(made, here, f"{name}@example.com") for name in "abc"]
    await made.accounts.accept_invite(accepted[1], "", GOOD, HOME)
    await made.invites.delete(here, deleted[0].id, OPERATOR)
    ends = {accepted[1]: "link_used", deleted[1]: "link_deleted"}
    for secret, expected in ends.items():
        assert await code(made.accounts.accept_invite(secret, "", GOOD, HOME)) == expected
        invitation = await made.accounts.invitation(secret)
        assert invitation is not None
        assert f"link_{invitation.status}" == expected
    made.clock.advance(21 * 86_400)
    assert await code(made.accounts.accept_invite(expired[1], "", GOOD, HOME)) == "link_expired"


async def test_a_person_with_an_account_accepts_in_their_session(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    there = await organization(made, "Difference Engines")
    _, secret = await invite(made, there, "Ada@EXAMPLE.com")
    invitation = await made.accounts.invitation(secret)
    assert invitation is not None
    assert invitation.has_account
    before = await logged_in(made)
    after = await made.accounts.accept_invite_as(secret, before.session, HOME)
    assert await roles(made, ADA) == {here: DEVELOPER, there: DEVELOPER}
    assert [await is_open(made, each) for each in (before, after)] == [False, True]


async def test_an_invite_of_another_address_is_not_accepted_in_ones_session(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here, BOB)
    there = await organization(made, "Difference Engines")
    asked, secret = await invite(made, there)
    bob = await logged_in(made, BOB)
    assert await code(made.accounts.accept_invite_as(secret, bob.session, HOME)) == "other_email"
    assert (await made.invites.get(there, asked.id)).accepted_at is None


async def test_a_session_that_ended_meanwhile_accepts_nothing(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    there = await organization(made, "Difference Engines")
    _, secret = await invite(made, there)
    entered = await logged_in(made)
    await made.log_in.sessions.revoke_all(ada.id)
    assert await code(made.accounts.accept_invite_as(secret, entered.session, HOME)) == "authentication_error"
    assert await roles(made, ADA) == {here: DEVELOPER}
    invitation = await made.accounts.invitation(secret)
    assert invitation is not None
    assert invitation.status is LinkStatus.OPEN


async def test_an_invite_is_accepted_once_however_many_try_at_once(
    made: Services, here: OrganizationId, database: Database
) -> None:
    _, secret = await invite(made, here)
    works = [made.accounts.accept_invite(secret, f"Ada {number}", GOOD, HOME) for number in range(5)]
    ends = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(end, LoggedIn) for end in ends].count(True) == 1
    codes = {end.error_code for end in ends if isinstance(end, WireError)}
    assert codes <= {"log_in_first", "invite_not_pending", "link_used", "concurrent_membership_change"}
    kinds = [kind for kind, _, _ in await acts(database, here)]
    assert kinds.count("org_user_invite_accepted") == 1
    assert len(await rows(database, passwords)) == 1


async def test_an_invite_that_is_deleted_beside_its_acceptance_has_a_serial_outcome(
    made: Services, here: OrganizationId
) -> None:
    for number in range(4):
        email = f"person{number}@example.com"
        asked, secret = await invite(made, here, email)
        entered, _ = await asyncio.gather(
            made.accounts.accept_invite(secret, "", GOOD, HOME),
            made.invites.delete(here, asked.id, OPERATOR),
            return_exceptions=True,
        )
        kept = await made.invites.get(here, asked.id)
        assert (kept.accepted_at is not None) == isinstance(entered, LoggedIn)
        assert (kept.deleted_at is None) == isinstance(entered, LoggedIn)
        async with made.database.read() as unit:
            joined = await made.members.find_by_email(unit, here, email)
        assert (joined is not None) == isinstance(entered, LoggedIn)


async def test_a_removed_person_who_is_invited_again_starts_anew(
    made: Services, here: OrganizationId, database: Database
) -> None:
    """Their mailbox may have become somebody else's: what opened before opens no more."""
    ada = await entrant(made, here)
    await made.members.dismiss(here, ada.id, OPERATOR)
    _, secret = await invite(made, here)
    invitation = await made.accounts.invitation(secret)
    assert invitation is not None
    assert not invitation.has_account
    entered = await made.accounts.accept_invite(secret, "Another Ada", BETTER, AWAY)
    assert isinstance(entered, LoggedIn)
    assert entered.session.user_id == ada.id
    assert not isinstance(await made.log_in.logins.log_in(ADA, GOOD, HOME), LoggedIn)
    await logged_in(made, password=BETTER)
    assert len(await rows(database, passwords)) == 1


async def test_secrets_of_links_are_shown_by_no_repr(made: Services, here: OrganizationId) -> None:
    async with made.database.begin() as unit:
        link, secret = await made.accounts.create_setup_link(unit, here, ADA)
    assert isinstance(secret, Secret)
    assert secret.reveal() not in repr((link, secret))
