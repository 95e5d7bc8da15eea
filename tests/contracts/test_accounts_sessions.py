"""Browser sessions: opaque, hashed, limited, listed, ended one by one or all, and never another's."""

import asyncio
import dataclasses

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import NotFound
from antechamber.base.ids import BrowserSessionId, OrganizationId
from antechamber.base.secret import is_ours
from antechamber.database.engine import Database
from antechamber.features.accounts.sql.sessions import browser_sessions
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


@pytest.fixture
async def here(made: Services) -> OrganizationId:
    return await organization(made)


async def test_a_session_is_kept_as_a_keyed_hash(made: Services, here: OrganizationId, database: Database) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    secret = entered.secret.reveal()
    assert secret.startswith("ante-session01-")
    assert is_ours(secret)
    [row] = await rows(database, browser_sessions)
    assert secret not in str(row)
    assert len(row.digest) == 32


@pytest.mark.parametrize("text", ["", "ante-session01-wrong", "\x00", "\ud800", "é" * 5000, "x" * 100_000])
async def test_any_other_text_opens_nothing(made: Services, here: OrganizationId, text: str) -> None:
    await entrant(made, here)
    await logged_in(made)
    assert await made.log_in.sessions.resolve(text) is None


async def test_an_unused_session_ends_after_twelve_hours(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    assert entered.session.expires_at == made.clock.now() + 12 * 3600 * 1_000_000
    made.clock.advance(12 * 3600 - 1)
    assert await is_open(made, entered)
    made.clock.advance(12 * 3600 - 1)
    assert await is_open(made, entered)
    made.clock.advance(12 * 3600)
    assert not await is_open(made, entered)
    assert await made.log_in.sessions.listing(entered.session.user_id) == []


async def test_a_used_session_ends_after_thirty_days(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    for _ in range(29 * 4):
        made.clock.advance(6 * 3600)
        assert await is_open(made, entered)
    made.clock.advance(12 * 3600 - 1)
    assert await is_open(made, entered)
    made.clock.advance(12 * 3600 - 1)
    assert (await visit(made, entered)).expires_at == entered.session.created_at + 30 * 86_400 * 1_000_000
    made.clock.advance(2)
    assert not await is_open(made, entered)


async def test_its_use_is_written_down_at_most_once_a_minute(
    made: Services, here: OrganizationId, database: Database
) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    made.clock.advance(59)
    await visit(made, entered)
    assert (await rows(database, browser_sessions))[0].last_seen_at == entered.session.created_at
    made.clock.advance(1)
    seen = await visit(made, entered)
    assert (await rows(database, browser_sessions))[0].last_seen_at == seen.last_seen_at == made.clock.now()


async def test_the_form_token_belongs_to_the_secret(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    first, second = await logged_in(made), await logged_in(made)
    assert (await visit(made, first)).csrf == first.session.csrf != second.session.csrf
    assert first.secret.reveal() not in first.session.csrf
    assert {each.csrf for each in await made.log_in.sessions.listing(first.session.user_id)} == {""}


async def test_sessions_are_listed_with_the_last_used_first(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    first = await logged_in(made)
    made.clock.advance(100)
    second = await logged_in(made, by=AWAY)
    made.clock.advance(100)
    await visit(made, first)
    listed = await made.log_in.sessions.listing(first.session.user_id)
    assert [each.id for each in listed] == [first.session.id, second.session.id]
    assert [each.address for each in listed] == [HOME.ip_address, AWAY.ip_address]


async def test_one_session_is_ended_and_the_others_go_on(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    first, second = await logged_in(made), await logged_in(made)
    await made.log_in.sessions.revoke(ada.id, first.session.id, OPERATOR)
    assert [await is_open(made, each) for each in (first, second)] == [False, True]
    assert (await acts(database, here))[-1][0] == "session_revoked"
    with pytest.raises(NotFound):
        await made.log_in.sessions.revoke(ada.id, first.session.id)


async def test_another_persons_session_is_not_there(made: Services, here: OrganizationId) -> None:
    ada, bob = await entrant(made, here), await entrant(made, here, BOB, BETTER)
    entered = await logged_in(made)
    messages = set()
    for session_id in (entered.session.id, BrowserSessionId("bsess_0122222222222222222222"), BrowserSessionId("\x00")):
        with pytest.raises(NotFound) as caught:
            await made.log_in.sessions.revoke(bob.id, session_id)
        messages.add(caught.value.message)
    assert len(messages) == 1
    assert await is_open(made, entered)
    assert await made.log_in.sessions.listing(bob.id) == []
    assert len(await made.log_in.sessions.listing(ada.id)) == 1


async def test_all_sessions_but_ones_own_are_ended(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    sessions = [await logged_in(made) for _ in range(3)]
    assert await made.log_in.sessions.revoke_all(ada.id, but=sessions[1].session.id) == 2
    assert [await is_open(made, each) for each in sessions] == [False, True, False]
    assert await made.log_in.sessions.revoke_all(ada.id) == 1
    assert await made.log_in.sessions.revoke_all(ada.id) == 0


async def test_who_is_removed_everywhere_is_logged_out_at_once(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    there = await organization(made, "Difference Engines")
    await member(made, there, ADA)
    entered = await logged_in(made)
    await made.members.dismiss(here, ada.id, OPERATOR)
    assert await is_open(made, entered)
    await made.members.dismiss(there, ada.id, OPERATOR)
    assert not await is_open(made, entered)
    assert await rows(database, browser_sessions) == []
    # nor does it open again when they come back
    await member(made, here, ADA)
    assert not await is_open(made, entered)


async def test_a_session_that_was_opened_beside_a_removal_opens_nothing(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    for _ in range(4):
        entered, _ = await asyncio.gather(
            made.log_in.logins.log_in(ADA, GOOD, HOME), made.members.dismiss(here, ada.id, OPERATOR)
        )
        if isinstance(entered, tuple):
            assert not await is_open(made, entered)
        await member(made, here, ADA)


async def test_who_is_signed_out_by_an_admin_is_logged_out_of_every_browser(
    made: Services, here: OrganizationId
) -> None:
    ada = await entrant(made, here)
    sessions = [await logged_in(made), await logged_in(made, by=AWAY)]
    async with made.database.begin() as unit:
        kept = await made.members.find(unit, here, ada.id)
        assert kept is not None
        await made.membership_effects.signed_out(unit, kept, OPERATOR)
    assert [await is_open(made, each) for each in sessions] == [False, False]
    await logged_in(made)


async def test_the_oldest_of_more_than_fifty_sessions_ends(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    first = await logged_in(made)
    async with database.begin() as unit:
        person = await made.log_in.people.find(unit, ada.id)
        assert person is not None
        for _ in range(50):
            made.clock.advance(1)
            await made.log_in.sessions.open(unit, person, AWAY)
    assert not await is_open(made, first)
    assert len(await made.log_in.sessions.listing(ada.id)) == 50


async def test_rows_of_sessions_that_are_over_are_forgotten(
    made: Services, here: OrganizationId, database: Database
) -> None:
    await entrant(made, here)
    await logged_in(made)
    made.clock.advance(31 * 86_400)
    await logged_in(made)
    assert len(await rows(database, browser_sessions)) == 1


async def test_what_a_browser_says_of_itself_is_cut_and_cleaned(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    told = f"Browser\x1b[31m\x00 (sk-ant-api03-{'x' * 40}) {'y' * 2000}"
    entered = await logged_in(made, by=dataclasses.replace(HOME, user_agent=told))
    agent = entered.session.user_agent
    assert agent is not None
    assert agent.startswith("Browser[31m (sk-***")
    assert len(agent) <= 500
    assert agent.isprintable()
