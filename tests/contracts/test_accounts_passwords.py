"""Passwords are set, changed and lost; what a change ends, and the operator's link for a new one."""

import asyncio
from collections.abc import Awaitable

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import RateLimited, WireError
from antechamber.base.ids import OrganizationId
from antechamber.base.secret import Secret
from antechamber.database.engine import Database
from antechamber.features.accounts.model import LinkStatus, LoggedIn, Proven, Reason, Refused
from antechamber.features.accounts.service import PasswordEvidence
from antechamber.features.accounts.sql.passwords import password_links, passwords
from tests.contracts.entrants import (
    ADA,
    AWAY,
    BETTER,
    GOOD,
    HOME,
    WRONG,
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

DAY = 86_400


@pytest.fixture
async def here(made: Services) -> OrganizationId:
    return await organization(made)


async def code(work: Awaitable[object]) -> str | None:
    with pytest.raises(WireError) as caught:
        await work
    return caught.value.error_code or caught.value.type


async def link(made: Services, here: OrganizationId, email: str = ADA) -> str:
    async with made.database.read() as unit:
        found = await made.members.find_by_email(unit, here, email)
    assert found is not None
    _, secret = await made.log_in.passwords.create_link(found, OPERATOR)
    return secret.reveal()


async def test_a_changed_password_ends_every_other_session_and_renews_ones_own(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    mine, other = await logged_in(made), await logged_in(made, by=AWAY)
    after = await made.log_in.passwords.change(mine.session, GOOD, BETTER, HOME)
    assert [await is_open(made, each) for each in (mine, other, after)] == [False, False, True]
    assert (after.session.id, after.session.user_id) == (mine.session.id, ada.id)
    assert (await visit(made, after)).csrf == after.session.csrf != mine.session.csrf
    assert await made.log_in.logins.log_in(ADA, GOOD, HOME) == Refused(Reason.WRONG)
    await logged_in(made, password=BETTER)
    kind, actor, details = (await acts(database, here))[-2]
    assert (kind, actor, details["ended_sessions"]) == ("password_changed", ada.id, 1)


async def test_a_change_needs_the_old_password_and_a_good_new_one(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    mine = await logged_in(made)
    change = made.log_in.passwords.change
    assert await code(change(mine.session, WRONG, BETTER, HOME)) == "wrong_password"
    assert await code(change(mine.session, None, BETTER, HOME)) == "wrong_password"
    assert await code(change(mine.session, GOOD, "short", HOME)) == "password_too_short"
    assert await code(change(mine.session, GOOD, "ada.example.com", HOME)) == "password_like_account"
    assert await is_open(made, mine)
    await logged_in(made)


async def test_whoever_has_a_session_cannot_guess_the_password_in_it(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    mine = await logged_in(made)
    for _ in range(5):
        assert await code(made.log_in.passwords.change(mine.session, WRONG, BETTER, HOME)) == "wrong_password"
    with pytest.raises(RateLimited) as caught:
        await made.log_in.passwords.change(mine.session, GOOD, BETTER, HOME)
    assert caught.value.retry_after == 1


async def test_a_session_that_ended_meanwhile_changes_nothing(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    mine = await logged_in(made)
    [before] = await rows(database, passwords)
    await made.log_in.sessions.revoke_all(ada.id)
    assert await code(made.log_in.passwords.change(mine.session, GOOD, BETTER, HOME)) == "authentication_error"
    assert await rows(database, passwords) == [before]


async def test_a_password_that_is_changed_between_its_check_and_the_session_opens_none(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here)
    mine = await logged_in(made)
    proven = await made.log_in.logins._by_password.prove(PasswordEvidence(ADA, Secret(GOOD)), AWAY)
    assert isinstance(proven, Proven)
    made.clock.advance(1)
    await made.log_in.passwords.change(mine.session, GOOD, BETTER, HOME)
    assert await made.log_in.logins.enter(proven, AWAY) == Refused(Reason.WRONG)


async def test_a_log_in_beside_a_change_of_the_password_leaves_no_session_of_the_old_one(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here)
    password = GOOD
    for number in range(6):
        mine = await logged_in(made, password=password)
        made.clock.advance(1)
        new = f"{BETTER} {number}"
        entered, changed = await asyncio.gather(
            made.log_in.logins.log_in(ADA, password, AWAY),
            made.log_in.passwords.change(mine.session, password, new, HOME),
        )
        assert await is_open(made, changed)
        assert not isinstance(entered, LoggedIn) or not await is_open(made, entered)
        password = new


async def test_of_two_changes_at_once_the_later_stands_whole(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    first, second = await logged_in(made), await logged_in(made)
    ends = await asyncio.gather(
        made.log_in.passwords.change(first.session, GOOD, BETTER, HOME),
        made.log_in.passwords.change(second.session, GOOD, "und noch ein ganz anderer", HOME),
        return_exceptions=True,
    )
    opened = [end for end in ends if isinstance(end, LoggedIn) and await is_open(made, end)]
    assert len(opened) == 1


async def test_the_operators_link_sets_a_new_password_once_and_ends_every_session(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    before = await logged_in(made)
    secret = await link(made, here)
    opened = await made.log_in.passwords.open_link(secret)
    assert opened is not None
    assert (opened.email, opened.status(made.clock.now())) == (ADA, LinkStatus.OPEN)
    entered = await made.log_in.passwords.use_link(secret, BETTER, AWAY)
    assert isinstance(entered, LoggedIn)
    assert [await is_open(made, each) for each in (before, entered)] == [False, True]
    assert await code(made.log_in.passwords.use_link(secret, GOOD, AWAY)) == "link_used"
    await logged_in(made, password=BETTER)
    told = [(kind, actor) for kind, actor, _ in await acts(database, here)]
    assert ("password_link_created", None) in told
    assert ("password_changed", ada.id) in told
    assert secret not in str(await rows(database, password_links))


async def test_a_member_who_never_had_a_password_gets_one_by_the_operators_link(
    made: Services, here: OrganizationId
) -> None:
    await member(made, here)
    assert isinstance(await made.log_in.passwords.use_link(await link(made, here), GOOD, HOME), LoggedIn)
    await logged_in(made)


async def test_a_link_is_good_for_a_day_and_until_there_is_a_newer_one_or_a_change(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here)
    first, second = await link(made, here), await link(made, here)
    assert await code(made.log_in.passwords.use_link(first, BETTER, HOME)) == "not_found_error"
    made.clock.advance(DAY)
    assert await code(made.log_in.passwords.use_link(second, BETTER, HOME)) == "link_expired"
    third, mine = await link(made, here), await logged_in(made)
    await made.log_in.passwords.change(mine.session, GOOD, BETTER, HOME)
    assert await code(made.log_in.passwords.use_link(third, GOOD, HOME)) == "not_found_error"


@pytest.mark.parametrize("text", ["", "ante-password01-wrong", "\x00", "\ud800", "é" * 5000])
async def test_any_other_text_is_no_link(made: Services, here: OrganizationId, text: str) -> None:
    await entrant(made, here)
    await link(made, here)
    assert await made.log_in.passwords.open_link(text) is None
    assert await code(made.log_in.passwords.use_link(text, BETTER, HOME)) == "not_found_error"


async def test_a_weak_password_leaves_the_link_open(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    secret = await link(made, here)
    assert await code(made.log_in.passwords.use_link(secret, "1234567890", HOME)) == "password_too_common"
    assert isinstance(await made.log_in.passwords.use_link(secret, BETTER, HOME), LoggedIn)


async def test_a_link_is_used_once_however_many_try_at_once(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    secret = await link(made, here)
    works = [made.log_in.passwords.use_link(secret, f"{BETTER} {number}", HOME) for number in range(5)]
    ends = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(end, LoggedIn) for end in ends].count(True) == 1
    assert {end.error_code for end in ends if isinstance(end, WireError)} == {"link_used"}


async def test_who_was_removed_does_not_get_in_by_a_link(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    secret = await link(made, here)
    await made.members.dismiss(here, ada.id, OPERATOR)
    assert await made.log_in.passwords.use_link(secret, BETTER, HOME) == Refused(Reason.NO_MEMBERSHIP)
